"""A company that sells API calls by use."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from connectors.canonical import Invoice
from sync import clock, outbox
from sync.models import UsageMeter, UsagePlanRecord
from sync.usage import cut_off, summaries
from tests.small_company import DAY, Company, customer, deal, deal_id, invoice

#: 13:00 in New York on the day the contract began
USED_AT = datetime(2026, 5, 13, 17, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture
def metered(company: Company) -> Company:
    """A deal of a subscription and of calls at half a cent each; its plan stands in billing."""
    company.map_product("Calls", name="Calls", price="0", destination="usage")
    UsageMeter.objects.create(
        crm_product="Calls",
        meter="calls",
        event_name="calls",
        billing_meter="mtr_1",
        billing_price="price_1",
        unit_price=Decimal("0.005"),
        currency="USD",
        scale=1,
        late_limit=Decimal(50),
        status="approved",
        valid_from=date(2025, 1, 1),
        drafted_by=company.drafter,
        drafted_at=clock.now(),
        approved_by=company.approver,
        approved_at=clock.now(),
    )
    company.hears(customer())
    company.hears(sold())
    company.settles()
    return company


def sold(number: int = 1, **values: Any) -> Any:
    """A deal with a metered line of no amount."""
    shape = deal(number)
    calls = replace(shape.lines[0], line_id="2", crm_product="Calls", amount=Decimal(0), unit_price=Decimal(0))
    return replace(shape, lines=(*shape.lines, calls), **values)


def event(quantity: str = "1", *, at: datetime = USED_AT, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": f"use-{next(_numbers)}",
        "contract": deal_id(1),
        "meter": "calls",
        "quantity": quantity,
        "occurred_at": at.isoformat(),
    }
    return {**plain, **changes}


def works() -> None:
    """What the queue `usage` does, until nothing moves."""
    while summaries.sum_due() + cut_off.settle_due() + outbox.carry_due("usage"):
        pass


@pytest.fixture
def bill_usage(metered: Company) -> Callable[..., Invoice]:
    """Billing invoices the first month of the plan for a quantity in tenths."""

    def bill(tenths: str, amount: str, *, number: int = 7) -> Invoice:
        plan = UsagePlanRecord.objects.get()
        shape = invoice(number, amount=amount, product=plan.billing_product, day=DAY + timedelta(days=31))
        line = replace(
            shape.lines[0],
            quantity=Decimal(tenths),
            service_starts_on=DAY,
            service_ends_on=DAY + timedelta(days=30),
        )
        shape = replace(shape, lines=(line,))
        metered.hears(shape, source=metered.billing)
        return shape

    return bill

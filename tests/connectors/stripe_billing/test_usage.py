"""Usage against the Stripe sandbox, over HTTP: plans, hours, late lines, what a lost answer leads to, the list."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical import Customer, UsagePlan, UsageSummary, UsageTrueUp
from connectors.errors import Rejected
from connectors.interface import Parcel
from connectors.stripe_billing.connector import StripeBilling
from tests.connectors.stripe_billing.test_against_sandbox import billing as billing
from tests.connectors.stripe_billing.test_against_sandbox import connect as connect
from tests.connectors.stripe_billing.test_against_sandbox import control as control
from tests.connectors.stripe_billing.test_against_sandbox import sandbox as sandbox

KEY = "0065g00000KwyWtAAJ"
COMMON: dict[str, Any] = {
    "correlation_id": f"deal:{KEY}",
    "legal_entity": "US01",
    "currency": "USD",
    "contract_reference": f"contract:{KEY}",
    "customer_reference": "customer:0015g00000AbCdEAAV",
    "meter": "storage",
    "scale": 2,
}


@pytest.fixture
def plan(billing: StripeBilling) -> UsagePlan:
    """Storage at 0.05 USD per unit, billed by the hundredth: a cent buys a fifth of one."""
    meter = {"display_name": "Storage", "event_name": "storage", "event_time_window": "hour",
             "default_aggregation": {"formula": "sum"}}  # fmt: skip
    made = billing.api.post("/v1/billing/meters", meter, key="meter")
    price = {"product": "prod_gtx_plus_basic", "currency": "usd", "unit_amount_decimal": "0.05",
             "recurring": {"interval": "month", "usage_type": "metered", "meter": made["id"]}}  # fmt: skip
    return UsagePlan(
        reference=f"usage_plan:{KEY}:storage",
        version=1,
        event_name="storage",
        billing_meter=made["id"],
        billing_price=billing.api.post("/v1/prices", price, key="price")["id"],
        billing_product="prod_gtx_plus_basic",
        unit_price=Decimal("0.05"),
        starts_on=date(2026, 5, 14),
        ends_on=date(2027, 5, 13),
        **COMMON,
    )


@pytest.fixture
def known(billing: StripeBilling, plan: UsagePlan, customer: Customer, make_parcel: Callable[..., Parcel]) -> dict:
    held = {customer.reference: billing.deliver(make_parcel(customer)).external_id}
    return {**held, plan.reference: billing.deliver(make_parcel(plan, known=held)).external_id}


def hour(quantity: str, *, version: int = 1) -> UsageSummary:
    return UsageSummary(
        reference=f"usage:{KEY}:storage:20260514T16",
        version=version,
        plan_reference=f"usage_plan:{KEY}:storage",
        event_name="storage",
        hour="2026-05-14T16:00:00Z",
        quantity=Decimal(quantity),
        events=1,
        **COMMON,
    )


def late(quantity: str, amount: str) -> UsageTrueUp:
    return UsageTrueUp(
        reference=f"usage_true_up:{KEY}:storage:20260613:1",
        version=1,
        plan_reference=f"usage_plan:{KEY}:storage",
        billing_product="prod_gtx_plus_basic",
        invoice_reference="invoice:stripe:in_1",
        number=1,
        period_starts_on=date(2026, 5, 14),
        period_ends_on=date(2026, 6, 13),
        quantity=Decimal(quantity),
        unit_price=Decimal("0.05"),
        amount=Decimal(amount),
        **COMMON,
    )


def test_a_plan_is_made_once_and_found_again(
    billing: StripeBilling, plan: UsagePlan, known: dict, make_parcel: Callable[..., Parcel]
) -> None:
    again = billing.deliver(make_parcel(replace(plan, version=2), known=known))
    (found,) = billing.find(kind="usage_plan", reference=plan.reference, known=known)
    assert again.external_id == found.external_id == known[plan.reference] and found.version == 2
    # the deal's own subscription is another object: this one is no second contract
    assert not [
        line for page in billing.list_day(kind="contract", entity="", day=date(2026, 5, 14)) for line in page.lines
    ]


def test_a_newer_sum_of_an_hour_replaces_the_older_one_and_a_repeat_changes_nothing(
    billing: StripeBilling, known: dict, make_parcel: Callable[..., Parcel]
) -> None:
    assert billing.find(kind="usage_summary", reference=hour("1").reference, known=known) == []
    billing.deliver(make_parcel(hour("1.25"), known=known))
    # an answer that was lost: sent again under another key, it is the same event
    billing.deliver(make_parcel(hour("1.25"), known=known, request_key="another"))
    (found,) = billing.find(kind="usage_summary", reference=hour("1").reference, known=known)
    assert Decimal(found.held["quantity"]) == Decimal("1.25")
    billing.deliver(make_parcel(hour("0.75", version=2), known=known))
    (found,) = billing.find(kind="usage_summary", reference=hour("1").reference, known=known)
    assert Decimal(found.held["quantity"]) == Decimal("0.75")


def test_finer_than_billed_is_refused_by_field(
    billing: StripeBilling, known: dict, make_parcel: Callable[..., Parcel]
) -> None:
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(hour("1.255"), known=known))
    assert (refused.value.reason, refused.value.field) == ("ROUNDING", "quantity")


@pytest.mark.parametrize(("quantity", "amount"), [("800", "40.00"), ("-12.50", "-0.63"), ("8E+2", "40.00")])
def test_late_usage_becomes_a_pending_item_of_its_own_period(
    billing: StripeBilling, known: dict, make_parcel: Callable[..., Parcel], quantity: str, amount: str
) -> None:
    # given usage given back or added after its invoice
    subject = late(quantity, amount)
    # when it is handed over
    made = billing.deliver(make_parcel(subject, known=known))
    # then billing has it at our amount, once, and shows it to the control
    (found,) = billing.find(kind="usage_true_up", reference=subject.reference, known=known)
    assert found.external_id == made.external_id and found.held == {"total": amount, "currency": "USD"} == made.held
    lines = [line for page in billing.list_day(kind="usage", entity="", day=date(2026, 5, 14)) for line in page.lines]
    assert [(line.reference, line.net) for line in lines] == [(subject.reference, Decimal(amount))]


def test_what_is_counted_since_the_last_invoice_is_listed_at_its_price(
    billing: StripeBilling, known: dict, plan: UsagePlan, make_parcel: Callable[..., Parcel]
) -> None:
    billing.deliver(make_parcel(hour("100.1"), known=known))
    (line,) = [line for page in billing.list_day(kind="usage", entity="", day=date(2026, 5, 14)) for line in page.lines]
    assert (line.reference, line.net) == (f"{plan.reference}:open", Decimal("5.01"))

"""Accrued usage: taken back the next day, invoiced in time, at what was accrued; and what the account shows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import RevenueEngine, RevenueEventRecord, UsagePlanRecord
from sync.revenue import accruals, batches, roll_forward
from sync.usage import intake
from tests.paper_erp import line
from tests.small_company import Company
from tests.sync.revenue.test_revenue import engine
from tests.sync.usage.conftest import bill_usage as bill_usage
from tests.sync.usage.conftest import event, works
from tests.sync.usage.conftest import metered as metered

pytestmark = pytest.mark.django_db
MAY_END = date(2026, 5, 31)


@pytest.fixture
def accrued(metered: Company, machine: Any) -> Company:
    """A thousand calls in May, five dollars, accrued and taken back; another thousand on the second of June."""
    engine(metered)
    intake.take_in("one", [event("1000")])
    works()
    set_day(metered, date(2026, 6, 1))
    assert accruals.accrue(metered.entity, month_end=MAY_END) == 2
    # two days later
    machine.passes(days=20)
    set_day(metered, date(2026, 6, 3))
    assert intake.take_in("one", [event("1000", at=datetime(2026, 6, 2, 17, tzinfo=UTC))]).taken == 1
    works()
    return metered


def set_day(company: Company, day: date) -> None:
    company.entity.business_date = day
    company.entity.save()


def asked(company: Company) -> ControlRun:
    day = company.entity.business_date - timedelta(days=1)
    return runner.run("accruals", entity=company.entity, business_date=day)


def found() -> list[tuple[str, Decimal]]:
    return [(row.kind, row.difference) for row in Break.objects.filter(healed_at=None)]


def test_only_where_the_portal_accrues_it_is_asked(company: Company, metered: Company) -> None:
    names = {"accruals", "unbilled_revenue"}
    assert not names & {control.name for control in controls_of(metered.entity)}
    engine(metered)
    assert names <= {control.name for control in controls_of(metered.entity)}


def test_what_was_accrued_is_what_the_invoice_has_of_that_month(
    accrued: Company, bill_usage: Callable[..., Any]
) -> None:
    # given an invoice over both months: the second thousand was used in June
    assert asked(accrued).status == "tied"
    UsagePlanRecord.objects.update(late_limit=Decimal(0))
    bill_usage("20000", "10.00")
    set_day(accrued, date(2026, 6, 20))
    assert asked(accrued).status == "tied"


def test_an_invoice_with_another_amount_is_a_break_beyond_what_late_reports_may_change(
    accrued: Company, bill_usage: Callable[..., Any]
) -> None:
    # given an invoice that lacks half of May
    bill_usage("15000", "7.50")
    set_day(accrued, date(2026, 6, 20))
    assert asked(accrued).status == "tied"
    UsagePlanRecord.objects.update(late_limit=Decimal("2.00"))
    asked(accrued)
    case = ExceptionCase.objects.get(status="open", break_row__isnull=False)
    assert found() == [("ACCRUAL_OFF", Decimal("2.50"))]
    assert case.document == "Accrual of calls, May 2026: accrued 5.00, 2.50 invoiced"
    assert case.evidence["right"]["external_id"] == "INV-0007"


def test_usage_that_is_never_invoiced_is_found_when_its_invoice_is_overdue(accrued: Company) -> None:
    set_day(accrued, MAY_END + timedelta(days=36))
    assert asked(accrued).status == "tied"
    set_day(accrued, MAY_END + timedelta(days=37))
    asked(accrued)
    (case,) = ExceptionCase.objects.filter(reason="ACCRUAL_NOT_INVOICED")
    assert (case.team, case.amount) == ("billing_ops", Decimal("5.00"))
    # and stays in sight however long
    set_day(accrued, date(2027, 3, 1))
    asked(accrued)
    assert found() == [("ACCRUAL_NOT_INVOICED", Decimal("5.00"))]


@pytest.mark.parametrize("change", [{"amount": Decimal("4.00")}, {"dated": date(2026, 6, 2)}, None])
def test_an_accrual_that_is_not_taken_back_whole_on_the_next_day_is_found(
    accrued: Company, change: dict[str, Any] | None
) -> None:
    back = RevenueEventRecord.objects.filter(movement="accrual_reversal")
    back.update(**change) if change else back.delete()
    asked(accrued)
    assert [kind for kind, _ in found()] == ["ACCRUAL_NOT_REVERSED"]


def test_an_accrual_whose_reversal_never_gets_into_a_journal_is_found(accrued: Company) -> None:
    # given an engine that is the ERP from the first of June on: the reversal is sealed by nobody
    RevenueEngine.objects.update(valid_to=date(2026, 6, 1))
    batches.seal(accrued.entity, through=date(2026, 6, 10))
    assert asked(accrued).status == "tied"
    set_day(accrued, date(2026, 6, 4))
    asked(accrued)
    assert found() == [("ACCRUAL_NOT_REVERSED", Decimal("5.00"))]


def test_what_is_accrued_is_the_balance_of_its_account(accrued: Company, paper: Any) -> None:
    # given May's accrual in a journal that is posted
    batches.seal(accrued.entity, through=MAY_END)
    accrued.settles()
    (own,) = roll_forward.unbilled_lines(accrued.entity, MAY_END)
    assert (own.reference, own.net) == ("unbilled:USD", Decimal("5.00"))
    books = paper("erp")
    books.lists["unbilled"] = [line("unbilled:USD", "5.00", day=MAY_END)]
    assert runner.run("unbilled_revenue", entity=accrued.entity, business_date=MAY_END).status == "tied"
    # when somebody books on that account by hand
    books.lists["unbilled"] = [line("unbilled:USD", "7.00", day=MAY_END)]
    runner.run("unbilled_revenue", entity=accrued.entity, business_date=MAY_END)
    assert found() == [("AMOUNT_MISMATCH", Decimal("-2.00"))]
    # when the first of June is over, nothing stays
    batches.seal(accrued.entity, through=date(2026, 6, 1))
    accrued.settles()
    (own,) = roll_forward.unbilled_lines(accrued.entity, date(2026, 6, 1))
    assert own.net == 0


def test_a_journal_the_erp_does_not_have_stands_by_itself(accrued: Company) -> None:
    batches.seal(accrued.entity, through=MAY_END)
    assert [(one.label, one.net) for one in roll_forward.unbilled_lines(accrued.entity, MAY_END)] == [
        ("Journal not posted", Decimal("5.00"))
    ]

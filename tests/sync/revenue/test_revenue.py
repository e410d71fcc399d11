"""One revenue engine per entity: schedules of what is invoiced, and journals only where the engine is the portal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reconciliation.models import ExceptionCase
from sync import clock
from sync.models import (
    Delivery,
    JournalBatchRecord,
    RevenueEngine,
    RevenueEventRecord,
    RevenueScheduleRecord,
    UsagePlanRecord,
)
from sync.parcels import subject_of
from sync.revenue import accruals, batches
from sync.revenue.parts import parts_of
from sync.usage import intake
from tests.paper_erp import PaperErp
from tests.small_company import DAY, Company, customer, deal, invoice
from tests.sync.usage.conftest import bill_usage as bill_usage
from tests.sync.usage.conftest import event, works
from tests.sync.usage.conftest import metered as metered

pytestmark = pytest.mark.django_db


def engine(company: Company, name: str = "portal", *, since: date = date(2026, 1, 1), **values: Any) -> RevenueEngine:
    accounts = {"deferred_account": "220", "revenue_account": "400", "unbilled_account": "130"}
    return RevenueEngine.objects.create(
        entity=company.entity,
        engine=name,
        status="approved",
        valid_from=since,
        drafted_by=company.drafter,
        drafted_at=clock.now(),
        approved_by=company.approver,
        approved_at=clock.now(),
        **{**accounts, **values},
    )


def sells_and_bills(company: Company, *, amount: str = "365.00") -> RevenueScheduleRecord:
    company.sells(amount=amount)
    company.bills(amount=amount)
    return RevenueScheduleRecord.objects.get()


def deferred() -> Decimal:
    """What the movements say is deferred, sealed or not."""
    signs = {"deferral": 1, "recognition": -1, "termination": -1, "credit": -1}
    rows = RevenueEventRecord.objects.filter(withdrawn_at=None, movement__in=signs)
    return sum((row.amount * signs[row.movement] for row in rows), Decimal(0))


# -- schedules ----------------------------------------------------------------------------------------
def test_without_a_row_the_erp_is_the_engine_and_no_journal_is_made(company: Company) -> None:
    row = sells_and_bills(company)
    assert (row.engine, row.amount, row.arrangement_reference[:12]) == ("erp", Decimal("365.00"), "arrangement:")
    assert sum(part.amount for part in parts_of(row)) == 365
    assert not RevenueEventRecord.objects.exists()
    assert batches.seal(company.entity, through=date(2030, 1, 1)) == 0


def test_the_same_invoice_heard_again_has_one_schedule(company: Company) -> None:
    engine(company)
    sells_and_bills(company)
    company.hears(invoice(amount="365.00"), source=company.billing, revision=9)
    assert RevenueScheduleRecord.objects.count() == 1
    assert RevenueEventRecord.objects.filter(movement="deferral").count() == 1


def test_an_arrangement_is_shared_by_standalone_price_also_with_services(company: Company) -> None:
    # given a subscription of 100 alone and services of 300 alone, sold together for 60 and 180
    company.map_product("Services", name="Services", price="300.00", destination="erp_sales_order")
    company.hears(customer())
    shape = deal(amount="240.00")
    one = replace(shape.lines[0], amount=Decimal("150.00"))
    services = replace(one, line_id="2", crm_product="Services", amount=Decimal("90.00"))
    company.hears(replace(shape, lines=(one, services)))
    company.settles()
    # when the subscription is billed
    company.bills(amount="150.00")
    # then it earns its share of the whole, a quarter, whatever its own price was
    row = RevenueScheduleRecord.objects.get()
    assert (row.billed, row.standalone_price, row.amount) == (Decimal("150.00"), Decimal("100.00"), Decimal("60.00"))


# -- the constraint -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["erp", "external", None])
def test_the_database_refuses_a_journal_where_the_portal_is_not_the_engine(company: Company, name: str | None) -> None:
    if name:
        engine(company, name)
    values = {
        "reference": "journal:1",
        "version": 1,
        "legal_entity": company.entity,
        "currency": "USD",
        "movement": "recognition",
        "posting_date": DAY,
        "sequence": 1,
        "total": 1,
        "members": 1,
        "created_at": clock.now(),
    }
    with pytest.raises(IntegrityError, match="REVENUE_ENGINE_CONFLICT"), transaction.atomic():
        JournalBatchRecord.objects.create(**values)


def test_an_engine_needs_two_people_and_accounts_and_never_overlaps(company: Company) -> None:
    engine(company)
    for wrong in (
        {"approved_by": company.drafter, "since": date(2020, 1, 1), "valid_to": date(2020, 2, 1)},
        {"deferred_account": "", "since": date(2020, 1, 1), "valid_to": date(2020, 2, 1)},
        {"since": date(2026, 6, 1)},
    ):
        with pytest.raises((IntegrityError, TypeError)), transaction.atomic():
            engine(company, **wrong)


# -- journals -----------------------------------------------------------------------------------------
def test_a_month_is_posted_as_one_journal_that_opens_down_to_its_members(company: Company) -> None:
    engine(company)
    row = sells_and_bills(company)
    # when the first month has ended
    batches.seal(company.entity, through=date(2026, 5, 31))
    company.settles()
    # then the deferral and May's part are in the ERP, debit equal to credit
    deferral, may = JournalBatchRecord.objects.order_by("posting_date")
    assert (deferral.movement, deferral.total, deferral.posting_date) == ("deferral", Decimal("365.00"), DAY)
    assert (may.total, may.members, may.posting_date) == (Decimal("19.00"), 1, date(2026, 5, 31))
    sent = subject_of(Delivery.objects.get(reference=may.reference))
    assert [(line.account, line.debit, line.credit) for line in sent.lines] == [("220", 19, 0), ("400", 0, 19)]
    assert Delivery.objects.get(reference=may.reference).condition == "settled"
    assert [member.schedule_reference for member in may.events.all()] == [row.reference]
    # and sealing again posts nothing
    assert batches.seal(company.entity, through=date(2026, 5, 31)) == 0


def test_late_members_go_to_the_next_sequence_and_sealed_ones_stay(company: Company) -> None:
    engine(company)
    sells_and_bills(company)
    batches.seal(company.entity, through=date(2026, 5, 31))
    company.sells(2, amount="365.00", of=2)
    company.bills(2, of_deal=2, amount="365.00")
    batches.seal(company.entity, through=date(2026, 5, 31))
    may = JournalBatchRecord.objects.filter(movement="recognition").order_by("sequence")
    assert [(row.sequence, row.total) for row in may] == [(1, Decimal("19.00")), (2, Decimal("19.00"))]
    member = RevenueEventRecord.objects.filter(batch__isnull=False).first()
    assert member is not None
    for change in ({"amount": Decimal(1)}, {"batch": None}, {"withdrawn_at": clock.now()}):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            RevenueEventRecord.objects.filter(pk=member.pk).update(**change)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        JournalBatchRecord.objects.update(total=Decimal(1))


def test_what_a_date_without_the_engine_has_stays_and_is_not_posted(company: Company) -> None:
    row = engine(company)
    sells_and_bills(company)
    RevenueEngine.objects.filter(pk=row.pk).update(valid_to=date(2026, 6, 1))
    batches.seal(company.entity, through=date(2026, 7, 31))
    assert {batch.posting_date for batch in JournalBatchRecord.objects.all()} == {DAY, date(2026, 5, 31)}


def test_nothing_is_deferred_when_the_term_is_over(company: Company) -> None:
    engine(company)
    row = sells_and_bills(company, amount="1000.01")
    batches.seal(company.entity, through=row.ends_on)
    assert deferred() == 0
    signs = {"deferral": 1, "recognition": -1}
    assert sum(batch.total * signs[batch.movement] for batch in JournalBatchRecord.objects.all()) == 0


# -- usage --------------------------------------------------------------------------------------------
def test_usage_in_arrears_belongs_to_the_month_of_use_and_is_taken_back_when_it_is_over(
    metered: Company, bill_usage: Callable[..., Any]
) -> None:
    engine(metered)
    intake.take_in("one", [event("1000")])
    works()
    metered.entity.business_date = date(2026, 6, 1)
    metered.entity.save()
    # when May has ended, its five dollars are accrued, once, and taken back on the first of June
    assert accruals.accrue(metered.entity, month_end=date(2026, 5, 31)) == 2
    assert accruals.accrue(metered.entity, month_end=date(2026, 5, 31)) == 0
    rows = RevenueEventRecord.objects.filter(movement__startswith="accrual").order_by("dated")
    assert [(row.movement, row.dated, row.amount) for row in rows] == [
        ("accrual", date(2026, 5, 31), Decimal("5.00")),
        ("accrual_reversal", date(2026, 6, 1), Decimal("5.00")),
    ]
    batches.seal(metered.entity, through=date(2026, 6, 1))
    accrued, back = JournalBatchRecord.objects.filter(movement__startswith="accrual").order_by("posting_date")
    assert [line["account"] for line in accrued.lines] == ["130", "400"]
    assert [line["account"] for line in back.lines] == ["400", "130"]


def test_what_is_invoiced_is_not_accrued(metered: Company, bill_usage: Callable[..., Any]) -> None:
    engine(metered)
    intake.take_in("one", [event("1000", at=datetime(2026, 5, 13, 17, tzinfo=UTC))])
    works()
    bill_usage("10000", "5.00")
    plan = UsagePlanRecord.objects.get()
    assert accruals.unbilled(plan, metered.entity, month_end=date(2026, 6, 30)) == 0
    assert accruals.unbilled(plan, metered.entity, month_end=date(2026, 5, 31)) == Decimal("5.00")


def test_a_sum_below_zero_turns_its_sides_and_a_sum_of_nothing_has_none(company: Company) -> None:
    row = engine(company)
    lines = batches.journal_lines(Decimal("-5.00"), "recognition", row)
    assert [(line.account, line.debit, line.credit) for line in lines] == [("400", 5, 0), ("220", 0, 5)]
    assert batches.journal_lines(Decimal("0.00"), "recognition", row) == ()


def test_no_first_journal_is_posted_while_the_erp_recognises_by_itself(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an ERP that still recognises an item
    items = ["basic"]
    monkeypatch.setattr(PaperErp, "recognises", lambda self: items, raising=False)
    engine(company)
    sells_and_bills(company)
    company.entity.business_date = date(2026, 6, 1)
    company.entity.save()
    # when journals are due, then finance has one case and nothing is posted
    assert batches.seal_due() == batches.seal_due() == 0
    (case,) = ExceptionCase.objects.filter(status="open")
    assert (case.reason, case.team) == ("REVENUE_ENGINE_CONFLICT", "finance")
    # when the ERP leaves it to us, then it goes by itself
    items.clear()
    assert batches.seal_due() == 2
    assert not ExceptionCase.objects.filter(status="open").exists()

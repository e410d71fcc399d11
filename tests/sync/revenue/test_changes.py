"""What is given back, and changes of a contract as finance decided them, reach the schedules by themselves and once."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from connectors.canonical import Invoice
from reconciliation.models import ExceptionCase
from sync import clock, treatments
from sync.models import (
    Delivery,
    JournalBatchRecord,
    LegalEntity,
    ModificationTreatment,
    RevenueChange,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from sync.parcels import subject_of
from sync.revenue import batches, roll_forward
from sync.revenue.parts import parts_of
from tests.small_company import DAY, Company, credit_memo, customer, invoice, person, void
from tests.sync.revenue.following import (
    SIGNS,
    change,
    close,
    decides,
    deferred,
    earned,
    line,
    moved,
    portal_engine,
    sells_and_bills,
)
from tests.sync.test_rates import rate

pytestmark = pytest.mark.django_db
#: a year at a dollar a day from DAY, 13 May; 34 days are served before this one
JUNE = date(2026, 6, 16)


@pytest.fixture
def sold(company: Company) -> Company:
    portal_engine(company)
    sells_and_bills(company)
    return company


def schedule() -> RevenueScheduleRecord:
    return RevenueScheduleRecord.objects.get()


# -- what is given back -------------------------------------------------------------------------------
def test_a_credit_memo_lowers_deferred_revenue_by_what_it_gives_back_once(sold: Company) -> None:
    batches.seal(sold.entity, through=date(2026, 5, 31))
    posted = list(JournalBatchRecord.objects.values_list("reference", "total"))
    before = deferred(JUNE)
    # when a hundred is given back on 16 June, and that is heard twice
    sold.hears(credit_memo(amount="100.00", day=JUNE), source=sold.billing)
    sold.hears(credit_memo(amount="100.00", day=JUNE), source=sold.billing, revision=7)
    # then deferred revenue is lower by that, what was earned and posted stays, and nothing is lost
    assert (deferred(JUNE), moved("credit")) == (before - 100, 100)
    assert earned(JUNE - timedelta(days=1)) == Decimal("19.00")
    row = schedule()
    assert (row.version, row.amount, sum(part.amount for part in parts_of(row))) == (2, 265, 265)
    assert list(JournalBatchRecord.objects.values_list("reference", "total")) == posted
    # and it is all earned by the end
    batches.seal(sold.entity, through=row.ends_on)
    assert (deferred(), earned()) == (0, 265)


def test_what_goes_beyond_what_is_deferred_is_taken_off_what_was_earned_on_that_day(sold: Company) -> None:
    sold.hears(credit_memo(amount="340.00", day=JUNE), source=sold.billing)
    # 331 were not earned on that day; 34 were, of which 9 are given back
    assert earned() == Decimal("25.00") and deferred(JUNE + timedelta(days=14)) == 0
    june = RevenueEventRecord.objects.get(movement="recognition", withdrawn_at=None, dated__month=6)
    assert june.amount == Decimal("15.00") - Decimal("9.00")


def test_the_same_cause_changes_a_schedule_only_once_says_the_database(sold: Company) -> None:
    sold.hears(credit_memo(amount="100.00", day=JUNE), source=sold.billing)
    found = RevenueChange.objects.get()
    again = RevenueChange(
        schedule=found.schedule,
        cause=found.cause,
        line_id=found.line_id,
        effect="credit",
        dated=JUNE,
        effective_on=JUNE,
        created_at=clock.now(),
    )
    with pytest.raises(IntegrityError, match="a_cause_changes_a_schedule_once"), transaction.atomic():
        again.save()


def test_a_credit_memo_that_is_voided_is_deferred_again(sold: Company) -> None:
    memo = credit_memo(amount="100.00", day=JUNE)
    sold.hears(memo, source=sold.billing)
    sold.hears(void(of=memo, day=JUNE + timedelta(days=4)), source=sold.billing)
    assert (schedule().amount, moved("credit"), earned(), deferred()) == (365, 0, 365, 0)


def test_of_an_invoice_that_is_voided_nothing_stays_deferred(sold: Company) -> None:
    sold.hears(void(of=invoice(amount="365.00"), day=DAY + timedelta(days=2)), source=sold.billing)
    assert (schedule().amount, moved("deferral"), moved("credit"), earned()) == (0, 365, 365, 0)


def test_what_is_given_back_on_account_has_a_schedule_below_zero_over_its_own_days(sold: Company) -> None:
    # given the rest of the year is given back by an invoice below zero
    rest = credit_memo(amount="331.00", day=JUNE, refers_to="", applied=Decimal(0), contract_reference=contract())
    one = replace(
        rest.lines[0], service_starts_on=JUNE, service_ends_on=DAY + timedelta(days=364), billing_product="basic"
    )
    sold.hears(replace(rest, lines=(one,)), source=sold.billing)
    # then each later month earns nothing, and deferred revenue fell with the receivable
    lower = RevenueScheduleRecord.objects.get(amount__lt=0)
    assert (lower.amount, lower.obligation, moved("credit")) == (-331, "Basic", 331)
    assert (earned(), deferred(JUNE + timedelta(days=14)), deferred()) == (34, 0, 0)
    # when the contract then ends, both schedules end with it and nothing more is earned
    sold.hears(change(2, "cancellation", agreed=JUNE), source=sold.crm)
    decides()
    assert (earned(), earned(JUNE), deferred()) == (34, 34, 0)


def contract() -> str:
    return invoice().contract_reference


def test_a_schedule_that_is_a_share_of_what_was_billed_goes_down_by_the_same_share(company: Company) -> None:
    portal_engine(company)
    company.map_product("Services", name="Services", price="300.00", destination="erp_sales_order")
    services = line("90.00", "Services")
    company.sells(amount="240.00", lines=(line("150.00"), services))
    company.bills(amount="150.00")
    assert schedule().amount == 60
    for number, given in enumerate(("49.99", "100.01"), start=1):
        company.hears(credit_memo(number, amount=given, day=JUNE), source=company.billing)
    assert (schedule().amount, moved("credit"), deferred()) == (0, 60, 0)


# -- how a change is accounted for --------------------------------------------------------------------
def test_a_change_nobody_decided_is_a_case_of_finance_and_schedules_wait(sold: Company) -> None:
    was = schedule().parts
    sold.hears(change(2, "cancellation", agreed=JUNE))
    (case,) = ExceptionCase.objects.filter(status="open")
    assert (case.reason, case.team) == (treatments.UNDECIDED, "finance")
    assert (schedule().parts, schedule().version) == (was, 1)
    # one person's word is not enough
    row = ModificationTreatment.objects.get()
    treatments.decide(row.pk, "prospective", user=person("preparer", "Finance preparer"))
    assert schedule().version == 1
    treatments.approve(row.pk, user=person("approver", "Finance approver"))
    assert schedule().version == 2
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_where_another_engine_recognises_nobody_is_asked_and_no_schedule_changes(company: Company) -> None:
    row = sells_and_bills(company)
    company.hears(change(2, "cancellation", agreed=JUNE))
    company.hears(credit_memo(amount="100.00", day=JUNE), source=company.billing)
    decides()
    assert not ExceptionCase.objects.filter(reason=treatments.UNDECIDED).exists()
    assert (schedule().parts, schedule().amount) == (row.parts, 365)
    assert not RevenueEventRecord.objects.exists() and not RevenueChange.objects.exists()


@pytest.mark.parametrize("credited", ["0.00", "100.00", "331.00", "365.00"])
@pytest.mark.parametrize("order", ["credit first", "end first", "decided last"])
def test_an_end_gives_back_what_was_credited_and_earns_only_the_remainder(
    sold: Company, credited: str, order: str
) -> None:
    batches.seal(sold.entity, through=date(2026, 5, 31))
    steps = [
        lambda: sold.hears(change(2, "cancellation", agreed=JUNE)),
        decides,
        lambda: Decimal(credited) and sold.hears(credit_memo(amount=credited, day=JUNE), source=sold.billing),
    ]
    orders = {"credit first": (2, 0, 1), "end first": (0, 1, 2), "decided last": (0, 2, 1)}
    for place in orders[order]:
        steps[place]()
    # 34 days were served, at a dollar each
    ended = list(RevenueEventRecord.objects.filter(movement="termination", withdrawn_at=None))
    remainder = max(Decimal("331.00") - Decimal(credited), Decimal(0))
    assert [event.amount for event in ended] == ([remainder] if remainder else [])
    assert all(event.dated == JUNE for event in ended)
    assert (deferred(), deferred(JUNE + timedelta(days=14))) == (0, 0)
    assert earned() == 365 - Decimal(credited) and moved("credit") == Decimal(credited)


def test_an_end_for_later_is_earned_by_the_day_until_then(sold: Company) -> None:
    sold.hears(change(2, "cancellation", agreed=DAY + timedelta(days=1), effective=JUNE))
    decides()
    assert earned(date(2026, 5, 31)) == 19 and moved("recognition") == 34
    assert moved("termination", until=JUNE) == 331


def test_an_assignment_ends_the_schedules_of_the_customer_before(sold: Company) -> None:
    sold.hears(change(2, "assignment", line("365.00"), agreed=JUNE, customer_reference=customer(2).reference))
    decides()
    assert (moved("recognition"), moved("termination", until=JUNE)) == (34, 331)


def test_what_rests_earns_nothing_until_service_goes_on(sold: Company) -> None:
    sold.hears(change(2, "suspension", agreed=JUNE))
    decides()
    assert earned(date(2027, 5, 11)) == 34
    august = date(2026, 8, 15)
    sold.hears(change(3, "reactivation", agreed=august))
    decides(number=3)
    # 331 over the 271 days from then to 12 May
    assert earned(date(2026, 8, 14)) == 34
    assert abs(earned(date(2026, 8, 31)) - 34 - Decimal(331) * 17 / 271) < Decimal("0.01")
    assert (earned(), deferred()) == (365, 0)


def test_a_contract_that_ends_earlier_with_another_one_earns_the_rest_by_then(sold: Company) -> None:
    sold.hears(change(2, "co_term", line("365.00"), agreed=JUNE, ends_on=date(2026, 12, 31)))
    decides()
    assert earned(date(2026, 5, 31)) == 19
    assert (earned(date(2026, 12, 31)), deferred(date(2026, 12, 31))) == (365, 0)


def test_what_adds_nothing_is_no_contract_of_its_own(sold: Company) -> None:
    sold.hears(change(2, "suspension", agreed=JUNE))
    with pytest.raises(treatments.NotDecidable, match="adds no service"):
        decides("separate_contract")


def upsold(number: int = 2) -> Invoice:
    """What a change agreed on 16 June for 27 May on is billed at: 351 days at a dollar."""
    start = date(2026, 5, 27)
    shape = invoice(number, amount="351.00", day=JUNE)
    return replace(
        shape, lines=(replace(shape.lines[0], service_starts_on=start, service_ends_on=DAY + timedelta(364)),)
    )


@pytest.mark.parametrize(
    ("decided", "by_the_day_before", "by_june"),
    [
        # all of it from the day both agreed: 15 of 331 days
        ("prospective", Decimal(0), Decimal("15.91")),
        # twenty days before that are made up for with the invoice
        ("separate_contract", Decimal(0), Decimal("35.00")),
        ("cumulative_catch_up", Decimal(0), Decimal("35.00")),
        # what was sold before looks ahead
        ("mixed", Decimal(0), Decimal("15.91")),
    ],
)
@pytest.mark.parametrize("first", ["invoice", "decision"])
def test_what_is_invoiced_for_days_before_it_was_agreed_follows_what_was_decided(
    sold: Company, decided: str, by_the_day_before: Decimal, by_june: Decimal, first: str
) -> None:
    sold.hears(change(2, "upsell", line("730.00"), agreed=JUNE, effective=date(2026, 5, 27)))
    if first == "decision":
        decides(decided)
    sold.hears(upsold(), source=sold.billing)
    second = RevenueScheduleRecord.objects.get(amount=351)
    if first == "invoice":
        # nothing of it is earned while nobody has decided
        assert mine(second, until=date(2027, 5, 11)) == 0
        decides(decided)
    assert (mine(second, until=JUNE - timedelta(days=1)), mine(second, until=date(2026, 6, 30))) == (
        by_the_day_before,
        by_june,
    )
    assert mine(second) == 351 and not second.changes.filter(effect="waits").exists()


def mine(row: RevenueScheduleRecord, *, until: date = date.max) -> Decimal:
    rows = RevenueEventRecord.objects.filter(
        schedule_reference=row.reference, withdrawn_at=None, movement__in=("recognition", "termination")
    )
    return sum((one.amount for one in rows.filter(dated__lte=until)), Decimal(0))


def test_catching_up_makes_up_for_the_past_on_the_day_both_agreed(sold: Company) -> None:
    # given a hundred given back on 16 June for a change that holds since the first day
    batches.seal(sold.entity, through=date(2026, 5, 31))
    sold.hears(change(2, "downsell", line("265.00"), agreed=JUNE, effective=DAY))
    sold.hears(credit_memo(amount="100.00", day=JUNE), source=sold.billing)
    assert earned(JUNE) == Decimal("19.00")
    decides("cumulative_catch_up")
    # then by 30 June its 49 days have earned 49 of 365 parts of 265, and May stays as it was posted
    assert earned(date(2026, 5, 31)) == Decimal("19.00")
    assert abs(earned(date(2026, 6, 30)) - Decimal("265") * 49 / 365) <= Decimal("0.02")
    assert (earned(), deferred()) == (265, 0)


# -- closed periods -----------------------------------------------------------------------------------
@pytest.mark.parametrize("is_sealed", [True, False])
def test_nothing_in_a_closed_period_moves_and_the_first_open_one_makes_up_for_it(
    sold: Company, is_sealed: bool
) -> None:
    close(sold)
    if is_sealed:
        batches.seal(sold.entity, through=date(2026, 6, 30))
    close(sold, 5, 6)
    rows = RevenueEventRecord.objects.filter(dated__lte=date(2026, 6, 30)).order_by("pk")
    was = list(rows.values())
    # when an end of 16 June and its credit are heard in July
    sold.hears(change(2, "cancellation", agreed=JUNE))
    sold.hears(credit_memo(amount="300.00", day=JUNE), source=sold.billing)
    decides()
    # then June is as it was, and July takes back its 15 days and earns the remainder of 31
    assert list(rows.values()) == was
    assert earned(date(2026, 6, 30)) == 49
    (june,) = roll_forward.roll_forward(sold.entity, month=date(2026, 6, 1))
    (july,) = roll_forward.roll_forward(sold.entity, month=date(2026, 7, 1))
    assert (june.closing, july.opening, july.modified, july.recognised, july.closing) == (316, 316, -300, 16, 0)
    dates = set(RevenueEventRecord.objects.exclude(pk__in=[row["id"] for row in was]).filter(withdrawn_at=None))
    assert {row.dated for row in dates} == {date(2026, 7, 1)}


# -- at the rate it was deferred at -------------------------------------------------------------------
def test_what_is_deferred_is_earned_and_given_back_at_the_rate_it_was_deferred_at(company: Company) -> None:
    # given a company with books in euros, and two invoices in dollars at the rates of their days
    LegalEntity.objects.update(functional_currency="EUR")
    company.entity.refresh_from_db()
    portal_engine(company)
    later = DAY + timedelta(days=1)
    rate(company, "0.92")
    rate(company, "0.95", on=later)
    rate(company, "0.99", on=JUNE)
    company.sells(amount="365.00")
    company.bills(amount="365.00")
    company.bills(2, amount="365.00", day=later)
    company.hears(credit_memo(1, amount="100.00", day=JUNE), source=company.billing)
    company.hears(credit_memo(2, of_invoice=2, amount="365.00", day=JUNE), source=company.billing)
    # when all of it is posted, in journals of one rate each
    batches.seal(company.entity, through=date(2027, 12, 31))
    left: dict[Decimal, Decimal] = {}
    for batch in JournalBatchRecord.objects.all():
        assert {one.exchange_rate for one in batch.events.all()} == {batch.exchange_rate}
        assert subject_of(Delivery.objects.get(reference=batch.reference)).exchange_rate == batch.exchange_rate
        effect = sum((one.amount * SIGNS[one.movement] for one in batch.events.all()), Decimal(0))
        left[batch.exchange_rate] = left.get(batch.exchange_rate, Decimal(0)) + effect
    # then at each rate as much left as came, so that nothing of either is left in euros
    assert left == {Decimal("0.92"): 0, Decimal("0.95"): 0}

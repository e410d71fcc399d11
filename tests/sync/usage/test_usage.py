"""Usage inside the portal: what is taken in and what is not, sums of hours, the cut-off, and what comes after it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.canonical import Invoice
from reconciliation.models import ExceptionCase
from sync import owing
from sync.models import (
    Delivery,
    LegalEntity,
    UsageEvent,
    UsagePeriod,
    UsagePlanRecord,
    UsageSummaryRecord,
    UsageTrueUpRecord,
    WorkItem,
)
from sync.states import Condition
from sync.usage import cut_off, intake, plans, summaries
from tests.small_company import DAY, Company, customer, deal_id
from tests.sync.usage.conftest import USED_AT, event, sold, works

pytestmark = pytest.mark.django_db


def refused(answer: intake.Taken) -> list[tuple[int, str, str]]:
    return [(one.place, one.field, one.code) for one in answer.refused]


# -- in -----------------------------------------------------------------------------------------------
def test_an_event_counts_once_whoever_repeats_it_and_each_source_has_its_own_ids(metered: Company) -> None:
    first = event("2", id="a")
    assert intake.take_in("one", [first, first]).taken == 1
    again = intake.take_in("one", [first])
    assert (again.taken, again.repeated, again.refused) == (0, 1, [])
    assert intake.take_in("other", [first]).taken == 1
    assert sum(row.quantity for row in UsageEvent.objects.all()) == 4


def test_the_same_id_with_other_content_is_refused_and_the_first_stays(metered: Company) -> None:
    intake.take_in("one", [event("2", id="a")])
    answer = intake.take_in("one", [event("3", id="a"), event("5", id="b"), event("6", id="b")])
    assert refused(answer) == [(0, "id", "CONFLICTING_DUPLICATE"), (2, "id", "CONFLICTING_DUPLICATE")]
    assert sorted(row.quantity for row in UsageEvent.objects.all()) == [2, 5]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"id": ""}, "id", "NOT_USABLE"),
        ({"id": "a b"}, "id", "NOT_USABLE"),
        ({"contract": "0061"}, "contract", "NOT_SOLD"),
        ({"meter": "other"}, "contract", "NOT_SOLD"),
        ({"quantity": 5}, "quantity", "NOT_USABLE"),
        ({"quantity": "1e3"}, "quantity", "NOT_USABLE"),
        ({"quantity": "NaN"}, "quantity", "NOT_USABLE"),
        ({"quantity": "1" + "0" * 13}, "quantity", "NOT_USABLE"),
        ({"quantity": "0.25"}, "quantity", "TOO_FINE"),
        ({"occurred_at": "2026-05-14"}, "occurred_at", "NOT_USABLE"),
        ({"occurred_at": "2026-05-14T09:00:00"}, "occurred_at", "NOT_USABLE"),
        ({"occurred_at": "2026-02-30T09:00:00Z"}, "occurred_at", "NOT_USABLE"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at", "NOT_USABLE"),
        ({"occurred_at": "2026-05-15T09:00:00Z"}, "occurred_at", "IN_THE_FUTURE"),
        ({"occurred_at": "2026-05-12T09:00:00Z"}, "occurred_at", "OUTSIDE_TERM"),
        ({"price": "1"}, "price", "UNKNOWN_FIELD"),
    ],
)
def test_a_bad_event_is_named_by_place_and_field_and_the_good_ones_are_kept(
    metered: Company, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = intake.take_in("one", [event(), {**event(), **changes}, event()])
    assert refused(answer) == [(1, field, code)]
    assert answer.taken == UsageEvent.objects.count() == 2


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.none() | st.integers() | st.text(max_size=5) | st.dictionaries(
            st.sampled_from(["id", "contract", "meter", "quantity", "occurred_at", "x"]),
            st.none() | st.text(max_size=30) | st.integers() | st.sampled_from(["calls", "-0", "2026-05-13T17:00:00Z"]),
            max_size=6,
        ),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_whatever_comes_every_row_is_answered_for(rows: list[Any]) -> None:
    """Reading needs no database rows: unknown contracts are refused like everything else."""
    answer = intake.take_in("one", rows)
    assert answer.taken + answer.repeated + len(answer.refused) == len(rows)
    assert all(one.code and one.detail for one in answer.refused)


# -- sums ---------------------------------------------------------------------------------------------
def test_an_hour_is_summed_when_it_is_over_and_again_when_more_comes(metered: Company) -> None:
    # given events of two hours
    intake.take_in(
        "one",
        [event("2.5"), event("1", at=USED_AT + timedelta(minutes=59)), event("7", at=USED_AT + timedelta(hours=1))],
    )
    works()
    # then each is summed once and billing has it
    rows = list(UsageSummaryRecord.objects.order_by("starts_at"))
    assert [(row.quantity, row.events, row.version) for row in rows] == [(Decimal("3.5"), 2, 1), (7, 1, 1)]
    assert rows[0].reference == f"usage:{deal_id(1)}:calls:20260513T17"
    # when one gets more, and nothing comes of it
    intake.take_in(
        "one", [event("4"), event("1", at=USED_AT + timedelta(hours=1)), event("-1", at=USED_AT + timedelta(hours=1))]
    )
    works()
    # then only the changed one has a new version
    rows = list(UsageSummaryRecord.objects.order_by("starts_at"))
    assert [(row.quantity, row.version) for row in rows] == [(Decimal("7.5"), 2), (7, 1)]
    sent = Delivery.objects.filter(kind="usage_summary").order_by("pk")
    assert [(row.version, row.condition) for row in sent] == [(1, "settled"), (1, "settled"), (2, "settled")]


def test_use_before_the_first_noon_is_billed_in_the_first_hour(metered: Company) -> None:
    # the contract begins on the 13th; billing begins at its noon
    intake.take_in(
        "one",
        [
            event("1", at=datetime(2026, 5, 13, 4, 30, tzinfo=UTC)),
            event("2", at=datetime(2026, 5, 13, 16, 5, tzinfo=UTC)),
        ],
    )
    works()
    (row,) = UsageSummaryRecord.objects.all()
    assert (row.hour, row.quantity) == ("2026-05-13T16:00:00Z", 3)


def test_an_older_sum_that_arrives_is_not_taken_for_the_newer_one(metered: Company) -> None:
    from connectors.interface import Receipt
    from sync.outcomes import NotFound, judged
    from sync.parcels import subject_of
    from sync.results import Adopted

    intake.take_in("one", [event("2")])
    works()
    row = Delivery.objects.get(kind="usage_summary")
    claim: Any = type(
        "Claim", (), {"delivery": row, "parcel": type("P", (), {"subject": subject_of(row), "operation": "put"})}
    )
    assert isinstance(judged(claim, [Receipt(external_id="e", held={"quantity": "1"})], sends=False), NotFound)
    assert isinstance(judged(claim, [Receipt(external_id="e", held={"quantity": "2.0"})], sends=False), Adopted)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_when_many_report_while_hours_are_summed(metered: Company) -> None:
    # given eight sources that report into the same hour, and two workers that sum all the while
    done = threading.Event()
    errors: list[BaseException] = []

    def report(source: int) -> None:
        try:
            for batch in range(5):
                intake.take_in(f"source-{source}", [event("1", id=f"{batch}-{n}") for n in range(20)])
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connections.close_all()

    def add_up() -> None:
        try:
            while not done.is_set():
                summaries.sum_due()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connections.close_all()

    reporters = [threading.Thread(target=report, args=[number]) for number in range(8)]
    adders = [threading.Thread(target=add_up) for _ in range(2)]
    for thread in (*reporters, *adders):
        thread.start()
    for thread in reporters:
        thread.join()
    done.set()
    for thread in adders:
        thread.join()
    summaries.sum_due()
    # then the hour holds every one of them
    assert not errors
    row = UsageSummaryRecord.objects.get()
    assert (row.quantity, row.events, row.touched_at) == (800, 800, None)


# -- contracts ----------------------------------------------------------------------------------------
def test_a_metered_product_without_a_meter_stops_the_deal(company: Company) -> None:
    company.map_product("Calls", name="Calls", price="0", destination="usage")
    company.hears(customer())
    company.hears(sold())
    company.settles()
    assert [case.reason for case in ExceptionCase.objects.filter(status="open")] == ["METER_MISSING"]
    assert not UsagePlanRecord.objects.exists()


def test_two_running_contracts_of_a_customer_on_one_meter_stop_the_second(metered: Company) -> None:
    metered.hears(sold(2))
    metered.settles()
    assert [case.reason for case in ExceptionCase.objects.filter(status="open")] == ["METER_SHARED"]
    assert UsagePlanRecord.objects.count() == 1


# -- the cut-off --------------------------------------------------------------------------------------
def test_an_invoice_freezes_its_period_and_late_use_is_owed_to_the_next(
    metered: Company, bill_usage: Callable[..., Invoice]
) -> None:
    # given 100 calls, invoiced
    intake.take_in("one", [event("100")])
    works()
    first = bill_usage("1000", "0.50")
    works()
    period = UsagePeriod.objects.get()
    assert (period.quantity, period.amount, period.invoice_reference) == (100, Decimal("0.50"), first.reference)
    assert not UsageTrueUpRecord.objects.exists()
    # when more of that month comes, and an event that takes back more than the rest
    intake.take_in("one", [event("3000.5"), event("40", at=USED_AT + timedelta(hours=5))])
    works()
    intake.take_in("one", [event("-40")])
    works()
    # then the sums stay, and each difference is owed as its own line, in order
    assert UsageSummaryRecord.objects.get(starts_at=USED_AT).quantity == 100
    rows = list(UsageTrueUpRecord.objects.order_by("number"))
    assert [(row.number, row.quantity, row.amount) for row in rows] == [
        (1, Decimal("3040.5"), Decimal("15.20")),
        (2, Decimal(-40), Decimal("-0.20")),
    ]
    assert [row.condition for row in Delivery.objects.filter(kind="usage_true_up").order_by("pk")] == ["settled"] * 2
    # and the same invoice heard again, or the work done again, changes nothing
    cut_off.freeze([first])
    UsagePeriod.objects.update(touched_at=USED_AT)
    works()
    assert (UsagePeriod.objects.count(), UsageTrueUpRecord.objects.count()) == (1, 2)


def test_use_that_had_not_reached_billing_before_its_invoice_is_owed_too(
    metered: Company, bill_usage: Callable[..., Invoice]
) -> None:
    # given an hour that billing never got
    intake.take_in("one", [event("100")])
    summaries.sum_due()
    bill_usage("0", "0.00")
    works()
    # then its own report is withdrawn and the period owes it
    assert Delivery.objects.get(kind="usage_summary").condition == "withdrawn"
    assert UsageTrueUpRecord.objects.get().quantity == 100


def test_late_use_above_the_limit_and_by_policy_waits_for_people(
    metered: Company, bill_usage: Callable[..., Invoice]
) -> None:
    bill_usage("0", "0.00")
    intake.take_in("one", [event("10001")])
    works()
    (case,) = ExceptionCase.objects.filter(status="open")
    assert (case.reason, case.team, case.amount) == ("USAGE_LATE", "billing_ops", Decimal("50.01"))
    row = Delivery.objects.get(kind="usage_true_up")
    assert (row.condition, row.blocked_reason) == ("blocked", "USAGE_LATE")


def test_under_credit_and_rebill_nothing_late_is_billed_by_itself(
    metered: Company, bill_usage: Callable[..., Invoice]
) -> None:
    UsagePlanRecord.objects.update(late_policy="credit_and_rebill")
    bill_usage("0", "0.00")
    intake.take_in("one", [event("1")])
    works()
    assert [case.reason for case in ExceptionCase.objects.filter(status="open")] == ["USAGE_LATE"]


def test_the_line_of_nothing_on_a_first_invoice_freezes_nothing(
    metered: Company, bill_usage: Callable[..., Invoice]
) -> None:
    shape = bill_usage("0", "0.00")
    UsagePeriod.objects.all().delete()
    line = replace(shape.lines[0], service_ends_on=shape.lines[0].service_starts_on)
    assert cut_off.freeze([replace(shape, lines=(line,))]) == []


# -- time and money -----------------------------------------------------------------------------------
def test_billed_months_end_where_billing_ends_them_also_over_a_change_of_clocks(metered: Company) -> None:
    plan = UsagePlanRecord.objects.get()
    entity = plan.legal_entity
    ends = [
        plans.period_end(plan, entity, ends_on=day)
        for day in (datetime(2026, 6, 12).date(), datetime(2026, 11, 12).date())
    ]
    assert ends == [datetime(2026, 6, 13, 16, tzinfo=UTC), datetime(2026, 11, 13, 16, tzinfo=UTC)]
    # the last one ends with the contract, at its own noon
    assert plans.period_end(plan, entity, ends_on=plan.ends_on) == plans.ends_at(plan, entity)


@given(
    quantity=st.decimals(min_value=-(10**9), max_value=10**9, places=6),
    price=st.decimals(min_value=0, max_value=1000, places=9),
    currency=st.sampled_from(["USD", "EUR", "JPY", "KWD", "BRL"]),
)
def test_a_rated_amount_is_within_half_a_minor_unit_and_symmetric(
    quantity: Decimal, price: Decimal, currency: str
) -> None:
    amount = plans.rated(quantity, price, currency)
    digits = {"JPY": 0, "KWD": 3}.get(currency, 2)
    assert abs(amount - quantity * price) <= Decimal("0.5").scaleb(-digits)
    assert -amount == plans.rated(-quantity, price, currency)
    assert amount == amount.quantize(Decimal(1).scaleb(-digits))


def test_plans_are_part_of_the_deal_and_follow_it(metered: Company) -> None:
    plan = UsagePlanRecord.objects.get()
    assert (plan.reference, plan.billing_product, plan.scale) == (f"usage_plan:{deal_id(1)}:calls", "calls", 1)
    assert Delivery.objects.get(kind="usage_plan").condition == "settled"
    assert WorkItem.objects.filter(flow="closed_won_to_billing").get().condition == "settled"


def test_a_metered_contract_that_begins_later_is_told_to_billing_on_its_day(metered: Company) -> None:
    later = DAY + timedelta(days=40)
    for_another = sold(2, customer_reference=customer(2).reference)
    dates = {"starts_on": later, "ends_on": later + timedelta(days=364)}
    lines = tuple(replace(line, **dates) for line in for_another.lines)
    metered.hears(customer(2), replace(for_another, effective_on=later, lines=lines, **dates))
    metered.settles()
    row = Delivery.objects.get(kind="usage_plan", reference__contains=deal_id(2))
    assert (row.condition, row.held_because) == (Condition.HELD, owing.EFFECTIVE_LATER)
    LegalEntity.objects.update(business_date=later)
    assert owing.wake_scheduled() == 2
    metered.settles()
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED

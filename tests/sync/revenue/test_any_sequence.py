"""Whatever happens to a contract in whatever order, its schedules sum to what was invoiced less what was given back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.money import from_minor, minor_units, to_minor
from sync import clock
from sync.models import (
    InvoiceRecord,
    JournalBatchRecord,
    LegalEntity,
    RevenueChange,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from sync.models.revenue import Effect
from sync.revenue import arithmetic, batches, changes, roll_forward
from sync.revenue.arithmetic import split_at, sum_of
from sync.revenue.changes import GivenBack
from sync.revenue.parts import parts_of
from tests.small_company import DAY, Company
from tests.sync.revenue.following import close, deferred, portal_engine, sells_and_bills

CURRENCY = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])
START = date(2026, 3, 11)
EFFECTS = [Effect.CREDIT, Effect.END, Effect.SHORTER, Effect.REST, Effect.RESUME, Effect.CATCH_UP, Effect.AHEAD]


@st.composite
def happenings(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Credits, ends, rests and changes, each from a day of its own; some agreed later than they hold."""
    found = []
    for number in range(draw(st.integers(0, 7))):
        dated = START + timedelta(days=draw(st.integers(-20, 500)))
        effect = draw(st.sampled_from(EFFECTS))
        effective = dated + timedelta(days=draw(st.integers(-60, 60)))
        catches_up = effect != Effect.CREDIT and draw(st.booleans())
        found.append(
            {
                "cause": f"cause:{number}",
                "effect": effect,
                "dated": dated,
                # nothing looks back, save what catches up
                "effective_on": effective if catches_up else max(effective, dated),
                "ends_on": max(effective, dated) + timedelta(days=draw(st.integers(0, 200)))
                if effect == Effect.SHORTER
                else None,
                "catches_up": catches_up,
                "minor": draw(st.integers(-(10**6), 10**8)) if effect == Effect.CREDIT else 0,
            }
        )
    return found


def rows_of(found: list[dict[str, Any]], schedule: RevenueScheduleRecord) -> list[RevenueChange]:
    return [
        RevenueChange(
            **{name: value for name, value in one.items() if name != "minor"},
            amount=-from_minor(one["minor"], schedule.currency),
            schedule=schedule,
        )
        for one in found
    ]


@given(currency=CURRENCY, minor=st.integers(-(10**9), 10**9), length=st.integers(0, 800), found=happenings())
@settings(max_examples=400)
def test_the_parts_sum_to_what_was_invoiced_less_what_was_given_back(
    currency: str, minor: int, length: int, found: list[dict[str, Any]]
) -> None:
    amount = from_minor(minor, currency)
    row = RevenueScheduleRecord(
        currency=currency, starts_on=START, ends_on=START + timedelta(days=length), invoiced_amount=amount
    )
    rows = rows_of(found, row)
    parts = changes.folded(row, rows)
    assert sum_of(parts) == amount + sum((one.amount for one in rows), Decimal(0))
    unit = Decimal(1).scaleb(-minor_units(currency))
    assert all(part.amount == part.amount.quantize(unit) for part in parts)
    # whatever order they are heard in
    assert changes.folded(row, reversed(rows)) == parts


@given(currency=CURRENCY, minor=st.integers(-(10**9), 10**9), length=st.integers(0, 800), found=happenings())
@settings(max_examples=300)
def test_what_was_earned_before_a_change_counts_stays(
    currency: str, minor: int, length: int, found: list[dict[str, Any]]
) -> None:
    row = RevenueScheduleRecord(
        currency=currency,
        starts_on=START,
        ends_on=START + timedelta(days=length),
        invoiced_amount=from_minor(minor, currency),
    )
    rows = sorted(rows_of([one for one in found if one["effect"] != Effect.AHEAD], row), key=lambda one: one.dated)
    for number, one in enumerate(rows):
        if any(other.dated == one.dated for other in rows[:number]):
            continue
        earlier, later = changes.folded(row, rows[:number]), changes.folded(row, rows[: number + 1])
        # whole months: the one it falls in is cut at its day, to the minor unit
        month = one.dated.replace(day=1)
        assert earned_by(later, month, currency) == earned_by(earlier, month, currency)


def earned_by(parts: list[arithmetic.Part], day: date, currency: str) -> Decimal:
    """What parts have earned before a day."""
    return sum_of(split_at(parts, day, currency)[0])


@given(currency=CURRENCY, given_=st.integers(0, 10**9), minor=st.integers(1, 10**9), at=st.integers(0, 400))
def test_given_back_whole_every_later_month_earns_exactly_nothing(
    currency: str, given_: int, minor: int, at: int
) -> None:
    parts = arithmetic.straight_line(
        from_minor(minor, currency), currency, starts_on=START, ends_on=START + timedelta(days=399)
    )
    day = START + timedelta(days=at)
    left = to_minor(sum_of(split_at(parts, day, currency)[1]), currency)
    lower = arithmetic.given_back(parts, currency, on=day, amount=from_minor(max(left, given_), currency))
    assert all(part.amount == 0 for part in lower if part.starts_on > day)


# -- with journals, closed periods and the database's own promises ------------------------------------
@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """What happens, month after month: what, on which day of the month, and how much."""
    kinds = st.sampled_from(["credit", "end", "rest", "resume", "shorter", "catch_up", "quiet", "again", "void"])
    return [(draw(kinds), draw(st.integers(1, 28)), draw(st.integers(1, 60_000))) for _ in range(6)]


@pytest.mark.django_db
@given(currency=CURRENCY, minor=st.integers(1, 300_000), life=lives())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # a failure is told as found: each try takes half a second, and making it smaller would take minutes
    phases=[Phase.explicit, Phase.generate],
)
def test_no_closed_period_moves_and_the_roll_forward_ties_whatever_happens(
    company: Company, currency: str, minor: int, life: list[tuple[str, int, int]]
) -> None:
    with transaction.atomic():
        live(company, currency, from_minor(minor, currency), life)
        transaction.set_rollback(True)


def live(company: Company, currency: str, amount: Decimal, life: list[tuple[str, int, int]]) -> None:
    portal_engine(company)
    row = in_currency(sells_and_bills(company, amount="365.00"), currency, amount)
    close(company)
    closed: dict[int, list[Any]] = {}
    for place, (kind, day, units) in enumerate(life):
        month = 5 + place
        on = date(2026, month, max(day, DAY.day) if month == DAY.month else day)
        happens(row, kind, place, on=on, net=from_minor(units, currency))
        # the month is over: journals, mostly, and every other one is closed as well
        if units % 3:
            batches.seal(company.entity, through=date(2026, month + 1, 1) - timedelta(days=1))
        if units % 2:
            close(company, *closed, month)
            closed[month] = movements_of(month)
        for shut, was in closed.items():
            assert movements_of(shut) == was
        ties(company.entity, currency)
    batches.seal(company.entity, through=date(2028, 12, 31))
    row.refresh_from_db()
    credited = sum((one.amount for one in row.changes.all()), Decimal(0))
    assert row.amount == amount + credited == sum_of(parts_of(row))
    assert deferred() == 0
    journals = roll_forward.lines(company.entity, date(2028, 12, 31))
    assert sum((one.net for one in journals), Decimal(0)) == 0


def happens(row: RevenueScheduleRecord, kind: str, place: int, *, on: date, net: Decimal) -> None:
    if kind in ("credit", "again"):
        given = GivenBack(
            document=f"credit_memo:{place}",
            line_id="1",
            invoice_reference=row.invoice_reference,
            invoice_line_id=row.line_id,
            on=on,
            net=net,
        )
        for _ in range(2 if kind == "again" else 1):
            changes.give_back([given])
    elif kind == "void":
        changes.take_back(f"credit_memo:{place - 1}", void=f"void:{place}", on=on)
    elif kind != "quiet":
        RevenueChange.objects.create(
            schedule=row,
            cause=f"contract:1@{place + 2}",
            effect=kind,
            dated=on,
            # what catches up holds since the month before
            effective_on=on - timedelta(days=30) if kind == "catch_up" else on,
            ends_on=on + timedelta(days=90) if kind == "shorter" else None,
            catches_up=kind == "catch_up",
            created_at=clock.now(),
        )
        changes.work_out([row])


def in_currency(row: RevenueScheduleRecord, currency: str, amount: Decimal) -> RevenueScheduleRecord:
    """The same schedule over an amount in another currency, with movements of its own."""
    InvoiceRecord.objects.filter(reference=row.invoice_reference).update(currency=currency)
    RevenueEventRecord.objects.filter(movement="recognition").update(currency=currency, withdrawn_at=clock.now())
    RevenueEventRecord.objects.filter(movement="deferral").update(currency=currency, amount=amount)
    row.currency, row.billed, row.invoiced_amount, row.amount, row.parts = currency, amount, amount, amount, []
    row.save()
    changes.work_out([row])
    row.refresh_from_db()
    return row


def movements_of(month: int) -> list[Any]:
    rows = RevenueEventRecord.objects.filter(dated__year=2026, dated__month=month).order_by("pk")
    return list(rows.values("reference", "amount", "dated", "withdrawn_at"))


def ties(entity: LegalEntity, currency: str) -> None:
    """Each month opens where the one before closed, and nothing is lost between its columns."""
    before = None
    for month in range(5, 13):
        (one,) = roll_forward.roll_forward(entity, month=date(2026, month, 1))
        assert one.currency == currency
        assert one.opening + one.billed - one.recognised + one.modified == one.closing
        assert before is None or one.opening == before
        before = one.closing
    posted = JournalBatchRecord.objects.filter(currency=currency)
    for batch in posted.prefetch_related("events"):
        assert abs(sum((event.amount for event in batch.events.all()), Decimal(0))) == batch.total

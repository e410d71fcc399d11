"""Posting windows: at once, in a daily window of the entity's own zone, or on hold."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from reconciliation.models import ExceptionCase
from sync import calendar, sweeper
from sync.models import Attempt, Delivery, PostingWindow
from sync.states import Condition
from tests.small_company import Company, customer

# the company trades in New York: 10:00 UTC on 14 May is 06:00 there


def window(company: Company, mode: str, opens: str = "", closes: str = "", kind: str = "invoice") -> PostingWindow:
    return PostingWindow.objects.create(
        entity=company.entity,
        kind=kind,
        mode=mode,
        opens_at=time.fromisoformat(opens) if opens else None,
        closes_at=time.fromisoformat(closes) if closes else None,
    )


def test_outside_its_daily_window_a_posting_is_held_until_it_opens(company: Company, paper, machine) -> None:
    # given invoices that post between 20:00 and 22:00 in New York
    company.sells(1)
    window(company, "batch", "20:00", "22:00")
    row, sent = company.bills(1), len(paper("erp").parcels)
    company.carries("posting")
    # then it is held with the reason and the time, and was not tried
    row.refresh_from_db()
    assert (row.condition, row.held_because) == (Condition.HELD, calendar.WINDOW_SHUT)
    assert row.held_until == datetime(2026, 5, 15, 0, tzinfo=UTC)
    assert row.attempts == 0 and not Attempt.objects.filter(delivery=row).exists()
    assert not ExceptionCase.objects.exists() and len(paper("erp").parcels) == sent
    # when the window opens, then it goes by itself
    machine.passes(hours=13, minutes=59)
    assert sweeper.sweep()["woken"] == 0 and company.carries("posting") == 0
    machine.passes(minutes=2)
    assert sweeper.sweep()["woken"] == 1 and company.carries("posting") == 1
    row.refresh_from_db()
    assert (row.condition, row.held_because) == (Condition.SETTLED, "")


def test_what_is_held_says_until_when_and_why(company: Company) -> None:
    from reconciliation import trail_steps

    company.sells(1)
    window(company, "batch", "20:00", "22:00")
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    words = trail_steps.standing(row, cases={}, waits={}).text
    assert words == "Held until 15 May 2026 00:00 UTC. Then its daily posting window opens."


@pytest.mark.parametrize(
    ("opens", "closes", "at", "until"),
    [
        # New York is four hours behind in summer, five in winter
        ("20:00", "22:00", "2026-05-14T10:00Z", "2026-05-15T00:00Z"),
        ("20:00", "22:00", "2026-05-15T00:00Z", None),
        ("20:00", "22:00", "2026-05-15T01:59Z", None),
        ("20:00", "22:00", "2026-05-15T02:00Z", "2026-05-16T00:00Z"),
        ("20:00", "22:00", "2026-12-14T10:00Z", "2026-12-15T01:00Z"),
        # over midnight
        ("22:00", "02:00", "2026-05-15T01:59Z", "2026-05-15T02:00Z"),
        ("22:00", "02:00", "2026-05-15T02:00Z", None),
        ("22:00", "02:00", "2026-05-15T05:59Z", None),
        ("22:00", "02:00", "2026-05-15T06:00Z", "2026-05-16T02:00Z"),
        # the night clocks go forward, 02:30 does not exist; the window opens half an hour after two would have been
        ("02:30", "05:00", "2026-03-08T06:00Z", "2026-03-08T07:30Z"),
        # the night they go back, 01:30 comes twice; the first one counts
        ("01:30", "04:00", "2026-11-01T05:00Z", "2026-11-01T05:30Z"),
        ("01:30", "04:00", "2026-11-01T06:10Z", None),
    ],
)
def test_a_window_opens_by_the_clock_of_its_entity(
    company: Company, machine, opens: str, closes: str, at: str, until: str | None
) -> None:
    daily = window(company, "batch", opens, closes)
    machine.time = datetime.fromisoformat(at)
    found = calendar.opens_next(daily, company.entity)
    assert found == (datetime.fromisoformat(until) if until else None)
    if found:
        # whoever is woken then finds it open
        machine.time = found.astimezone(UTC) + timedelta(seconds=1)
        assert calendar.opens_next(daily, company.entity) is None


def test_a_kind_on_hold_is_a_case_and_goes_by_itself_when_the_hold_is_lifted(company: Company, paper, machine) -> None:
    # given invoices on hold, and nobody knows until when
    company.sells(1)
    hold = window(company, "hold")
    row, sent = company.bills(1), len(paper("erp").parcels)
    company.carries("posting")
    row.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert (row.condition, row.blocked_reason, row.held_until) == (Condition.BLOCKED, "POSTING_ON_HOLD", None)
    assert (case.reason, case.team) == ("POSTING_ON_HOLD", "finance") and len(paper("erp").parcels) == sent
    assert sweeper.sweep()["released holds"] == 0
    # when the hold is lifted
    hold.mode = "realtime"
    hold.save()
    assert sweeper.sweep()["released holds"] == 1
    case.refresh_from_db()
    assert case.status == "closed"
    assert company.carries("posting") == 1


def test_windows_concern_their_own_kind_and_entity_only(company: Company, paper) -> None:
    company.sells(1)
    window(company, "hold", kind="payment")
    window(company, "realtime", kind="invoice")
    company.bills(1)
    company.hears(customer(5))
    company.carries("deliver", "posting")
    assert not Delivery.objects.filter(condition__in=["held", "blocked"]).exists()


def test_a_closed_period_counts_before_a_window(company: Company) -> None:
    company.sells(1)
    company.period("closed")
    window(company, "batch", "20:00", "22:00")
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    assert row.blocked_reason == "PERIOD_CLOSED"


def test_many_that_are_stopped_at_the_door_do_not_hide_what_may_go(company: Company, paper) -> None:
    # given more invoices on hold than one claim takes, and a payment after them
    company.sells(1)
    window(company, "hold")
    for number in range(1, 21):
        company.bills(number)
    from tests.small_company import payment

    company.hears(payment(1), source=company.billing)
    # when the queue is carried once
    company.carries("posting")
    # then the payment went too
    assert Delivery.objects.get(kind="payment").condition == Condition.SETTLED
    assert Delivery.objects.filter(blocked_reason="POSTING_ON_HOLD").count() == 20


@pytest.mark.parametrize(("opens", "closes"), [("", ""), ("08:00", ""), ("", "08:00"), ("08:00", "08:00")])
def test_a_daily_window_has_its_hours(company: Company, opens: str, closes: str) -> None:
    with pytest.raises(IntegrityError, match="daily_window_has_its_hours"), transaction.atomic():
        window(company, "batch", opens, closes)

"""How a sick or busy system is treated: tries are bounded, it is left alone when it asks, and people are told once."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.db import transaction

from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.http import raise_for_transport, retry_after
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync import connections, doubt, outbox, results, sweeper
from sync.models import Attempt, Block, ConnectionHealth, Delivery
from sync.states import Condition
from tests.paper_erp import LOST_ANSWER, Books
from tests.small_company import Company, customer


@pytest.fixture
def erp(company: Company, paper) -> Books:
    return paper("erp")


def to_the_erp(company: Company, *numbers: int) -> list[Delivery]:
    """Customers owed to the ERP alone."""
    company.hears(*(customer(number) for number in numbers))
    Delivery.objects.filter(target=company.billing).delete()
    return list(Delivery.objects.filter(target=company.erp).order_by("pk"))


def health(company: Company) -> ConnectionHealth:
    return ConnectionHealth.objects.get(connection=company.erp)


def refuse(erp: Books, key: str, error: Exception) -> None:
    """The ERP has trouble with one object only."""

    def look(parcel) -> None:
        if parcel.reference == key:
            raise error

    erp.during_deliver = look


# -- tries are bounded --------------------------------------------------------------------------------
def test_one_object_the_target_never_takes_becomes_a_case_while_others_go_on(
    company: Company, erp: Books, machine
) -> None:
    # given an ERP that works, and one customer it is never available for
    bad, *_ = to_the_erp(company, 1)
    refuse(erp, bad.reference, Unavailable("503 on this record"))
    for number in range(2, results.MOST_TRIES + 4):
        company.hears(customer(number))
        company.carries("deliver")
        machine.passes(3700)
    # then it was tried so often and no more, and integration support has it
    bad.refresh_from_db()
    assert (bad.condition, bad.blocked_reason) == (Condition.BLOCKED, "TARGET_UNAVAILABLE")
    assert Attempt.objects.filter(delivery=bad).count() == results.MOST_TRIES
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.delivery) == ("TARGET_UNAVAILABLE", "integration", bad)
    assert [fix.name for fix in for_case(case)] == ["try_again"]
    assert case.evidence == {"text": "503 on this record"}
    # and the others went through
    assert Delivery.objects.filter(target=company.erp, condition=Condition.SETTLED).count() >= results.MOST_TRIES


def test_a_system_that_is_down_blocks_nothing_and_is_one_case_that_closes_by_itself(
    company: Company, erp: Books, machine
) -> None:
    # given an ERP that is down for an hour and a half
    rows = to_the_erp(company, *range(1, 7))
    erp.next.extend([Unavailable("down")] * 10_000)
    for _ in range(90):
        company.carries("deliver")
        machine.passes(60)
        sweeper.sweep()
    # then nothing is blocked, and there is one case, on the connection, after a quarter of an hour
    assert set(Delivery.objects.filter(target=company.erp).values_list("condition", flat=True)) == {Condition.DUE}
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.connection, case.occurrences) == (
        "SYSTEM_UNREACHABLE",
        "integration",
        company.erp,
        1,
    )
    first = Attempt.objects.earliest("pk").started_at
    assert timedelta(minutes=15) <= case.opened_at - first <= timedelta(minutes=18)
    assert [fix.name for fix in for_case(case)] == ["reconnect"]
    # when it works again
    erp.next.clear()
    for _ in range(70):
        machine.passes(60)
        company.carries("deliver")
    # then everything went and the case closed by itself
    assert Delivery.objects.filter(condition=Condition.SETTLED).count() == len(rows)
    case.refresh_from_db()
    assert case.status == "closed" and health(company).unreachable_since is None


def test_a_few_failures_are_no_case(company: Company, erp: Books, machine) -> None:
    to_the_erp(company, 1)
    erp.next.extend([Unavailable("down")] * 3)
    for _ in range(14):
        company.carries("deliver")
        machine.passes(60)
        sweeper.sweep()
    assert not ExceptionCase.objects.exists()


def test_a_system_that_failed_long_ago_and_is_not_needed_is_no_case(company: Company, erp: Books, machine) -> None:
    # given one failure, and then nothing to send any more
    to_the_erp(company, 1)
    erp.next.append(Unavailable("down"))
    company.carries("deliver")
    Delivery.objects.update(condition="withdrawn")
    machine.passes(7200)
    assert sweeper.sweep()["unreachable"] == 0 and not Block.objects.exists()


def test_a_failed_sign_in_is_not_also_a_system_that_cannot_be_reached(company: Company, erp: Books, machine) -> None:
    # given a case because it was silent
    to_the_erp(company, 1)
    erp.next.extend([Unavailable("down")] * 1000)
    for _ in range(40):
        company.carries("deliver")
        machine.passes(60)
        # tries wait longer and longer, by chance; that people hear of it in time is the sweeper's part
        sweeper.sweep()
    assert ExceptionCase.objects.get(status="open").reason == "SYSTEM_UNREACHABLE"
    # when it answers that our sign-in is wrong
    erp.next.clear()
    erp.next.append(Misconfigured("invalid login"))
    while not health(company).paused_at:
        machine.passes(60)
        company.carries("deliver")
    # then there is one open case, the new one
    assert ExceptionCase.objects.get(status="open").reason == "AUTH_EXPIRED"


def test_look_ups_that_cannot_be_made_while_the_system_works_become_a_case(
    company: Company, erp: Books, machine
) -> None:
    # given a document in doubt, whose look-up alone never works
    company.sells(1)
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    erp.next_find.extend([Unavailable("search is off")] * 1000)
    for number in range(2, results.MOST_LOOK_UPS + 40):
        machine.passes(3700)
        doubt.clear_due()
        company.hears(customer(number))
        company.carries("deliver")
    row.refresh_from_db()
    assert (row.condition, row.blocked_reason) == (Condition.BLOCKED, "UNKNOWN_OUTCOME")
    assert len(erp.of(row.reference)) == 1


# -- the breaker --------------------------------------------------------------------------------------
def test_after_its_rest_exactly_one_call_tries_and_decides(company: Company, erp: Books, machine) -> None:
    # given a breaker opened by five failures, and much to send
    to_the_erp(company, *range(1, 21))
    company.erp.concurrency = 5
    company.erp.save()
    erp.next.extend([Unavailable("down")] * 5)
    company.carries("deliver")
    assert len(erp.parcels) == 5 and health(company).breaker_open_until
    machine.passes(59)
    assert company.carries("deliver") == 0
    # when its minute is over, then one goes, however many workers ask
    machine.passes(2)
    (probe,) = outbox._claim(company.erp, queue="deliver")
    assert outbox._claim(company.erp, queue="deliver") == []
    assert company.carries("deliver") == 0
    # and when that one fails, it is open again for a minute
    erp.next.append(Unavailable("still down"))
    outbox.carry(company.erp, [probe])
    assert len(erp.parcels) == 6
    machine.passes(58)
    assert company.carries("deliver") == 0
    # and when the next one works, everything goes
    machine.passes(3)
    company.carries("deliver")
    assert health(company).breaker_open_until is None and health(company).probe_until is None
    machine.passes(3700)
    company.carries("deliver")
    assert not Delivery.objects.exclude(condition=Condition.SETTLED).exists()


def test_a_probe_that_found_nothing_to_do_leaves_the_door_for_the_next(company: Company, erp: Books, machine) -> None:
    to_the_erp(company, *range(1, 6))
    erp.next.extend([Unavailable("down")] * 5)
    company.carries("deliver")
    Delivery.objects.update(due_at="2027-01-01T00:00Z")
    machine.passes(61)
    assert outbox._claim(company.erp, queue="deliver") == []
    assert health(company).probe_until is None


def test_a_probe_whose_worker_died_is_made_by_another(company: Company, erp: Books, machine) -> None:
    to_the_erp(company, *range(1, 8))
    erp.next.extend([Unavailable("down")] * 7)
    company.carries("deliver")
    machine.passes(61)
    assert len(outbox._claim(company.erp, queue="deliver")) == 1
    machine.passes(connections.PROBE.total_seconds() + 1)
    assert len(outbox._claim(company.erp, queue="deliver")) == 1


def test_a_look_up_may_be_the_probe_and_waits_for_the_breaker_too(company: Company, erp: Books, machine) -> None:
    # given a document in doubt, and then a breaker that opens
    company.sells(1)
    row = company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    for _ in range(connections.BREAKER_FAILURES):
        connections.note_outcome(company.erp, worked=0, failed=1)
    machine.passes(30)
    assert doubt.clear_due() == 0 and not erp.finds
    # not even by one that asked just before it opened
    assert doubt._claim(company.erp, 10) == []
    # when its rest is over
    machine.passes(40)
    assert doubt.clear_due() == 1
    row.refresh_from_db()
    assert row.condition == Condition.SETTLED and health(company).breaker_open_until is None


# -- Retry-After --------------------------------------------------------------------------------------
@pytest.mark.parametrize("asked", [90.0, 7200.0])
@pytest.mark.parametrize("kind", ["busy", "silence"])
def test_the_whole_connection_is_left_alone_as_long_as_it_asked(
    company: Company, erp: Books, machine, asked: float, kind: str
) -> None:
    # given a document in doubt, customers due, and an ERP that asks to be left alone
    company.sells(1)
    company.bills(1)
    erp.next.append(LOST_ANSWER)
    company.carries("posting")
    company.hears(*(customer(number) for number in range(2, 9)))
    Delivery.objects.filter(target=company.billing, condition=Condition.DUE).delete()
    busy = Unavailable("busy", retry_after=asked, reason="RATE_LIMIT")
    sent = len(erp.parcels)
    erp.next.append(busy if kind == "busy" else OutcomeUnknown("503", retry_after=asked))
    (claim, *_) = outbox._claim(company.erp, queue="deliver")
    outbox.carry(company.erp, [claim])
    asked_at = machine()
    # then nothing is sent and nothing is looked up before
    machine.passes(asked - 5)
    Delivery.objects.filter(condition=Condition.CLAIMED).update(condition="due", lease_until=None)
    assert company.carries("deliver", "posting") == 0 and doubt.clear_due() == 0
    assert len(erp.parcels) == sent + 1 and not erp.finds
    assert abs((health(company).rests_until - asked_at).total_seconds() - asked) < 1
    # and after it, everything goes
    machine.passes(10)
    assert company.carries("deliver") > 0 and doubt.clear_due() >= 1


def test_what_a_batch_has_not_sent_yet_is_called_off_when_the_system_asks_to_be_left_alone(
    company: Company, erp: Books, machine, settings
) -> None:
    # given one thread and eight customers in one batch
    settings.CARRY_THREADS = 1
    to_the_erp(company, 1, 2)
    erp.next.append(Unavailable("busy", retry_after=60, reason="RATE_LIMIT"))
    assert company.carries("deliver") == 2
    # then the second was not sent, which was no try
    first, second = Delivery.objects.order_by("pk")
    assert len(erp.parcels) == 1
    assert (second.condition, second.attempts, second.key_sent_at) == (Condition.DUE, 0, None)
    assert Attempt.objects.get(delivery=second).outcome == "not_sent"


def test_what_a_batch_has_not_sent_yet_is_called_off_when_another_worker_is_told_to_wait(
    company: Company, erp: Books, machine, settings, monkeypatch
) -> None:
    # given one thread, two customers in one batch, and a first call that lasts while another worker hears of the rest
    settings.CARRY_THREADS = 1
    to_the_erp(company, 1, 2)
    heard, real, told = threading.Event(), outbox.wait, []

    def wait(*given: Any, **more: Any) -> Any:
        if not told:
            told.append(True)
            machine.passes(30)
            connections.rest(company.erp, seconds=60)
            return set(), set()
        heard.set()
        return real(*given, **more)

    erp.during_deliver = lambda parcel: heard.wait(10)
    monkeypatch.setattr(outbox, "wait", wait)
    company.carries("deliver")
    # then the second was not sent, which was no try, and goes when the rest has ended
    first, second = Delivery.objects.order_by("pk")
    assert first.condition == Condition.SETTLED and len(erp.parcels) == 1
    assert (second.condition, second.attempts, second.key_sent_at) == (Condition.DUE, 0, None)
    machine.passes(61)
    assert company.carries("deliver") == 1 and len(erp.parcels) == 2


@pytest.mark.parametrize("absurd", [float("inf"), 1e12, 999_999_999.0])
def test_an_absurd_wish_is_capped_at_a_day_or_not_heard(company: Company, erp: Books, machine, absurd: float) -> None:
    to_the_erp(company, 1)
    erp.next.append(Unavailable("busy", retry_after=absurd, reason="RATE_LIMIT"))
    company.carries("deliver")
    until = health(company).rests_until
    assert until is None or until <= machine() + connections.LONGEST_REST
    machine.passes(connections.LONGEST_REST.total_seconds() + 1)
    assert company.carries("deliver") == 1


def test_a_shorter_wish_does_not_end_a_longer_one(company: Company, machine) -> None:
    connections.rest(company.erp, seconds=600)
    until = health(company).rests_until
    connections.rest(company.erp, seconds=5)
    assert health(company).rests_until == until
    connections.note_outcome(company.erp, worked=1, failed=0)
    connections.resume(company.erp, note="by hand")
    assert health(company).rests_until == until


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("Thu, 14 May 2026 10:02:00 GMT", 120.0),
        ("Thu, 14 May 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("", None),
        ("99999999999999", None),
        ("Thu, 99 May 2026 10:02:00 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("writes", [True, False])
def test_both_forms_of_the_header_are_read_and_garbage_is_not(
    machine, header: str, seconds: float | None, status: int, writes: bool
) -> None:
    assert retry_after(header, now=machine.time) == seconds
    answer = httpx.Response(status, headers={"retry-after": header}, text="busy")
    with pytest.raises((Unavailable, OutcomeUnknown)) as caught:
        raise_for_transport(answer, system="x", writes=writes, now=machine.time)
    assert caught.value.retry_after == seconds
    assert results.asked_rest(caught.value) == (seconds or None)


def test_the_connection_page_says_that_it_was_asked_to_rest(company: Company, machine) -> None:
    from reconciliation import figures_connections

    connections.rest(company.erp, seconds=600)
    (card,) = [card for card in figures_connections.all_connections() if card.row == company.erp]
    assert card.word == "Resting" and "asked to be left alone until 14 May 10:10" in card.text


def test_a_locked_record_is_no_failure_of_the_system(company: Company, erp: Books, machine) -> None:
    to_the_erp(company, *range(1, 9))
    erp.next.extend([Unavailable("UNABLE_TO_LOCK_ROW", reason="SF_ROW_LOCK", retry_after=600)] * 8)
    company.carries("deliver")
    assert health(company).breaker_open_until is None and health(company).rests_until is None


# -- the retry budget ---------------------------------------------------------------------------------
def many(company: Company, erp: Books, *, calls: int) -> None:
    """So many first calls that worked, just now."""
    with transaction.atomic():
        leave = connections.ask_leave(company.erp, wanted=calls, batch_size=1)
        connections.take(leave, deliveries=calls)


def test_retries_that_come_to_nothing_are_a_fifth_of_all_calls_at_most(company: Company, erp: Books, machine) -> None:
    # given a hundred calls just now, and forty deliveries that failed once
    company.erp.concurrency = 1000
    company.erp.save()
    to_the_erp(company, *range(1, 41))
    Delivery.objects.update(attempts=1)
    many(company, erp, calls=100)
    # when all of them are tried again and fail
    retries = 0
    while claims := outbox._claim(company.erp, queue="deliver"):
        retries += len(claims)
    # then a fifth of all calls goes, and the others wait where people see them
    assert 20 <= retries <= 25 and retries / (100 + retries) <= connections.RETRY_SHARE
    assert Delivery.objects.filter(condition=Condition.DUE).count() == 40 - retries
    assert connections.retries_wait(health(company))
    # and first tries are not held up by that
    company.hears(customer(99))
    assert len(outbox._claim(company.erp, queue="deliver")) == 1
    # and when the window has gone by, the others may go
    machine.passes(2 * connections.HALF_WINDOW.total_seconds() + 1)
    assert outbox._claim(company.erp, queue="deliver")


def test_retries_that_work_give_their_share_back(company: Company, erp: Books, machine) -> None:
    # given a backlog after an outage: a hundred deliveries that failed once each
    company.erp.concurrency = 1000
    company.erp.save()
    to_the_erp(company, *range(1, 101))
    Delivery.objects.update(attempts=1)
    many(company, erp, calls=100)
    # when the system works again, then nothing holds them up
    assert company.carries("deliver") == 100
    assert not Delivery.objects.exclude(condition=Condition.SETTLED).exists()


def test_with_few_calls_there_is_nothing_to_judge(company: Company, erp: Books, machine) -> None:
    to_the_erp(company, *range(1, 13))
    Delivery.objects.update(attempts=1)
    many(company, erp, calls=10)
    assert len(outbox._claim(company.erp, queue="deliver")) == 12


def test_a_first_try_that_was_held_at_the_door_is_no_retry(company: Company, erp: Books, machine) -> None:
    company.sells(1)
    company.period("closing")
    row = company.bills(1)
    company.carries("posting")
    row.refresh_from_db()
    assert (row.condition, row.attempts, row.key_sent_at) == (Condition.BLOCKED, 0, None)


def test_calls_the_failures_of_a_third_cause_stay_within_half_as_many_again(
    company: Company, erp: Books, machine
) -> None:
    # given an ERP that fails three calls in ten
    rows = to_the_erp(company, *range(1, 201))
    calls = SimpleNamespace(count=0)

    def sick(parcel) -> None:
        calls.count += 1
        if calls.count % 10 in (3, 6, 9):
            raise Unavailable("503")

    erp.during_deliver = sick
    for _ in range(300):
        company.carries("deliver")
        machine.passes(5)
        if not Delivery.objects.exclude(condition=Condition.SETTLED).exists():
            break
    # then everything went through with less than half as many calls again
    assert Delivery.objects.filter(condition=Condition.SETTLED).count() == len(rows)
    assert calls.count <= 1.5 * len(rows)


def test_a_refusal_is_an_answer_and_closes_the_breaker(company: Company, erp: Books, machine) -> None:
    to_the_erp(company, *range(1, 7))
    erp.next.extend([Unavailable("down")] * 6)
    company.carries("deliver")
    machine.passes(61)
    erp.next.append(Rejected("no", reason="DIMENSION_MISSING"))
    company.carries("deliver")
    assert health(company).breaker_open_until is None

"""Reading the inbox: fetched, translated, made into work; what cannot be read stops only itself."""

import pytest

from connectors.errors import Misconfigured, Rejected, Unavailable
from reconciliation.models import ExceptionCase
from sync import inbox, polling, reading, sweeper, work
from sync.models import ConnectionHealth, CustomerRecord, PollCursor, SourceEvent, WorkItem
from sync.states import Condition
from tests.paper_erp import PaperCrm
from tests.small_company import Company, customer, deal
from tests.sync.test_inbox import arrived


def test_an_event_is_fetched_read_and_worked_at_once(company: Company, paper) -> None:
    # given an event about an account the CRM has
    paper("crm").says["1"] = [customer(1)]
    event = company.event(object_id="1")
    # when the inbox is read
    assert reading.read_due() == 1
    # then the customer is there, and the event says what it led to
    event.refresh_from_db()
    assert event.condition == Condition.SETTLED and event.outcome.endswith("is carried")
    assert CustomerRecord.objects.get().reference == customer(1).reference


def test_an_object_the_source_no_longer_has_is_said_so(company: Company) -> None:
    event = company.event(object_id="gone")
    reading.read_due()
    event.refresh_from_db()
    assert (event.condition, event.outcome) == (Condition.SETTLED, "The source no longer has it")


def test_a_kind_that_means_nothing_to_us_is_settled(company: Company, paper) -> None:
    paper("crm").says["1"] = []
    event = company.event(object_id="1")
    reading.read_due()
    event.refresh_from_db()
    assert event.outcome == "Nothing to do for this kind" and not WorkItem.objects.exists()


def test_a_record_that_cannot_be_read_is_a_case_with_field_and_value(company: Company, paper) -> None:
    paper("crm").says["1"] = Rejected("no", reason="CONTRACT_INCOMPLETE", field="Close date", value="")
    event = company.event(object_id="1")
    reading.read_due()
    event.refresh_from_db()
    case = ExceptionCase.objects.get()
    assert event.condition == Condition.BLOCKED
    assert (case.event, case.reason, case.field, case.team) == (event, "CONTRACT_INCOMPLETE", "Close date", "sales_ops")


def test_a_message_that_makes_us_crash_is_set_aside_after_three_times_and_the_others_go_on(
    company: Company, paper, machine
) -> None:
    # given two events, one of which makes our own code fail
    paper("crm").says |= {"1": ZeroDivisionError("a bug of ours"), "2": [customer(2)]}
    bad, good = company.event(object_id="1"), company.event(object_id="2")
    # when they are read three times
    for _ in range(3):
        reading.read_due()
        machine.passes(60)
    # then the good one went through and the bad one is a case
    for event in (bad, good):
        event.refresh_from_db()
    assert (good.condition, bad.condition, bad.crashes) == (Condition.SETTLED, Condition.BLOCKED, 3)
    assert ExceptionCase.objects.get().reason == "POISON"


@pytest.mark.parametrize("error", [Unavailable("down", retry_after=30), Unavailable("down")])
def test_a_source_that_is_away_is_asked_again_later(company: Company, machine, monkeypatch, error) -> None:
    # given a source that cannot be reached
    def away(*_, **__):
        raise error

    monkeypatch.setattr(PaperCrm, "fetch", away)
    event = company.event()
    reading.read_due()
    # then the event is due later, not at once, and nobody is bothered
    event.refresh_from_db()
    assert event.condition == Condition.DUE and event.crashes == 0
    assert (event.due_at - machine()).total_seconds() > (error.retry_after or 10) - 1
    assert reading.read_due() == 0 and not ExceptionCase.objects.exists()


def test_a_source_that_refuses_our_sign_in_pauses_its_connection_with_one_case(company: Company, monkeypatch) -> None:
    def refuses(*_, **__):
        raise Misconfigured("invalid client")

    monkeypatch.setattr(PaperCrm, "fetch", refuses)
    for number in range(3):
        company.event(object_id=str(number))
    reading.read_due()
    assert ConnectionHealth.objects.get(connection=company.crm).paused_because == "AUTH_EXPIRED"
    assert ExceptionCase.objects.get().connection == company.crm
    assert SourceEvent.objects.filter(condition=Condition.DUE).count() == 3


def test_two_events_about_one_object_are_one_item(company: Company, paper) -> None:
    paper("crm").says["1"] = [deal(1)]
    first, second = company.event(object_id="1"), company.event(object_id="1")
    reading.read_due()
    assert WorkItem.objects.count() == 1
    for event in (first, second):
        event.refresh_from_db()
        assert event.condition == Condition.SETTLED and event.outcome


def test_an_event_is_claimed_by_one_reader_only(committed_company: Company, in_threads) -> None:
    for number in range(10):
        committed_company.event(object_id=str(number))
    claimed = in_threads(lambda _: [event.pk for event in reading._claim(100)], [1, 2, 3])
    assert sorted(pk for one in claimed for pk in one) == sorted(SourceEvent.objects.values_list("pk", flat=True))


# -- polling ------------------------------------------------------------------------------------------
def test_a_poll_takes_in_what_no_call_brought_and_moves_its_cursor(company: Company, paper) -> None:
    # given one event that was called in and one that was not
    inbox.take_in(company.crm, [arrived(1)], via="callback")
    paper("crm").polled["account"] = ([arrived(1), arrived(2)], "cursor 2")
    # when
    assert polling.poll(company.crm, "account") == 1
    # then
    cursor = PollCursor.objects.get()
    assert (cursor.cursor, cursor.found, SourceEvent.objects.count()) == ("cursor 2", 1, 2)
    assert polling.poll(company.crm, "account") == 0


def test_a_poll_whose_events_were_not_stored_keeps_its_cursor(company: Company, paper, monkeypatch) -> None:
    def fails(*_, **__):
        raise RuntimeError("the database is away")

    paper("crm").polled["account"] = ([arrived(1)], "cursor 2")
    monkeypatch.setattr(polling.inbox, "take_in", fails)
    with pytest.raises(RuntimeError):
        polling.poll(company.crm, "account")
    assert PollCursor.objects.get().cursor == ""


def test_reading_again_after_a_crash_between_reading_and_working_loses_nothing(
    company: Company, paper, monkeypatch, machine
) -> None:
    # given a worker that dies after the event was read and before its item was worked
    paper("crm").says["1"] = [customer(1)]
    company.event(object_id="1")
    with monkeypatch.context() as death:
        death.setattr(reading.work, "work", lambda items: None)
        reading.read_due()
    # when its lease has ended
    machine.passes(61)
    sweeper.sweep()
    assert work.work_due() == 1
    # then it is through
    assert CustomerRecord.objects.count() == 1

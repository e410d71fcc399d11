"""Sources are asked for what calls missed, each window once; their own lists are compared; gaps are one case."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.errors import CursorLost, Misconfigured, Unavailable
from connectors.interface import SourceEvent as Arrived
from reconciliation import sentences
from reconciliation.models import ExceptionCase
from sync import blocks, connections, inbox, missed, polling, reading, schedules
from sync.models import (
    ConnectionHealth,
    JournalEntry,
    PollCursor,
    ScheduleClaim,
    SourceEvent,
    WorkItem,
)
from tests.paper_erp import PaperBilling, PaperCrm
from tests.small_company import Company, customer


def event(number: int, *, revision: int = 0, name: str = "") -> Arrived:
    return Arrived(
        event_id=name or f"evt-{number}",
        kind="account",
        object_id=str(number),
        revision=revision,
        raw=f'{{"event": {number}}}'.encode(),
    )


class Source:
    """What a source on paper lists, and how often it was asked."""

    def __init__(self) -> None:
        self.events: list[Arrived] = []
        self.asked: list[tuple[str, str]] = []
        self.trouble: Exception | None = None
        self.spans: list[tuple[datetime, datetime]] = []

    def poll(self, connector: Any, *, stream: str, cursor: str, now: datetime) -> tuple[list[Arrived], str]:
        self.asked.append((stream, cursor))
        if self.trouble and cursor:
            raise self.trouble
        start = int(cursor or 0)
        return self.events[start:], str(len(self.events))

    def list_events(self, connector: Any, *, stream: str, since: datetime, until: datetime) -> list[Arrived]:
        self.spans.append((since, until))
        return list(self.events)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch, company: Company, paper: Any) -> Source:
    """Billing on paper has one stream and lists events; every object it names is a customer."""
    held = Source()
    monkeypatch.setattr(PaperBilling, "streams", ("events",))
    monkeypatch.setattr(PaperBilling, "capabilities", PaperBilling.capabilities | {"list_events"})
    monkeypatch.setattr(PaperBilling, "poll", lambda self, **asked: held.poll(self, **asked))
    monkeypatch.setattr(PaperBilling, "list_events", lambda self, **asked: held.list_events(self, **asked))
    paper("billing").says |= {str(number): [customer(number)] for number in range(1, 20)}
    return held


def read_all() -> None:
    while reading.read_due():
        pass


def call(company: Company, *numbers: int) -> None:
    inbox.take_in(company.billing, [event(number) for number in numbers], via="callback")


# -- polling ----------------------------------------------------------------------------------------------
def test_every_source_with_streams_is_polled_each_window_once(company: Company, source: Source, machine) -> None:
    # given two beats that nudge at the same time
    assert polling.poll_all() == 0
    polling.poll_all()
    # then each stream was asked once in this window, and again in the next
    assert source.asked == [("events", "")]
    machine.passes(minutes=5)
    polling.poll_all()
    assert source.asked == [("events", ""), ("events", "0")]


def test_two_beats_at_the_same_moment_ask_once(
    committed_company: Company, monkeypatch: pytest.MonkeyPatch, in_threads
) -> None:
    asked: list[str] = []

    def poll(self, *, stream, cursor, now):
        asked.append(stream)
        return [], cursor

    monkeypatch.setattr(PaperCrm, "streams", ("account",))
    monkeypatch.setattr(PaperCrm, "poll", poll)
    errors = [one for one in in_threads(lambda _: polling.poll_all(), [1, 2, 3, 4]) if isinstance(one, Exception)]
    assert not errors and asked == ["account"]


def test_what_a_source_had_before_it_was_first_asked_is_loaded_and_no_gap(
    company: Company, source: Source, machine
) -> None:
    call(company, 9)
    source.events = [event(1), event(2)]
    polling.poll_all()
    read_all()
    machine.passes(hours=1)
    assert set(SourceEvent.objects.values_list("via", flat=True)) == {"callback", "load"}
    assert missed.judge(company.billing) == 0


@pytest.mark.parametrize("trouble", [Unavailable("down"), RuntimeError("a bug of ours")])
def test_a_source_that_is_away_does_not_keep_others_from_being_asked(
    company: Company, source: Source, monkeypatch: pytest.MonkeyPatch, trouble: Exception, machine
) -> None:
    # given a CRM that fails, and billing after it
    def fails(self, **_):
        raise trouble

    monkeypatch.setattr(PaperCrm, "streams", ("account",))
    monkeypatch.setattr(PaperCrm, "poll", fails)
    polling.poll_all()
    # then billing was asked, and the CRM is asked again from the same place
    assert source.asked == [("events", "")]
    assert PollCursor.objects.get(stream="account").cursor == ""


def test_a_source_that_refuses_our_sign_in_is_paused_with_one_case(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self, **_):
        raise Misconfigured("invalid client")

    monkeypatch.setattr(PaperCrm, "streams", ("account",))
    monkeypatch.setattr(PaperCrm, "poll", refuses)
    polling.poll_all()
    assert ExceptionCase.objects.get().connection == company.crm
    # and it is not asked while it is paused
    monkeypatch.setattr(PaperCrm, "poll", lambda self, **_: pytest.fail("asked while paused"))
    polling.poll_all()


def test_a_lost_place_is_read_anew_from_the_oldest_and_said_so(company: Company, source: Source, machine) -> None:
    # given a source that was asked before and forgot our place, having dropped nothing since
    source.events = [event(1)]
    polling.poll(company.billing, "events")
    source.trouble = CursorLost("no such event", oldest_kept=machine() - timedelta(days=30))
    source.events = [event(1), event(2)]
    # when it is asked again
    assert polling.poll(company.billing, "events") == 1
    # then all it keeps was read again, what we had is known, and it is on record, without bothering anybody
    assert SourceEvent.objects.count() == 2 and source.asked[-1] == ("events", "")
    assert PollCursor.objects.get().lost_at is not None
    assert JournalEntry.objects.filter(action="place lost", object_key="billing").count() == 1
    assert not ExceptionCase.objects.exists()


def test_a_lost_place_behind_which_events_were_dropped_is_a_case(company: Company, source: Source, machine) -> None:
    polling.poll(company.billing, "events")
    machine.passes(days=40)
    source.trouble = CursorLost("no such event", oldest_kept=machine() - timedelta(days=30))
    polling.poll(company.billing, "events")
    case = ExceptionCase.objects.get()
    assert (case.reason, case.connection, case.team) == ("EVENT_GAP", company.billing, "integration")
    assert "14 May 2026" in case.value and "not kept there any more" in case.value
    # it stays for people to see, and goes after a quiet day
    missed.judge(company.billing)
    assert ExceptionCase.objects.get().status == "open"
    machine.passes(hours=25)
    missed.judge(company.billing)
    assert ExceptionCase.objects.get().status == "closed"


# -- comparing lists --------------------------------------------------------------------------------------
def test_what_the_source_lists_and_we_never_took_in_is_taken_in_and_counted(
    company: Company, source: Source, machine
) -> None:
    # given a poll that passed over an event, and a call about another
    polling.poll(company.billing, "events")
    call(company, 1)
    source.events = [event(1), event(2)]
    # when the lists are compared
    assert polling.compare(company.billing, "events") == 1
    # then it is in the inbox, the count is visible, and the journal says so
    assert set(SourceEvent.objects.values_list("source_event_id", flat=True)) == {"evt-1", "evt-2"}
    assert PollCursor.objects.get().missing == 1
    assert JournalEntry.objects.filter(action="events found").count() == 1
    # over a day back, leaving what may still be on its way
    since, until = source.spans[0]
    assert timedelta(hours=23) < until - since < timedelta(hours=24)
    assert machine() - until >= missed.SETTLE
    # and the next comparison finds nothing
    assert polling.compare(company.billing, "events") == 0 and PollCursor.objects.get().missing == 0


def test_lists_are_compared_once_an_hour(company: Company, source: Source, machine) -> None:
    for _ in range(24):
        polling.poll_all()
        machine.passes(minutes=5)
    assert len(source.spans) in (2, 3)


# -- judging ----------------------------------------------------------------------------------------------
def test_a_call_that_did_not_come_is_one_case_that_counts_up_and_closes_after_a_quiet_day(
    company: Company, source: Source, machine
) -> None:
    # given a source that calls, and two events it did not call about
    call(company, 1)
    polling.poll(company.billing, "events")
    source.events = [event(1), event(2)]
    polling.poll(company.billing, "events")
    read_all()
    # while a call may still come, nobody is bothered
    assert missed.judge(company.billing) == 0 and not ExceptionCase.objects.exists()
    machine.passes(minutes=11)
    assert missed.judge(company.billing) == 1
    # then there is one case at the connection, in words
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.connection) == ("EVENT_GAP", "integration", company.billing)
    assert case.value.startswith("one change of the last 24 hours came in only because we asked")
    assert "the latest account 2 at 10:00 UTC" in case.value
    six = sentences.six(case)
    assert six.happened.endswith("we found that changes at Paper BILLING had not reached us.")
    assert six.check == "The case closes by itself once nothing was missed for a whole day."
    assert "Paper Billing did not tell us of everything" in six.why and "switched on" in six.why
    # judging again counts nothing twice
    missed.judge(company.billing)
    case.refresh_from_db()
    assert case.occurrences == 1
    # another one counts up
    source.events.append(event(3))
    polling.poll(company.billing, "events")
    read_all()
    machine.passes(minutes=11)
    assert missed.judge(company.billing) == 2
    case.refresh_from_db()
    assert (case.occurrences, ExceptionCase.objects.count()) == (2, 1)
    assert ConnectionHealth.objects.get(connection=company.billing).missed_calls == 2
    # and it closes by itself once a whole day shows no gap
    machine.passes(hours=23)
    missed.judge(company.billing)
    case.refresh_from_db()
    assert case.status == "open"
    machine.passes(hours=1)
    assert missed.judge(company.billing) == 0
    case.refresh_from_db()
    assert case.status == "closed"


def test_a_call_that_comes_after_the_poll_is_no_gap(company: Company, source: Source, machine) -> None:
    # given a poll that was quicker than the call
    call(company, 1)
    polling.poll(company.billing, "events")
    source.events = [event(1), event(2)]
    polling.poll(company.billing, "events")
    read_all()
    call(company, 2)
    machine.passes(minutes=11)
    assert missed.judge(company.billing) == 0 and not ExceptionCase.objects.exists()


def test_a_source_that_never_calls_is_only_asked(company: Company, source: Source, machine) -> None:
    polling.poll(company.billing, "events")
    source.events = [event(1)]
    polling.poll(company.billing, "events")
    read_all()
    machine.passes(minutes=11)
    assert WorkItem.objects.count() == 1
    assert missed.judge(company.billing) == 0 and not ExceptionCase.objects.exists()


def test_what_led_to_nothing_is_no_gap(company: Company, source: Source, machine, paper) -> None:
    # given an event of a kind that means nothing to us
    call(company, 1)
    polling.poll(company.billing, "events")
    paper("billing").says["2"] = []
    source.events = [event(1), event(2)]
    polling.poll(company.billing, "events")
    read_all()
    machine.passes(minutes=11)
    assert missed.judge(company.billing) == 0


def test_a_pause_and_a_gap_are_two_cases_that_end_on_their_own(company: Company, source: Source, machine) -> None:
    call(company, 1)
    polling.poll(company.billing, "events")
    source.events = [event(1), event(2)]
    polling.poll(company.billing, "events")
    read_all()
    machine.passes(minutes=11)
    missed.judge(company.billing)
    connections.pause(company.billing, reason="AUTH_EXPIRED")
    # resuming ends only the pause
    connections.resume(company.billing, note="Works again")
    assert ExceptionCase.objects.get(status="open").reason == "EVENT_GAP"
    # and a quiet day ends only the gap
    connections.pause(company.billing, reason="AUTH_EXPIRED")
    machine.passes(hours=25)
    missed.judge(company.billing)
    assert ExceptionCase.objects.get(status="open").reason == "AUTH_EXPIRED"


# -- lists of records as they are -------------------------------------------------------------------------
@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch, source: Source) -> Source:
    monkeypatch.setattr(PaperBilling, "lists_states", True)
    return source


def test_a_record_that_was_read_at_this_revision_is_not_taken_in_again_under_another_id(
    company: Company, states: Source
) -> None:
    # given a call about a record at revision 5, under an id of its own
    polling.poll(company.billing, "events")
    inbox.take_in(company.billing, [event(1, revision=5, name="notification 1")], via="callback")
    # when the list shows the record at that revision, and another one newer
    states.events = [event(1, revision=5, name="poll:1:5"), event(2, revision=1, name="poll:2:1")]
    assert polling.poll(company.billing, "events") == 1
    assert not SourceEvent.objects.filter(source_event_id="poll:1:5").exists()
    # and a newer revision is taken in
    states.events.append(event(1, revision=6, name="poll:1:6"))
    assert polling.poll(company.billing, "events") == 1


def test_a_call_without_a_revision_counts_once_its_record_was_read(company: Company, states: Source, paper) -> None:
    # given a call that does not carry the revision, whose record was read at 7
    polling.poll(company.billing, "events")
    paper("billing").says["1"] = [customer(1, version=7)]
    inbox.take_in(company.billing, [event(1, name="notification 1")], via="callback")
    read_all()
    states.events = [event(1, revision=7, name="poll:1:7")]
    assert polling.poll(company.billing, "events") == 0


def test_a_call_about_the_same_record_soon_after_the_poll_tells_of_it(
    company: Company, states: Source, machine
) -> None:
    polling.poll(company.billing, "events")
    states.events = [event(1, revision=5, name="poll:1:5")]
    polling.poll(company.billing, "events")
    read_all()
    inbox.take_in(company.billing, [event(1, name="notification 1")], via="callback")
    machine.passes(minutes=11)
    assert missed.judge(company.billing) == 0


# -- windows ----------------------------------------------------------------------------------------------
def test_windows_of_polls_are_forgotten_after_two_days_and_those_of_controls_are_kept(company: Company, machine):
    for job in ("poll:billing:events", "control:invoices:US01"):
        assert schedules.claim(job, "w")
        schedules.finish(job, "w")
    machine.passes(days=3)
    assert schedules.forget_old("poll:", "compare:") == 1
    assert list(ScheduleClaim.objects.values_list("job", flat=True)) == ["control:invoices:US01"]


def test_clearing_one_reason_leaves_the_others(company: Company) -> None:
    for reason in ("EVENT_GAP", "RATE_LIMIT"):
        blocks.put([blocks.Stop(connection=company.erp, reason=reason)])
    blocks.clear(connections=[company.erp.pk], reasons={"EVENT_GAP"}, note="over")
    assert ExceptionCase.objects.get(status="open").reason == "RATE_LIMIT"

"""Everything that asks a source (reading events, polling, comparing lists) keeps the rules that sending keeps."""

from datetime import timedelta
from typing import Any

import pytest

from connectors import news
from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import SourceEvent as Arrived
from reconciliation.models import ExceptionCase
from sync import connections, polling, reading, sweeper
from sync.models import ConnectionHealth, Delivery, PollCursor, SourceEvent
from sync.states import Condition
from tests.paper_erp import PaperBilling, PaperCrm, PaperErp
from tests.small_company import Company, customer, deal


class Away:
    """A source that does not answer, and how often it was called."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.calls = 0

    def fetch(self, connector: Any, *, kind: str, object_ids: list[str]) -> dict[str, Any]:
        self.calls += 1
        if self.error:
            raise self.error
        return {key: {"id": key} for key in object_ids}

    def poll(self, connector: Any, *, stream: str, cursor: str, now: Any) -> tuple[list[Any], str]:
        self.calls += 1
        if self.error:
            raise self.error
        return [], "1"


def crm_is(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Away:
    away = Away(error)
    monkeypatch.setattr(PaperCrm, "fetch", lambda self, **asked: away.fetch(self, **asked))
    return away


def billing_is(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Away:
    away = Away(error)
    monkeypatch.setattr(PaperBilling, "streams", ("events",))
    monkeypatch.setattr(PaperBilling, "capabilities", PaperBilling.capabilities | {"poll"})
    monkeypatch.setattr(PaperBilling, "poll", lambda self, **asked: away.poll(self, **asked))
    return away


def health(row: Any) -> ConnectionHealth:
    return ConnectionHealth.objects.get(connection=row)


# -- reading ----------------------------------------------------------------------------------------------
def test_a_paused_source_is_not_called_and_its_events_are_read_once_it_is_resumed(
    company: Company, paper: Any, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a paused source with an event that waits
    away = crm_is(monkeypatch, Unavailable("never"))
    away.error = None
    paper("crm").says["1"] = [deal(1)]
    event = company.event(object_id="1")
    connections.pause(company.crm, reason="PAUSED_BY_HAND")
    for _ in range(20):
        reading.read_due()
        machine.passes(30)
    assert away.calls == 0
    # when it is resumed
    connections.resume(company.crm, note="done")
    machine.passes(61)
    reading.read_due()
    # then the event is read, and waiting was no crash
    event.refresh_from_db()
    assert (event.condition, event.crashes) == (Condition.SETTLED, 0) and away.calls == 1


def test_a_source_that_asks_for_time_is_left_alone_wholly_and_as_long_as_it_asked(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = crm_is(monkeypatch, Unavailable("slow down", retry_after=300, http_status=429))
    for number in range(20):
        company.event(object_id=str(number))
        reading.read_due()
        machine.passes(14)
    assert away.calls == 1 and health(company.crm).rests_until > machine()
    machine.passes(60)
    reading.read_due()
    assert away.calls == 2


@pytest.mark.parametrize("asked", [999_999_999.0, 2.5e11, float("inf"), float("nan")])
def test_no_event_waits_longer_than_the_longest_rest_whatever_its_source_asks_for(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch, asked: float
) -> None:
    crm_is(monkeypatch, Unavailable("slow down", retry_after=asked))
    event = company.event(object_id="1")
    reading.read_due()
    event.refresh_from_db()
    assert event.condition == Condition.DUE
    assert event.due_at - machine() <= connections.LONGEST_REST


def test_waits_grow_with_each_try_and_differ(company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    crm_is(monkeypatch, OutcomeUnknown("silence"))
    event, waits = company.event(object_id="1"), []
    for _ in range(12):
        reading.read_due()
        event.refresh_from_db()
        waits.append((event.due_at - machine()).total_seconds())
        machine.passes(waits[-1] + 1)
        ConnectionHealth.objects.update(breaker_open_until=None, probe_until=None)
    assert all(wait >= reading.LEAST.total_seconds() for wait in waits)
    assert len(set(waits)) == len(waits) and max(waits[6:]) > 4 * min(waits)


def test_an_open_breaker_lets_one_read_through_as_the_probe(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a source that failed so often that it gets rest
    away = crm_is(monkeypatch, OutcomeUnknown("silence"))
    connections.note_outcome(company.crm, worked=0, failed=connections.BREAKER_FAILURES, text="silence")
    for number in range(3):
        company.event(object_id=str(number))
    reading.read_due()
    assert away.calls == 0
    # when the rest is over, one call goes out, and it fails
    machine.passes(connections.BREAKER_PAUSE.total_seconds() + 61)
    reading.read_due()
    reading.read_due()
    assert away.calls == 1
    # when the next one works, all is read
    away.error = None
    machine.passes(3700)
    reading.read_due()
    assert health(company.crm).breaker_open_until is None


def test_a_source_whose_connector_cannot_be_built_is_paused_and_the_others_are_read(
    company: Company, paper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a CRM whose set-up is broken, and billing that works
    def cannot(self: Any, setup: Any) -> None:
        raise ValueError("no such time zone")

    monkeypatch.setattr(PaperCrm, "__init__", cannot)
    connections._built.cache_clear()
    broken = company.event(object_id="1")
    fine = SourceEvent.objects.get(pk=company.event(object_id="2").pk)
    SourceEvent.objects.filter(pk=fine.pk).update(connection=company.billing)
    paper("billing").says["2"] = []
    reading.read_due()
    # then billing was read, and the CRM is one case
    fine.refresh_from_db()
    broken.refresh_from_db()
    assert (fine.condition, broken.condition) == (Condition.SETTLED, Condition.DUE)
    assert ExceptionCase.objects.get().connection == company.crm and health(company.crm).paused_at
    polling.poll_all()


def test_one_object_a_source_refuses_is_told_apart_from_those_asked_for_with_it(
    company: Company, paper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(self: Any, *, kind: str, object_ids: list[str]) -> dict[str, Any]:
        if "bad" in object_ids:
            raise Rejected("malformed id", reason="SCHEMA_CHANGE", field="id", value="bad")
        return {key: {"id": key} for key in object_ids}

    monkeypatch.setattr(PaperCrm, "fetch", fetch)
    paper("crm").says["1"] = [deal(1)]
    bad, good = company.event(object_id="bad"), company.event(object_id="1")
    reading.read_due()
    for event in (bad, good):
        event.refresh_from_db()
    assert (bad.condition, good.condition) == (Condition.BLOCKED, Condition.SETTLED)
    assert ExceptionCase.objects.get().reason == "SCHEMA_CHANGE"


def test_what_an_event_carries_itself_is_read_while_its_source_rests(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections.rest(company.crm, seconds=3600)
    monkeypatch.setattr(PaperCrm, "reopen", lambda self, *, kind, raw: {"id": "1"}, raising=False)
    monkeypatch.setattr(PaperCrm, "translate", lambda self, *, kind, record, version: [deal(1)])
    event = company.event(object_id="1")
    reading.read_due()
    event.refresh_from_db()
    assert event.condition == Condition.SETTLED


# -- a source that is away ---------------------------------------------------------------------------------
def test_a_source_that_cannot_be_reached_is_one_case_after_a_quarter_of_an_hour_and_closes_by_itself(
    company: Company, paper: Any, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = crm_is(monkeypatch, OutcomeUnknown("silence"))
    paper("crm").says["1"] = [deal(1)]
    company.event(object_id="1")
    for _ in range(40):
        reading.read_due()
        sweeper.sweep()
        machine.passes(60)
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.connection) == ("SYSTEM_UNREACHABLE", company.crm)
    away.error = None
    machine.passes(3700)
    reading.read_due()
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_a_source_whose_news_cannot_be_asked_for_is_the_same_case(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = billing_is(monkeypatch, OutcomeUnknown("silence"))
    for _ in range(12):
        polling.poll_all()
        sweeper.sweep()
        machine.passes(300)
    assert ExceptionCase.objects.get(status="open").reason == "SYSTEM_UNREACHABLE"
    away.error = None
    machine.passes(300)
    polling.poll_all()
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_polls_leave_a_source_alone_that_asked_for_it(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = billing_is(monkeypatch, Unavailable("slow down", retry_after=7200))
    for _ in range(23):
        polling.poll_all()
        machine.passes(300)
    assert away.calls == 1
    away.error = None
    machine.passes(600)
    polling.poll_all()
    assert away.calls == 2 and PollCursor.objects.get(connection=company.billing).polled_at


def test_a_list_we_fail_at_is_a_case_until_it_can_be_read_again(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given billing whose list breaks our reader
    away = billing_is(monkeypatch, KeyError("created"))
    for _ in range(12):
        polling.poll_all()
        machine.passes(300)
    # then it is one case of integration support, and nothing is said against the system itself
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.connection, case.team) == (polling.UNREAD, company.billing, "integration")
    # when it can be read again the case closes
    away.error = None
    machine.passes(300)
    polling.poll_all()
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_a_source_that_refuses_our_sign_in_while_polled_pauses(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = billing_is(monkeypatch, Misconfigured("invalid key"))
    polling.poll_all()
    polling.poll_all()
    assert away.calls == 1 and health(company.billing).paused_because == "AUTH_EXPIRED"


def test_periods_are_not_asked_for_while_an_erp_rests(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sync.calendar.mirror", lambda row: asked.append(row.code) or 0)
    connections.rest(company.erp, seconds=timedelta(hours=1).total_seconds())
    polling.mirror_all()
    assert asked == []


@pytest.mark.parametrize("job", ["poll", "mirror"])
def test_a_source_that_answers_with_a_refusal_is_not_said_to_be_away(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    # given a system that says no whenever it is asked
    no = Rejected("no such column", reason="SCHEMA_CHANGE", field="created", value="")
    away = billing_is(monkeypatch, no if job == "poll" else Unavailable("never"))
    if job == "mirror":
        away.error = None
        monkeypatch.setattr(PaperErp, "periods", refuses(no))
    for _ in range(12):
        polling.poll_all()
        polling.mirror_all()
        sweeper.sweep()
        machine.passes(300)
    # then it is one case about what it lists, and its breaker is shut
    row = company.billing if job == "poll" else company.erp
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.connection) == (polling.UNREAD, row)
    assert health(row).failing_since is None and connections.may_call(row)


def refuses(error: Exception) -> Any:
    def periods(self: Any, *, entity: str) -> Any:
        raise error

    return periods


@pytest.mark.parametrize("error", [Unavailable("limit", reason="RATE_LIMIT", http_status=403)])
def test_a_source_that_has_too_much_to_do_is_there_whatever_status_it_says_so_with(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch, error: Unavailable
) -> None:
    billing_is(monkeypatch, error)
    for _ in range(12):
        polling.poll_all()
        sweeper.sweep()
        machine.passes(300)
    assert not ExceptionCase.objects.exists()


def test_periods_that_could_be_read_end_the_rest_after_failures(company: Company, machine: Any) -> None:
    connections.note_outcome(company.erp, worked=0, failed=connections.BREAKER_FAILURES, text="silence")
    machine.passes(61)
    polling.mirror_all()
    assert health(company.erp).breaker_open_until is None


def test_periods_we_fail_at_are_a_case_until_they_can_be_read_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(PaperErp, "periods", refuses(KeyError("state")))
        polling.mirror_all()
    assert ExceptionCase.objects.get(status="open").reason == polling.UNREAD
    polling.poll_all()
    assert ExceptionCase.objects.filter(status="open").exists()
    polling.mirror_all()
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_an_erp_whose_periods_cannot_be_asked_for_is_a_case_though_nothing_else_waits(
    company: Company, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PaperErp, "periods", refuses(OutcomeUnknown("silence")))
    for _ in range(12):
        polling.mirror_all()
        sweeper.sweep()
        machine.passes(300)
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.connection) == ("SYSTEM_UNREACHABLE", company.erp)


def test_an_entry_that_tells_nothing_of_itself_is_a_case_and_the_others_of_its_page_are_read(
    company: Company, paper: Any, machine: Any
) -> None:
    # given a page of three, of which one cannot be read at all
    def read(entry: Any) -> Arrived:
        return Arrived(event_id=entry["id"], kind="account", object_id=entry["id"], raw=b"{}")

    page = news.events_of([{"id": "1"}, {"no": "id"}, {"id": "2"}], read, about=lambda entry: ("account", entry["id"]))
    paper("crm").polled["account"] = (page, "cursor 2")
    paper("crm").says |= {"1": [customer(1)], "2": [customer(2)]}
    # when
    polling.poll(company.crm, "account")
    for _ in range(4):
        reading.read_due()
        machine.passes(60)
    # then the cursor moved on, two were read, and one is a case with its bytes
    assert PollCursor.objects.get().cursor == "cursor 2"
    assert SourceEvent.objects.filter(condition=Condition.SETTLED).count() == 2
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, bytes(case.event.body.raw)) == ("POISON", "integration", b'{"no":"id"}')
    assert "without saying what it is about" in case.event.blocks.get().evidence["text"]
    # and the same list brings nothing new
    paper("crm").polled["account"] = (page, "cursor 2")
    assert polling.poll(company.crm, "account") == 0


def test_asking_that_works_hides_no_sending_that_fails_nor_counts_against_what_is_sent(
    company: Company, paper: Any, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given billing that answers questions and takes nothing for half a day
    away = billing_is(monkeypatch, Unavailable("never"))
    away.error = None
    company.hears(*(customer(number) for number in range(1, 4)))
    paper("billing").next.extend([Unavailable("down")] * 10_000)
    for _ in range(60 * 6):
        company.carries("deliver")
        polling.poll_all()
        sweeper.sweep()
        machine.passes(60)
    # then that is one case of the connection, not one of each delivery
    case = ExceptionCase.objects.get()
    assert (case.reason, case.connection) == ("SYSTEM_UNREACHABLE", company.billing)
    waiting = Delivery.objects.filter(target=company.billing)
    assert set(waiting.values_list("condition", flat=True)) == {Condition.DUE}

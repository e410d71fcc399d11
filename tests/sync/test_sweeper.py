"""With two beats, with none, with no broker: everything happens, and each window of a schedule once."""

import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from q2c_portal.schedule import TIMETABLE
from reconciliation.models import ControlRun, ExceptionCase
from sync import clock, inbox, nudges, polling, sweeper, tasks, timetable
from sync.models import (
    CrmStatusRecord,
    CustomerRecord,
    Delivery,
    Heartbeat,
    PollCursor,
    ScheduleClaim,
    SourceEvent,
    WorkItem,
)
from sync.states import Condition
from tests.paper_erp import LOST_ANSWER, PaperBilling, PaperCrm
from tests.small_company import DAY, Company, customer, deal
from tests.sync.test_inbox import arrived


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Both sources on paper have a stream; how often each was asked."""
    asked: Counter[str] = Counter()

    def poll(self, *, stream, cursor, now):
        asked[self.setup.code] += 1
        return [], cursor

    for source in (PaperCrm, PaperBilling):
        monkeypatch.setattr(source, "streams", ("account",))
        monkeypatch.setattr(source, "poll", poll)
    return asked


def test_the_sweeper_does_every_job_of_the_timetable() -> None:
    found = {entry.name: entry.every for entry in timetable.entries()}
    wanted = {name: line["schedule"] for name, line in TIMETABLE.items() if line["task"] != "sync.tasks.sweep"}
    assert found == wanted and len(found) >= 6


def test_without_beat_and_broker_the_sweeper_alone_does_it_all(
    company: Company, paper: Any, machine, streams: Counter[str]
) -> None:
    # given a deal that is called in, a payment system whose answer gets lost, and nobody else at work
    paper("crm").says |= {"1": [customer(1)], "2": [deal(1)]}
    paper("billing").next.append(LOST_ANSWER)
    events = [type(arrived())(event_id=key, kind="object", object_id=key, raw=key.encode()) for key in ("1", "2")]
    inbox.take_in(company.crm, events, via="callback")
    # when the sweeper comes by again and again
    for _ in range(12):
        machine.passes(8)
        call_command("sweeper", once=True)
    # then the deal is in billing, once, after a look-up
    assert not WorkItem.objects.exclude(condition=Condition.SETTLED).exists()
    assert not Delivery.objects.exclude(condition=Condition.SETTLED).exists()
    assert [entry.kind for entry in paper("billing").entries] == ["customer", "contract"]
    assert paper("billing").finds
    # sources were asked, sellers told, controls run, and somebody is seen alive
    assert streams["crm"] >= 1 and PollCursor.objects.exclude(stream="periods").count() == 2
    assert paper("crm").parcels and CrmStatusRecord.objects.exists()
    assert ControlRun.objects.filter(business_date=DAY).exists()
    assert Heartbeat.objects.filter(name="sweeper").exists()


def test_two_beats_and_a_sweeper_run_each_window_once(
    committed_company: Company, streams: Counter[str], in_threads
) -> None:
    # given three who all do the whole timetable at the same moment
    jobs = timetable.entries()

    def everything(_: int) -> None:
        for job in jobs:
            job.run()
        tasks.sweep()

    errors = [one for one in in_threads(everything, [1, 2, 3]) if isinstance(one, Exception)]
    assert not errors
    # then every control ran once per date, and looked back once this hour; every source was asked once
    runs = Counter(ControlRun.objects.values_list("control", "business_date"))
    newest = max(day for _, day in runs)
    assert {count for (_, day), count in runs.items() if day < newest} == {1}
    assert {count for (_, day), count in runs.items() if day == newest} <= {1, 2}
    looked = ScheduleClaim.objects.filter(job__startswith="look back:").count()
    assert sum(count for (_, day), count in runs.items() if day == newest) == looked + len(
        {control for control, day in runs if day == newest}
    )
    assert streams == {"crm": 1, "billing": 1}


def test_a_job_that_fails_is_done_again_and_stops_no_other(company: Company, caplog) -> None:
    calls: list[str] = []

    def fails() -> None:
        calls.append("failed")
        raise RuntimeError("a bug of ours")

    entries = [
        timetable.Entry(name="bad", every=1, run=fails),
        timetable.Entry(name="good", every=1, run=lambda: calls.append("done")),
    ]
    assert [timetable.run(entry) for entry in (*entries, *entries)] == [False, True, False, True]
    assert calls == ["failed", "done"] * 2 and "bad: failed" in caplog.text


def test_jobs_run_side_by_side_and_end_when_they_are_told() -> None:
    # given a job that takes long and one that is quick
    ending, done, blocked = threading.Event(), [], threading.Event()
    entries = [
        timetable.Entry(name="long", every=0.01, run=lambda: blocked.wait(5) and None),
        timetable.Entry(name="quick", every=0.01, run=lambda: done.append(1)),
    ]
    threads = timetable.keep_running(entries, ending)
    until = time.monotonic() + 5
    while len(done) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    # then the quick one went on meanwhile
    assert len(done) >= 5
    ending.set()
    blocked.set()
    for thread in threads:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in threads)


def test_lost_nudges_are_said_again_by_the_sweep(company: Company, machine, monkeypatch) -> None:
    # given work that was nudged once, and the nudge lost
    said: list[str] = []
    company.hears(customer(1))
    company.event(object_id="1")
    machine.passes(6)
    monkeypatch.setattr(nudges, "nudge", lambda *queues: said.extend(queues))
    monkeypatch.setattr(sweeper.nudges, "nudge", lambda *queues: said.extend(queues))
    tasks.sweep()
    assert set(said) == {"deliver", "ingest"}


def test_a_reader_gives_its_queue_back_before_the_task_is_cut_off(company: Company, paper, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(tasks, "STAY_SECONDS", 0.0)
    monkeypatch.setattr(tasks.nudges, "nudge", lambda *queues: said.extend(queues))
    paper("crm").says["1"] = [customer(1)]
    company.event(object_id="1")
    tasks.read_inbox()
    assert "ingest" in said and CustomerRecord.objects.count() == 1


def test_an_erp_that_is_away_keeps_no_other_from_being_mirrored(company: Company, paper, monkeypatch) -> None:
    from connectors.errors import Unavailable

    company.period("open")
    paper("erp").periods.clear()

    def away(row):
        raise Unavailable("down")

    monkeypatch.setattr(polling.calendar, "mirror", away)
    assert polling.mirror_all() == 0 and not ExceptionCase.objects.exists()


def test_what_is_claimed_by_a_living_worker_is_left_to_it(company: Company, machine) -> None:
    company.event(object_id="1")
    SourceEvent.objects.update(condition="claimed", lease_until=clock.now() + timedelta(seconds=60), crashes=3)
    assert sweeper.sweep()["events"] == 0
    machine.passes(61)
    assert sweeper.sweep()["events"] == 1
    assert ExceptionCase.objects.get().reason == "POISON"

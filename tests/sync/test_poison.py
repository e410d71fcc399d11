"""What kills a whole worker process is set aside after three deaths; all else goes on. The workers are processes."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection, transaction

from reconciliation.models import ExceptionCase
from sync import clock, inbox, reading, sweeper, work
from sync.models import CustomerRecord, SourceEvent, WorkItem
from sync.states import Condition
from tests.small_company import Company, customer, found_company
from tests.sync.test_inbox import arrived

DIED = 9


@pytest.fixture
def at_work(transactional_db, paper) -> Company:
    """A company on the real clock, as the processes have it."""
    return found_company()


def a_worker(part: str) -> int:
    """Let a process of its own do its work; how it ended."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.sync.deadly", connection.settings_dict["NAME"], part],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "q2c_portal.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, DIED), done.stderr[-2000:]
    return done.returncode


def leases_end(model: type[SourceEvent] | type[WorkItem]) -> None:
    """The time of a lease passes, and the sweeper comes by."""
    model._default_manager.filter(condition=Condition.CLAIMED).update(lease_until="2026-01-01T00:00Z")
    sweeper.sweep()


def test_an_event_that_kills_its_worker_in_a_batch_of_two_hundred_is_the_only_one_set_aside(at_work: Company) -> None:
    # given two hundred events, one of which kills the process that reads it
    batch = [
        type(arrived())(event_id=f"e-{key}", kind="account", object_id=key, raw=b"{}")
        for key in [*map(str, range(1, 120)), "deadly", *map(str, range(120, 200))]
    ]
    inbox.take_in(at_work.crm, batch, via="callback")
    # when worker after worker dies over it
    deaths = 0
    for _ in range(10):
        if a_worker("READ") != DIED:
            break
        deaths += 1
        leases_end(SourceEvent)
        leases_end(WorkItem)
    # then it took three deaths, and it alone is a case
    assert deaths == 3
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.event.object_id) == ("POISON", "integration", "deadly")
    assert case.event.condition == Condition.BLOCKED and case.event.crashes == 3
    # and all others went through, with nothing counted against them
    assert CustomerRecord.objects.count() == 199
    others = SourceEvent.objects.exclude(object_id="deadly")
    assert set(others.values_list("condition", "crashes")) == {(Condition.SETTLED, 0)}
    assert set(WorkItem.objects.values_list("condition", "crashes")) == {(Condition.SETTLED, 0)}


def test_after_the_first_death_the_others_do_not_wait_for_the_culprit(at_work: Company) -> None:
    # given thirty events behind a deadly one
    batch = [
        type(arrived())(event_id=f"e-{key}", kind="account", object_id=key, raw=b"{}")
        for key in ["deadly", *map(str, range(1, 31))]
    ]
    inbox.take_in(at_work.crm, batch, via="callback")
    assert a_worker("READ") == DIED
    leases_end(SourceEvent)
    # when the next worker comes, it dies too: the culprit was the first in the queue
    assert a_worker("READ") == DIED
    # then the others are not under its lease: the worker after that reads them at once
    assert SourceEvent.objects.filter(condition=Condition.CLAIMED).count() == 1
    assert a_worker("READ") == 0
    assert CustomerRecord.objects.count() == 30 and not ExceptionCase.objects.exists()
    leases_end(SourceEvent)
    assert a_worker("READ") == DIED
    leases_end(SourceEvent)
    assert ExceptionCase.objects.get().event.object_id == "deadly"


def test_an_item_that_kills_its_worker_is_set_aside_and_its_batch_goes_through(at_work: Company) -> None:
    # given twenty items, one of which kills the process that works it
    shapes = [customer(number) for number in range(1, 20)] + [customer(999, name="deadly")]
    with transaction.atomic():
        work.register([(at_work.event(condition="settled"), shape) for shape in shapes])
    deaths = 0
    while a_worker("WORK") == DIED and deaths < 10:
        deaths += 1
        leases_end(WorkItem)
    assert deaths == 3
    case = ExceptionCase.objects.get()
    assert (case.reason, case.work_item.condition) == ("POISON", Condition.BLOCKED)
    assert CustomerRecord.objects.count() == 19


def test_an_event_whose_item_kills_the_worker_is_read_and_only_the_item_is_set_aside(at_work: Company) -> None:
    inbox.take_in(
        at_work.crm,
        [type(arrived())(event_id="e", kind="account", object_id="deadly item", raw=b"{}")],
        via="callback",
    )
    assert a_worker("READ") == DIED
    assert SourceEvent.objects.get().condition == Condition.SETTLED
    for _ in range(2):
        leases_end(WorkItem)
        assert a_worker("WORK") == DIED
    leases_end(WorkItem)
    assert ExceptionCase.objects.get().work_item is not None


# -- the same without processes -----------------------------------------------------------------------------
def test_a_claim_is_counted_before_anything_is_read_and_an_end_takes_it_back(company: Company, paper) -> None:
    paper("crm").says["1"] = [customer(1)]
    event = company.event(object_id="1")
    reading._claim(10)
    event.refresh_from_db()
    assert event.crashes == 1
    SourceEvent.objects.update(condition="due")
    reading.read_due()
    event.refresh_from_db()
    assert (event.condition, event.crashes) == (Condition.SETTLED, 0)
    assert WorkItem.objects.get().crashes == 0


def test_what_did_not_come_to_an_end_is_claimed_alone_and_last(company: Company) -> None:
    # given three events a worker died over, and two new ones
    for number in range(5):
        company.event(object_id=str(number))
    SourceEvent.objects.filter(object_id__in=["0", "1", "2"]).update(crashes=1)
    # then a batch takes only the new ones, and the others come one by one
    assert {event.object_id for event in reading._claim(100)} == {"3", "4"}
    assert [len(reading._claim(1, suspects=True)) for _ in range(4)] == [1, 1, 1, 0]


def test_a_source_that_is_away_for_long_is_no_poison(company: Company, paper, machine, monkeypatch) -> None:
    from connectors.errors import Unavailable
    from tests.paper_erp import PaperCrm

    def away(*_, **__):
        raise Unavailable("down")

    with monkeypatch.context() as outage:
        outage.setattr(PaperCrm, "fetch", away)
        company.event(object_id="1")
        for _ in range(6):
            reading.read_due()
            machine.passes(60)
    paper("crm").says["1"] = [customer(1)]
    machine.passes(24 * 3600)  # however long it rests after so many failures
    reading.read_due()
    assert CustomerRecord.objects.count() == 1 and not ExceptionCase.objects.exists()


def test_bytes_that_cannot_be_opened_stop_only_themselves(company: Company, paper, monkeypatch) -> None:
    from tests.paper_erp import PaperCrm

    def reopen(self, *, kind, raw):
        if raw == b'{"event": 1}':
            raise ValueError("no event of ours")

    monkeypatch.setattr(PaperCrm, "reopen", reopen)
    paper("crm").says |= {"1": [customer(1)], "2": [customer(2)]}
    company.event(object_id="1")
    company.event(object_id="2")
    reading.read_due()
    assert CustomerRecord.objects.get().reference == customer(2).reference


def test_a_poisoned_event_that_can_be_read_again_closes_its_case(company: Company, paper, machine) -> None:
    # given a message set aside because of a bug of ours
    paper("crm").says["1"] = ZeroDivisionError("a bug of ours")
    company.event(object_id="1")
    for _ in range(3):
        reading.read_due()
        machine.passes(60)
    assert ExceptionCase.objects.get().status == "open"
    # when the bug is mended and it is read again
    paper("crm").says["1"] = [customer(1)]
    SourceEvent.objects.update(condition="due", due_at=clock.now(), crashes=0)
    reading.read_due()
    # then the case closes by itself
    assert ExceptionCase.objects.get().status == "closed" and CustomerRecord.objects.count() == 1

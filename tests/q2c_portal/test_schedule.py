"""The timetable only nudges, and nudges are never needed."""

import time
from typing import Any

import pytest
from django.db import transaction

from q2c_portal.celery import app
from q2c_portal.schedule import ROUTES, TIMETABLE
from sync import nudges


class Broker:
    """Stands where the broker's client does."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.gone = False

    def send_task(self, name: str, *, queue: str, retry: bool) -> None:
        if self.gone:
            raise ConnectionError("the broker is away")
        self.sent.append((name, queue))


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    held = Broker()
    monkeypatch.setattr(nudges, "current_app", held)
    monkeypatch.setattr(nudges, "muted", False)
    monkeypatch.setattr(nudges, "GATHER", 0.02)
    monkeypatch.setattr(nudges, "_resting_until", 0.0)
    monkeypatch.setattr(nudges, "_gathering", set())
    return held


def wait_for(broker: Broker, count: int) -> None:
    until = time.monotonic() + 5
    while len(broker.sent) < count and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)


def test_the_task_app_knows_the_timetable_and_the_queues() -> None:
    assert app.conf.beat_schedule == TIMETABLE and app.conf.task_routes == ROUTES
    assert all(entry["schedule"] > 0 for entry in TIMETABLE.values())


@pytest.mark.django_db
def test_a_burst_of_nudges_becomes_one_and_goes_out_after_commit(
    broker: Broker, django_capture_on_commit_callbacks: Any
) -> None:
    # given many nudges in one transaction
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(20):
            nudges.nudge("ingest", "ingest", "deliver")
        # then nothing goes out before the commit
        time.sleep(0.05)
        assert broker.sent == []
    # and one per queue after it
    wait_for(broker, 2)
    assert sorted(broker.sent) == [("sync.tasks.carry_deliver", "deliver"), ("sync.tasks.read_inbox", "ingest")]


@pytest.mark.django_db
def test_a_transaction_that_fails_nudges_nobody(broker: Broker, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
        nudges.nudge("ingest")
        raise RuntimeError("it failed")
    time.sleep(0.1)
    assert broker.sent == []


@pytest.mark.django_db
def test_a_broker_that_is_away_is_noticed_quickly_and_then_left_alone(
    broker: Broker, django_capture_on_commit_callbacks: Any
) -> None:
    # given no broker, when work is nudged, then the caller notices nothing and does not wait
    broker.gone = True
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        nudges.nudge("ingest")
    assert time.monotonic() - began < 1
    time.sleep(0.2)
    # and for a while it is not even tried
    broker.gone = False
    with django_capture_on_commit_callbacks(execute=True):
        nudges.nudge("ingest")
    time.sleep(0.1)
    assert broker.sent == []

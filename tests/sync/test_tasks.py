"""The doors for the task queue: work is bounded in time, so that no call is cut off in the middle."""

import pytest

from connectors.interface import Parcel
from sync import nudges, tasks
from sync.models import Delivery
from sync.states import Condition
from tests.small_company import Company, customer


class Watch:
    """A machine clock for tasks."""

    time = 0.0

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def watch(monkeypatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(tasks, "time", watch)
    return watch


@pytest.fixture
def said(monkeypatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(nudges, "nudge", lambda *queues: found.extend(queues))
    return found


def test_a_worker_begins_no_call_after_its_time_and_says_that_more_is_due(
    company: Company, paper, watch: Watch, said: list[str], settings
) -> None:
    # given thirty customers, and an ERP that takes ten seconds for each
    settings.CARRY_THREADS = 1
    company.hears(*(customer(number) for number in range(1, 31)))
    Delivery.objects.filter(target=company.billing).delete()

    def slow(parcel: Parcel) -> None:
        watch.time += 10

    paper("erp").during_deliver = slow
    said.clear()
    tasks.carry_deliver()
    # then five calls were begun, none after 45 seconds, and the rest is as it was
    assert len(paper("erp").parcels) == 5
    rest = Delivery.objects.exclude(condition=Condition.SETTLED)
    assert set(rest.values_list("condition", "attempts", "crashes")) == {(Condition.DUE, 0, 0)}
    assert said == ["deliver"]
    # when the next one comes, it goes on
    for _ in range(5):
        tasks.carry_deliver()
    assert len(paper("erp").parcels) == 30 and not rest.exists()


def test_a_worker_that_is_done_in_time_nudges_nobody(company: Company, paper, watch: Watch, said: list[str]) -> None:
    company.hears(customer(1))
    said.clear()
    tasks.carry_deliver()
    assert Delivery.objects.filter(target=company.erp).get().condition == Condition.SETTLED
    assert "deliver" not in said

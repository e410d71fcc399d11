"""The simulated world itself: a step that never ends is a violation and not a run that never ends."""

from contextlib import suppress
from datetime import timedelta

import pytest

from tests.chaos import world as worlds
from tests.chaos.crashes import Crash
from tests.chaos.world import World


def test_a_step_that_never_ends_is_stopped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a product that tries for ever, whatever goes wrong
    monkeypatch.setattr(worlds, "MOST_SECONDS", 0.2)
    world, later = World(1), []

    def tries_for_ever() -> None:
        while True:
            with suppress(Exception):
                _ = sum(range(1000))

    world.after(timedelta(seconds=1), "worker posting", tries_for_ever)
    world.after(timedelta(seconds=2), "worker ingest", lambda: later.append(1))
    # when the world goes on
    world.run_until(world.time + timedelta(minutes=1))
    # then that is a violation which names the step and the place, and nothing more is played
    (error,) = world.errors
    assert error.startswith("worker posting at ") and "tries_for_ever" in error
    assert not later


def test_a_step_within_its_bound_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "MOST_SECONDS", 0.2)
    world, done = World(1), []
    for _ in range(3):
        # each within the bound, all together beyond it
        world.after(timedelta(seconds=1), "worker posting", lambda: done.append(sum(range(4_000_000))))
    world.run_until(world.time + timedelta(minutes=1))
    assert len(done) == 3 and not world.errors


def test_what_only_a_dead_process_was_told_nobody_knows() -> None:
    # given one process that dies, and one within its waiting time that lives
    world, said = World(1), {"to the dead", "to the living"}

    def lives() -> None:
        world.if_it_dies(lambda: said.discard("to the living"))

    def dies() -> None:
        world.if_it_dies(lambda: said.discard("to the dead"))
        world.elapse(timedelta(seconds=5))
        raise Crash("before statement")

    world.after(timedelta(seconds=1), "worker posting", dies)
    world.after(timedelta(seconds=2), "worker deliver", lives)
    world.run_until(world.time + timedelta(minutes=1))
    assert said == {"to the living"} and world.deaths.total() == 1

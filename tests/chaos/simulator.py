"""One seeded run: a company, its flows, the faults, then calm, then the checker."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection

from tests import migrated
from tests.chaos import company as companies
from tests.chaos.checker import Checker
from tests.chaos.crashes import Boundaries
from tests.chaos.engine import Engine
from tests.chaos.mishaps import NONE, Faults
from tests.chaos.people import People
from tests.chaos.remotes import Stage
from tests.chaos.results import commit
from tests.chaos.tale import Tale
from tests.chaos.world import World

#: after the faults have ended everything must come to rest within this (simulated)
PATIENCE = timedelta(hours=6)
#: how often a gateway pays out what it holds
PAID_OUT_EVERY = timedelta(minutes=50)


@dataclass
class Report:
    """What one run says of itself; the same seed gives the same text but for the seconds."""

    seed: int
    flows: int
    commit: str
    violations: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def spread_of(flows: int) -> timedelta:
    """Deals come in faster where there are more: batches and queues form as they do in production."""
    return timedelta(minutes=10 + flows / 200 if flows > 200 else 30)


def run(seed: int, flows: int, faults: Faults) -> Report:
    """Play one seed in the database at hand, which must be empty and stays as the run left it."""
    began = time.monotonic()
    world = World(seed)
    stage = Stage(world=world, boundaries=Boundaries(), faults=faults)
    engine = Engine(stage, dsn=dsn())
    with engine.running(seed):
        company = companies.found(stage)
        for source in (company.crm, *(department.books for department in company.billing.values())):
            source.on_event = engine.hear
        people = People(stage, company)
        tale = Tale(stage, company, people)
        spread = spread_of(flows)
        tale.begin(flows, spread=spread)
        engine.gather = timedelta(seconds=min(0.05 + flows / 100, 10))
        engine.start(pace=6.0)
        people.start()
        for department in company.billing.values() if faults.lives else ():
            world.every(PAID_OUT_EVERY, "payouts", department.later.pay_out)
        if faults.crash:
            stage.boundaries.decide = lambda number, name: world.chance(faults.crash)
        world.run_until(world.time + spread + timedelta(hours=3))
        stage.faults, stage.boundaries.decide = NONE, None
        calm = world.time
        _come_to_rest(world, engine, people)
        _say_it_all_again(stage, engine)
        rested = world.time
        findings = Checker(stage=stage, company=company, flows=tale.flows, history=engine.history, dsn=dsn()).check()
    report = Report(seed=seed, flows=flows, commit=commit(), violations=findings.violations, figures=findings.figures)
    writes = sum(len(books.writes) for books in stage.shelf.values())
    calls = sum(books.calls["deliver"] for books in stage.shelf.values())
    report.figures.update(
        {
            "events": len(engine.history),
            "calls to the door": sum(one.ok + one.info + one.fail for one in engine.history.values()),
            "altered duplicates refused": sum(one.altered_refused for one in engine.history.values()),
            "remote writes": writes,
            "remote calls": calls,
            "look-ups": sum(books.calls["find"] for books in stage.shelf.values()),
            "answers lost after the write": sum(books.calls["lost answers"] for books in stage.shelf.values()),
            "deaths": sum(world.deaths.values()),
            "places of death": len(world.deaths),
            "fixes by two people": people.fixed,
            "steps": world.steps,
            "calm until rest": str(rested - calm),
        }
    )
    report.seconds = time.monotonic() - began
    return report


def _come_to_rest(world: World, engine: Engine, people: People) -> None:
    end = world.time + PATIENCE
    quiet = 0
    while world.time < end and quiet < 4:
        fixed = people.fixed
        world.run_until(world.time + timedelta(minutes=10))
        quiet = quiet + 1 if not engine.has_work() and people.fixed == fixed else 0


def _say_it_all_again(stage: Stage, engine: Engine) -> None:
    """I6: every event once more, as a source does after a restore; nothing may change at any remote."""
    before = {code: len(books.writes) for code, books in stage.shelf.items() if code != "crm"}
    for heard in list(engine.history.values()):
        engine.call(heard.said)
    stage.world.run_until(stage.world.time + timedelta(minutes=30))
    after = {code: len(books.writes) for code, books in stage.shelf.items() if code != "crm"}
    for code, count in before.items():
        if after[code] != count:
            stage.world.errors.append(f"I6 {code}: {after[code] - count} writes after everything was said again")


def dsn() -> str:
    """Where the checker connects to: the same database, over a connection of its own."""
    given = connection.get_connection_params()
    keys = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
    return " ".join(f"{name}={given[key]}" for key, name in keys.items() if given.get(key))


@contextmanager
def template() -> Iterator[str]:
    """An empty database in which nothing happens by itself; runs copy it. Made once per server and state of the
    migrations; it goes when the throw-away server goes.
    """
    copied = migrated.template()
    name = f"sim_{copied}"
    migrated.made_once(name, lambda: _still_copy(name, of=copied))
    connection.settings_dict["NAME"] = name
    try:
        yield name
    finally:
        connection.close()


def _still_copy(name: str, *, of: str) -> None:
    """No vacuum and no statistics at moments of the server's own choosing: the same seed must give the same plans.

    The server may have looked at some tables while they were migrated, sooner or later as it was busy: all are looked
    at once more here, so that every template knows the same.
    """
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{of}"')
    connection.settings_dict["NAME"] = name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        cursor.execute("VACUUM (ANALYZE)")
    connection.close()


@contextmanager
def throw_away(copy_of: str) -> Iterator[None]:
    """A database for one run, copied from the template and dropped afterwards."""
    name = f"sim_run_{os.getpid()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{copy_of}"')
        # the same seed must give the same run: no plan that depends on what else the machine does
        cursor.execute(f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0')
        cursor.execute(f'ALTER DATABASE "{name}" SET jit = off')
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronize_seqscans = off')
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.settings_dict["NAME"] = copy_of


def as_text(report: Report) -> str:
    """A report as people read it."""
    lines = [f"seed {report.seed}, {report.flows} flows, commit {report.commit}, {report.seconds:.1f} s"]
    lines += [f"  {name}: {value}" for name, value in report.figures.items()]
    lines.append(f"violations: {len(report.violations)}")
    lines += [f"  {text}" for text in report.violations]
    return "\n".join(lines)

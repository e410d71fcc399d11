"""The product's own code at work in the simulated world: its door, its workers, its beats, its sweepers."""

import importlib
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import psycopg
from django.db import connection, transaction
from django.test import Client

from connectors import registry
from q2c_portal import schedule
from reconciliation.fixes import runner as fixes
from sync import clock, nudges, outbox, sweeper, timetable
from sync import connections as live
from tests.chaos.company import PLACES
from tests.chaos.history import CANARY, Heard
from tests.chaos.remotes import SECRET_PATH, Stage, set_stage
from tests.chaos.sources import Said, signature

#: jobs of the timetable that may find something although nothing of ours waits
ASKING = ("sync.tasks.poll_sources", "sync.tasks.mirror_periods", "reconciliation.tasks.run_fixes")
#: jobs that are not played: controls have their own days; anchors are files, of which one world has as many as seeds
NOT_PLAYED = (
    "reconciliation.tasks.run_due_controls",
    "sync.tasks.anchor_journal",
    "reconciliation.tasks.verify_journal",
    # nobody in this world has an address
    "reconciliation.tasks.tell_people",
)
#: callers give up repeating an unanswered call after this many tries; polls find the rest
MOST_CALLS = 12
_UNFINISHED = """
SELECT EXISTS (SELECT 1 FROM sync_sourceevent WHERE condition IN ('due', 'claimed'))
    OR EXISTS (SELECT 1 FROM sync_workitem WHERE condition IN ('due', 'claimed', 'waiting'))
    OR EXISTS (SELECT 1 FROM sync_delivery WHERE condition IN ('due', 'claimed', 'waiting', 'held', 'in_doubt'))
    OR EXISTS (SELECT 1 FROM sync_crmstatusrecord WHERE version > sent_version)
"""


_STORED = """
SELECT 1 FROM sync_sourceevent e JOIN sync_connection n ON n.id = e.connection_id
WHERE n.code = %s AND e.source_event_id = %s LIMIT 1
"""


class Inline:
    """In the place of a thread pool: every call is made at once, in the only thread there is."""

    def __init__(self, max_workers: int = 1) -> None:
        self.max_workers = max_workers

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, call: Callable[..., Any], *given: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*given))
        except Exception as error:  # noqa: BLE001 - as a pool would
            future.set_exception(error)
        return future


class Engine:
    """Runs the product and calls its door."""

    def __init__(self, stage: Stage, *, dsn: str) -> None:
        """`dsn` is where every 2xx is checked against the database as others see it at that moment."""
        self.stage = stage
        self._others_see = psycopg.connect(dsn, autocommit=True)
        self.world = stage.world
        self.history: dict[tuple[str, str], Heard] = {}
        self.skipped = 0
        #: how long nudges to one queue are gathered; longer means larger batches
        self.gather = timedelta(seconds=nudges.GATHER)
        self._idle_since = -1
        self._offered: set[str] = set()
        self._client = Client()

    @contextmanager
    def running(self, seed: int) -> Iterator[None]:
        """Everything the product would reach for outside itself is ours meanwhile."""
        random.seed(seed)  # the product's jitter
        set_stage(self.stage)
        with ExitStack() as stack:
            stack.enter_context(clock.use(self.world.now))
            stack.enter_context(mock.patch.object(nudges, "nudge", self.nudge))
            stack.enter_context(mock.patch.object(outbox, "ThreadPoolExecutor", Inline))
            stack.enter_context(mock.patch.dict(registry.OURS, PLACES))
            stack.enter_context(self.stage.boundaries.watch())
            registry.connector_class.cache_clear()
            live._built.cache_clear()
            try:
                yield
            finally:
                registry.connector_class.cache_clear()
                live._built.cache_clear()
                set_stage(None)
                self._others_see.close()

    # -- the broker -----------------------------------------------------------------------------------
    def nudge(self, *queues: str) -> None:
        for queue in dict.fromkeys(queues):
            transaction.on_commit(partial(self._offer, queue))

    def _offer(self, queue: str) -> None:
        world, faults = self.world, self.stage.faults
        if faults.broker_off or queue in self._offered or world.chance(faults.nudge_lost):
            return
        self._offered.add(queue)
        wait = self.gather
        if world.chance(faults.nudge_late):
            wait += world.seconds(1, 120)
        world.after(wait, f"worker {queue}", partial(self._take, queue))
        if world.chance(faults.nudge_twice):
            world.after(wait + world.seconds(0, 30), f"worker {queue}", partial(self.work, queue))

    def _take(self, queue: str) -> None:
        self._offered.discard(queue)
        self.work(queue)

    def work(self, queue: str) -> None:
        """What a worker does when it is nudged."""
        self.task(nudges.TASKS[queue])

    def task(self, name: str) -> None:
        if name == "reconciliation.tasks.run_fixes":
            for run in fixes.unfinished():
                fixes.advance(run)
            return
        module, _, function = name.rpartition(".")
        getattr(importlib.import_module(module), function)()

    # -- timetables -----------------------------------------------------------------------------------
    def start(self, *, pace: float = 3.0) -> None:
        """Beats and the sweeper; `pace` stretches their intervals, which only makes life harder."""
        jobs = [
            (name, str(entry["task"]), float(str(entry["schedule"])) * pace)
            for name, entry in schedule.TIMETABLE.items()
            if entry["task"] not in NOT_PLAYED
        ]
        for beat in range(self.stage.faults.beats):
            for name, task, every in jobs:
                self.world.every(timedelta(seconds=every + beat), f"beat {beat}: {name}", partial(self._beat, task))
        for name, task, every in jobs:
            if task != timetable.SWEEP:
                self.world.every(timedelta(seconds=every + 7), f"sweeper: {name}", partial(self._job, task))
        self.world.every(timedelta(seconds=10 * pace), "sweeper", self.sweep)

    def _beat(self, task: str) -> None:
        if not self.stage.faults.broker_off:
            self._job(task)

    def _job(self, task: str) -> None:
        """One job of the timetable, by a worker that a beat nudged or by the sweeper itself."""
        if task in ASKING or self.has_work():
            self.task(task)

    def sweep(self) -> None:
        """One pass of the sweeper process, which also keeps the whole timetable: `manage.py sweeper`."""
        if not self.has_work():
            return
        sweeper.sweep()
        while sweeper.carry_what_lies():
            pass

    def has_work(self) -> bool:
        """Whether a tick could do anything; without it hours of silence would cost as much as hours of work."""
        changes = self.stage.boundaries.changes
        if changes == self._idle_since:
            self.skipped += 1
            return False
        with connection.cursor() as cursor:
            cursor.execute(_UNFINISHED)
            found = bool(cursor.fetchone()[0])
        self._idle_since = -1 if found else changes
        self.skipped += not found
        return found

    # -- the door -------------------------------------------------------------------------------------
    def hear(self, said: Said) -> None:
        """A source has something to say: its calls are scheduled, with whatever goes wrong on the way."""
        world, faults = self.world, self.stage.faults
        self.history[said.source, said.event_id] = Heard(said=said)
        if world.chance(faults.call_lost):
            return
        wait = world.seconds(600, 10_800) if world.chance(faults.call_late) else world.seconds(0.1, 5)
        copies = 1
        if world.chance(faults.call_twice):
            copies += 49 if world.chance(0.02) else world.random.randint(1, 4)
        for copy in range(copies):
            world.after(
                wait + timedelta(seconds=copy * world.random.uniform(0, 300)), "caller", partial(self.call, said)
            )
        if world.chance(faults.call_altered):
            world.after(wait + world.seconds(600, 3600), "caller", partial(self.call_altered, said))

    def call(self, said: Said, tries: int = 1) -> None:
        heard = self.history[said.source, said.event_id]
        status, body = self._post(said, said.body)
        if status is None or status >= 500:
            heard.info += 1
            if tries < MOST_CALLS:
                wait = self.world.seconds(1, min(2.0**tries, 900))
                self.world.after(wait, "caller", partial(self.call, said, tries + 1))
        elif status < 300:
            heard.ok += 1
            heard.early += not self._is_stored(said)
            heard.tracking |= body
        else:
            heard.fail += 1

    def _is_stored(self, said: Said) -> bool:
        return self._others_see.execute(_STORED, [said.source, said.event_id]).fetchone() is not None

    def call_altered(self, said: Said) -> None:
        """The same id once more, with other bytes: only once the first was taken, else it would be the first."""
        heard = self.history[said.source, said.event_id]
        if heard.ok:
            status, _ = self._post(
                said, said.body.replace(b'"kind"', b'"Kind"', 1).replace(b'"Kind"', b'"altered": 1, "kind"', 1)
            )
            heard.altered_ok += status is not None and status < 300
            heard.altered_refused += status == 409

    def _post(self, said: Said, body: bytes) -> tuple[int | None, set[str]]:
        path = (
            f"/api/v1/callbacks/salesforce/crm/outbound/{SECRET_PATH}"
            if said.source == "crm"
            else f"/api/v1/callbacks/stripe/{said.source}"
        )
        answered: list[Any] = []

        def web() -> None:
            answered.append(
                self._client.post(
                    path,
                    data=body,
                    content_type="application/json",
                    headers={"X-Sim-Signature": signature(body), "Authorization": f"Bearer {CANARY}"},
                )
            )

        self.world.perform("web", web)
        if not answered:
            return None, set()
        answer = answered[0]
        tracking = set()
        if answer.status_code < 300 and answer.headers.get("Content-Type") == "application/json" and answer.content:
            tracking = {one["tracking_id"] for one in answer.json().get("events", [])}
        return answer.status_code, tracking

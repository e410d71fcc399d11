"""The simulated world: one clock, one source of chance, one queue of what happens next.

Everything runs in one thread. Things happen at once only where the real engine holds no transaction: during a
remote call, when `elapse` lets the rest of the world go on before the caller gets its answer.
"""

import heapq
import logging
import random
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.chaos.crashes import Crash

log = logging.getLogger(__name__)
#: two days before a month ends, so that every longer run sees its periods close
START = datetime(2026, 3, 30, 9, tzinfo=UTC)
#: calls inside calls: a slow call of one worker, during which another worker makes a slow call, ...
DEEPEST = 3
#: what one step, with all that happens inside it, may take of this machine: the clock of the world stands still in a
#: loop that never ends, so no simulated bound would ever notice it
MOST_SECONDS = 300.0


class NeverEnds(BaseException):
    """The product is at the same step for so long that it will not end; nothing of it may catch this."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raises NeverEnds in what runs longer than this on the processor; waiting for a busy machine does not count."""

    def stop(number: int, frame: object) -> None:
        raise NeverEnds

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(order=True)
class _Next:
    at: datetime
    number: int
    name: str = field(compare=False)
    action: Callable[[], object] = field(compare=False)
    #: happens inside a remote, whoever waits for whom
    passive: bool = field(compare=False, default=False)


class World:
    """Time, chance, and what is going to happen."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        self.time = START
        self.deaths: Counter[str] = Counter()
        #: errors that no simulated fault explains: each is a violation
        self.errors: list[str] = []
        self.steps = 0
        #: once a step never ended nothing more can be played
        self.is_over = False
        #: of each process at work, the outermost first: what is undone if it dies, since only it knew
        self._known_to: list[list[Callable[[], object]]] = []
        self._queue: list[_Next] = []
        self._number = 0
        self._depth = 0

    def now(self) -> datetime:
        return self.time

    def chance(self, rate: float) -> bool:
        return rate > 0 and self.random.random() < rate

    def seconds(self, least: float, most: float) -> timedelta:
        return timedelta(seconds=self.random.uniform(least, most))

    def at(self, when: datetime, name: str, action: Callable[[], object], *, passive: bool = False) -> None:
        self._number += 1
        heapq.heappush(self._queue, _Next(max(when, self.time), self._number, name, action, passive))

    def after(self, wait: timedelta, name: str, action: Callable[[], object], *, passive: bool = False) -> None:
        self.at(self.time + wait, name, action, passive=passive)

    def every(self, wait: timedelta, name: str, action: Callable[[], object]) -> None:
        """Again and again, until the world ends."""

        def again() -> None:
            try:
                action()
            finally:
                self.after(wait, name, again)

        self.after(wait, name, again)

    def run_until(self, end: datetime) -> None:
        """Let everything happen up to a moment."""
        while self._queue and self._queue[0].at <= end and not self.is_over:
            following = heapq.heappop(self._queue)
            self.time = max(self.time, following.at)
            if self._depth:
                self.perform(following.name, following.action)
            else:
                self._perform_bounded(following.name, following.action)
        self.time = max(self.time, end)

    def elapse(self, wait: timedelta) -> None:
        """A caller waits for an answer while the rest of the world goes on."""
        end = self.time + wait
        if self._depth >= DEEPEST:
            self._let_remotes_go_on(end)
            return
        self._depth += 1
        try:
            self.run_until(end)
        finally:
            self._depth -= 1

    def _let_remotes_go_on(self, end: datetime) -> None:
        """Nobody else acts meanwhile, but what a remote has begun it ends in its own time."""
        theirs = sorted(one for one in self._queue if one.passive and one.at <= end)
        self._queue = [one for one in self._queue if not (one.passive and one.at <= end)]
        heapq.heapify(self._queue)
        for one in theirs:
            self.time = max(self.time, one.at)
            self.perform(one.name, one.action)
        self.time = max(self.time, end)

    def _perform_bounded(self, name: str, action: Callable[[], object]) -> None:
        try:
            with bounded(MOST_SECONDS):
                self.perform(name, action)
        except NeverEnds as error:
            where = "".join(traceback.format_tb(error.__traceback__)[-3:])
            self.errors.append(f"{name} at {self.time:%d %H:%M:%S} never ends; it was seen at\n{where}")
            self.is_over = True

    def perform(self, name: str, action: Callable[[], object]) -> None:
        """One process does one thing; it may die, and others go on."""
        self.steps += 1
        self._known_to.append([])
        try:
            action()
        except Crash as crash:
            self.deaths[crash.where] += 1
            for forget in self._known_to[-1]:
                forget()
        except Exception:  # noqa: BLE001 - a bug in the product is what we are here to find
            self.errors.append(f"{name} at {self.time:%d %H:%M:%S}: {traceback.format_exc(limit=-6)}")
        finally:
            self._known_to.pop()

    def if_it_dies(self, forget: Callable[[], object]) -> None:
        """What was said to the process at work is known to nobody else until it wrote it down: undone with its end."""
        if self._known_to:
            self._known_to[-1].append(forget)

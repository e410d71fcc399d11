"""Real `kill -9`: of processes a supervisor keeps up, of their children, and of PostgreSQL whole."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from q2c_portal.local import processes
from q2c_portal.local.state_dir import StateDir, read_json

#: kind of kill -> (process of the supervisor, what of it dies, share of all kills)
VICTIMS: dict[str, tuple[str, str, float]] = {
    "postgres": ("postgres", "whole", 0.17),
    "postgres parent": ("postgres", "parent", 0.02),
    "postgres backend": ("postgres", "child", 0.05),
    "worker child": ("worker", "child", 0.24),
    "worker parent": ("worker", "parent", 0.06),
    "worker whole": ("worker", "whole", 0.06),
    "web child": ("web", "child", 0.14),
    "web parent": ("web", "parent", 0.04),
    "broker": ("valkey", "parent", 0.10),
    "sweeper": ("sweeper", "parent", 0.07),
    "beat": ("beat", "parent", 0.05),
}
#: a victim that is not ready for so long is a finding of its own
BACK_WITHIN = 120.0


@dataclass(frozen=True)
class Kill:
    """One kill that happened."""

    kind: str
    at: float
    processes: int
    #: objects the engine had in hand just before; None where the database could not be asked
    under_way: int | None


@dataclass
class Killer:
    """Kills at random intervals, from a seed, until it is told to stop or has done its number."""

    state: StateDir
    seed: int
    most: int
    #: mean seconds between two kills
    every: float
    #: how much the engine has in hand, or None when the database is away
    under_way: Callable[[], int | None]
    shares: dict[str, float] = field(default_factory=dict)
    done: list[Kill] = field(default_factory=list)
    #: seconds until a killed process was ready again, by the supervisor's name of it
    back_after: dict[str, list[float]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ending = threading.Event()
        self._random = random.Random(f"kills:{self.seed}")
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._down: dict[str, float] = {}

    def start(self) -> None:
        self._thread.start()
        self._watcher.start()

    def stop(self) -> None:
        """No more kills; returns when the last one is over."""
        self._ending.set()
        if self._thread.ident:
            self._thread.join(timeout=BACK_WITHIN + 30)

    @property
    def finished(self) -> bool:
        return len(self.done) >= self.most

    def counts(self) -> dict[str, int]:
        return dict(Counter(kill.kind for kill in self.done))

    def busy_counts(self) -> dict[str, int]:
        """Kills that met work in hand."""
        return dict(Counter(kill.kind for kill in self.done if kill.under_way))

    # -- the threads ------------------------------------------------------------------------------
    def _run(self) -> None:
        kinds = self._plan()
        while not self._ending.is_set() and len(self.done) < self.most:
            self._ending.wait(self._random.expovariate(1 / self.every))
            if self._ending.is_set():
                return
            kind = kinds[len(self.done)]
            if not self._wait_for(VICTIMS[kind][0]):
                continue
            busy = self._wait_for_work()
            dead = kill(self.state, kind, chooser=self._random)
            if dead:
                now = time.monotonic()
                self.done.append(Kill(kind, now, dead, busy))
                self._down.setdefault(VICTIMS[kind][0], now)

    def _plan(self) -> list[str]:
        """Every kind in its share, in the seed's order."""
        shares = self.shares or {kind: share for kind, (_, _, share) in VICTIMS.items()}
        whole = sum(shares.values())
        plan = [kind for kind, share in shares.items() for _ in range(max(1, round(self.most * share / whole)))]
        self._random.shuffle(plan)
        kinds = list(shares)
        plan += self._random.choices(kinds, [shares[kind] for kind in kinds], k=max(0, self.most - len(plan)))
        return plan[: self.most]

    def _wait_for(self, name: str) -> bool:
        """Until the victim is up; False when the end came first."""
        since = time.monotonic()
        while _facts(self.state, name).get("state") != "ready":
            if self._ending.wait(0.1):
                return False
            if time.monotonic() - since > BACK_WITHIN:
                self.troubles.append(f"{name} was not ready for {BACK_WITHIN:.0f} s")
                since = time.monotonic()
        return True

    def _wait_for_work(self, seconds: float = 5.0) -> int | None:
        ends = time.monotonic() + seconds
        while not (found := self.under_way()) and time.monotonic() < ends and not self._ending.is_set():
            time.sleep(0.1)
        return found

    def _watch(self) -> None:
        """How long the supervisor needs to have a killed process ready again."""
        while not (self._ending.is_set() and not self._down):
            for name, since in list(self._down.items()):
                if time.monotonic() - since > 0.5 and _facts(self.state, name).get("state") == "ready":
                    self.back_after.setdefault(name, []).append(time.monotonic() - since)
                    self._down.pop(name, None)
            time.sleep(0.1)


def kill(state: StateDir, kind: str, *, chooser: random.Random) -> int:
    """Kill -9 one victim of this kind; how many processes that hit, 0 where it was not there just now."""
    name, part, _ = VICTIMS[kind]
    facts = _facts(state, name)
    pid = facts.get("pid")
    if not pid or processes.birth_mark(pid) != facts.get("mark"):
        return 0
    below = children_of(pid)
    if part == "child":
        return _kill([chooser.choice(below)]) if below else 0
    # the parent first, so that it can put nothing in order; then at once those it started
    return _kill([pid, *(below if part == "whole" else [])])


def _kill(pids: list[int]) -> int:
    hit = 0
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            hit += 1
        except ProcessLookupError:
            pass
    return hit


def children_of(pid: int) -> list[int]:
    """Processes this one started, youngest last."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] not in "ZX":
                found.append(int(entry.name))
    return sorted(found)


def _facts(state: StateDir, name: str) -> dict[str, Any]:
    found = read_json(state.status).get("children", {}).get(name, {})
    return found if isinstance(found, dict) else {}

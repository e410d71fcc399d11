"""Starts the processes of a stack, keeps them running, and ends them all, whatever happens in between."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from q2c_portal.local import processes
from q2c_portal.local.children import Child, Step, Tier
from q2c_portal.local.stack import Stack
from q2c_portal.local.state_dir import StateDir, read_json, write_json

LONGEST_PAUSE = 30.0
#: a child that lived this long starts again without a pause: it fell over something, it does not fall over at once
HEALTHY_AFTER = 15.0
#: how often a child may die before its tier is ready
DEATHS_WHILE_STARTING = 3
LARGEST_LOG = 5 * 1024 * 1024


class StartError(Exception):
    """A process or a step did not come up; the message names it and its log."""


class StopRequestedError(Exception):
    """Somebody asked for the end while things were still starting."""


class Running:
    """One child and what became of it."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.mark = ""
        self.state = "waiting"
        self.deaths = 0
        self.pause = 0.0
        self.started_at = 0.0
        self.next_start_at = 0.0
        self.was_ready = False

    def facts(self) -> dict[str, Any]:
        pid = self.process.pid if self.process else None
        ends_on = int(self.child.stop_signal)
        return {"state": self.state, "pid": pid, "mark": self.mark, "deaths": self.deaths, "ends_on": ends_on}


class Supervisor:
    """Runs one stack in one state directory."""

    def __init__(self, stack: Stack, *, state: StateDir) -> None:
        self.stack = stack
        self.state = state
        self.running = [Running(child) for child in stack.children]
        self.stopping = False
        self._told: dict[str, Any] = {}
        self._phase = "starting"
        self._message = ""

    # -- the whole life ---------------------------------------------------------------------------
    def start(self) -> None:
        """Bring up tier after tier; raises StartError, or StopRequestedError after a signal."""
        _end_leftovers(self.state)
        write_json(self.state.addresses, dict(self.stack.addresses))
        for tier in Tier:
            if tier is Tier.APPLICATION:
                for step in self.stack.steps:
                    self._take(step)
                self._message = ""
            self._bring_up([one for one in self.running if one.child.tier is tier])
        self.tell(phase="up")

    def watch(self) -> None:
        """Keep everything running until somebody asks for the end."""
        while not self.stopping:
            self.look_after()
            time.sleep(0.2)

    def stop(self) -> None:
        """End everything in reverse order: the later tier is gone before the earlier one is asked."""
        self.stopping = True
        self.tell(phase="stopping")
        for tier in reversed(Tier):
            of_tier = [one for one in reversed(self.running) if one.child.tier is tier and one.process]
            for one in of_tier:
                if one.process and one.process.poll() is None:
                    # Only the first process hears it: it knows best how to end its own children.
                    one.process.send_signal(one.child.stop_signal)
            since = time.monotonic()
            for one in of_tier:
                _wait(one, until=since + one.child.stop_seconds)
                self.tell()
        self.tell(phase="stopped")

    def request_stop(self, *_: object) -> None:
        """For signals: the loops see it and leave through `stop`."""
        self.stopping = True

    # -- one look ---------------------------------------------------------------------------------
    def look_after(self) -> None:
        """Notice deaths, start again what is due, ask what is starting whether it is ready."""
        now = time.monotonic()
        for one in self.running:
            if one.state == "waiting":
                continue
            if one.process is not None and one.process.poll() is not None:
                self._bury(one, now=now)
            if one.process is None and now >= one.next_start_at:
                self._launch(one)
            elif one.state == "starting" and self._is_ready(one, now=now):
                one.state = "ready"
                if not one.was_ready and one.child.then:
                    one.child.then()
                one.was_ready = True
        self.tell()

    def tell(self, *, phase: str = "", message: str = "") -> None:
        """Write down what is so, for the other commands to read."""
        self._phase = phase or self._phase
        self._message = message or self._message
        facts = {
            "phase": self._phase,
            "message": self._message,
            "pid": os.getpid(),
            "erp": self.stack.addresses.get("Q2C_ERP", ""),
            "children": {one.child.name: one.facts() for one in self.running},
        }
        if facts != self._told:
            write_json(self.state.status, facts)
            self._told = facts

    # -- inside -----------------------------------------------------------------------------------
    def _bring_up(self, tier: list[Running]) -> None:
        for one in tier:
            self._launch(one)
        until = time.monotonic() + max((one.child.start_seconds for one in tier), default=0)
        while not all(one.state == "ready" for one in tier):
            if self.stopping:
                raise StopRequestedError
            self.look_after()
            for one in tier:
                if one.deaths >= DEATHS_WHILE_STARTING:
                    raise StartError(f"{one.child.name} does not start: see {self._log(one.child.name)}")
            if time.monotonic() > until:
                late = ", ".join(one.child.name for one in tier if one.state != "ready")
                raise StartError(f"{late} did not get ready in time: see {self.state.logs}")
            time.sleep(0.05)

    def _take(self, step: Step) -> None:
        self.tell(message=step.name)
        with _log_file(self._log(step.name)) as log:
            process = subprocess.Popen(
                step.command,
                env={**os.environ, **self.stack.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                preexec_fn=processes.ends_with_parent(signal.SIGTERM),
            )
            while process.poll() is None:
                if self.stopping:
                    processes.signal_group(process.pid, signal.SIGTERM)
                    process.wait()
                    raise StopRequestedError
                self.look_after()
                time.sleep(0.1)
        if process.returncode:
            raise StartError(f"{step.name} failed: see {self._log(step.name)}")

    def _launch(self, one: Running) -> None:
        child = one.child
        if child.prepare:
            one.state = "preparing"
            self.tell()
            child.prepare()
        group = pwd.getpwuid(child.user).pw_gid if child.user is not None else None
        with _log_file(self._log(child.name)) as log:
            one.process = subprocess.Popen(
                child.command,
                env={**os.environ, **self.stack.environment, **child.environment},
                cwd=child.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=child.user,
                group=group,
                extra_groups=[] if child.user is not None else None,
                process_group=0,
                preexec_fn=processes.ends_with_parent(child.stop_signal),
            )
        one.mark = processes.birth_mark(one.process.pid) or ""
        one.state = "starting"
        one.started_at = time.monotonic()
        # At once, so that even a supervisor killed in the next moment leaves word of this process.
        self.tell()

    def _bury(self, one: Running, *, now: float) -> None:
        process = one.process
        if process is None:
            return
        # Its own children may have outlived it and hold its port.
        processes.signal_group(process.pid, signal.SIGKILL)
        one.pause = 0.0 if now - one.started_at > HEALTHY_AFTER else min(max(0.5, one.pause * 2), LONGEST_PAUSE)
        one.next_start_at = now + one.pause
        one.deaths += 1
        one.process = None
        one.state = "restarting"
        print(f"{one.child.name} ended with {process.returncode}; starts again in {one.pause} s", file=sys.stderr)

    def _is_ready(self, one: Running, *, now: float) -> bool:
        if one.child.ready is not None:
            return one.child.ready()
        return now - one.started_at >= one.child.settles

    def _log(self, name: str) -> str:
        return str(self.state.logs / f"{name}.log")


@contextmanager
def kept_up(stack: Stack, *, state: StateDir) -> Iterator[Supervisor]:
    """A started stack; leaving the block, by whatever way, ends every process of it."""
    supervisor = Supervisor(stack, state=state)
    before = {number: signal.signal(number, supervisor.request_stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        supervisor.start()
        yield supervisor
    finally:
        supervisor.stop()
        for number, receiver in before.items():
            signal.signal(number, receiver)


def _wait(one: Running, *, until: float) -> None:
    if one.process is None:
        return
    try:
        one.process.wait(max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        print(f"{one.child.name} did not end in time and is killed", file=sys.stderr)
    processes.signal_group(one.process.pid, signal.SIGKILL)
    one.process.wait()
    one.process = None
    one.state = "stopped"


def end_leftovers(state: StateDir) -> list[str]:
    """End processes a killed supervisor left behind, by the marks it wrote down; their names are returned."""
    recorded = read_json(state.status).get("children", {})
    ended = []
    for name, facts in reversed(list(recorded.items())):
        pid, mark = facts.get("pid"), facts.get("mark")
        if pid and mark and processes.end(pid, mark=mark, first=facts.get("ends_on", signal.SIGTERM), seconds=30):
            ended.append(name)
    return ended


def _end_leftovers(state: StateDir) -> None:
    ended = end_leftovers(state)
    if ended:
        print(f"ended what an earlier run left behind: {', '.join(ended)}", file=sys.stderr)


@contextmanager
def _log_file(path: str) -> Iterator[int]:
    """A file descriptor to append a log to; a log grown too large makes room first."""
    if os.path.exists(path) and os.path.getsize(path) > LARGEST_LOG:
        os.replace(path, f"{path}.1")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        yield file
    finally:
        os.close(file)

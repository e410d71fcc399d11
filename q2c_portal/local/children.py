"""What the supervisor starts: each process as data, in the order of its tier."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from q2c_portal.local.ports import LOOPBACK
from q2c_portal.local.readiness import answers_http
from q2c_portal.local.state_dir import ROOT, StateDir

QUEUES = "ingest,deliver,posting,control,notify,usage"
SANDBOXES = ("salesforce", "stripe", "netsuite")


class Tier(IntEnum):
    """Start order; ended in reverse. A tier starts when the one before it is ready."""

    SERVERS = 1
    SANDBOXES = 2
    APPLICATION = 3


@dataclass(frozen=True)
class Child:
    """One process that is kept running."""

    name: str
    command: tuple[str, ...]
    tier: Tier
    #: asked until it says yes; without one, a child counts as ready once it has lived `settles` seconds
    ready: Callable[[], bool] | None = None
    settles: float = 5.0
    #: runs before every start, e.g. to create a data directory
    prepare: Callable[[], None] | None = None
    #: runs once after the first readiness, e.g. to create a database
    then: Callable[[], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    #: user id to run as; only used when the supervisor is root
    user: int | None = None
    cwd: Path = ROOT
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 15
    #: a busy machine needs its time; what falls over at once is noticed at once
    start_seconds: float = 180


@dataclass(frozen=True)
class Step:
    """A command that must succeed once, after the sandboxes and before the application."""

    name: str
    command: tuple[str, ...]


def manage(*arguments: str) -> tuple[str, ...]:
    """The command line of a management command."""
    return (sys.executable, str(ROOT / "manage.py"), *arguments)


def steps() -> list[Step]:
    """What must be done before the application may start."""
    return [Step("migrate", manage("migrate", "--noinput"))]


def sandboxes(state: StateDir, *, names: tuple[str, ...] = SANDBOXES, ports: Mapping[str, int]) -> list[Child]:
    """The vendors' sandboxes, each with its books in a file of its own."""
    books = state.path / "sandboxes"
    return [
        Child(
            name=name,
            command=(
                *(sys.executable, "-m", "connectors.sandbox", name),
                *("--port", str(ports[name]), "--state", str(books / f"{name}.db")),
            ),
            tier=Tier.SANDBOXES,
            ready=lambda port=ports[name]: answers_http(f"http://{LOOPBACK}:{port}/_sandbox/health"),
            prepare=lambda: books.mkdir(exist_ok=True),
        )
        for name in names
    ]


def application(state: StateDir, *, web_port: int) -> list[Child]:
    """The portal itself: web, worker, beat and sweeper."""
    celery = (sys.executable, "-m", "celery", "-A", "q2c_portal.celery:app")
    return [
        Child(
            name="web",
            command=(
                *(sys.executable, "-m", "gunicorn", "q2c_portal.wsgi:application"),
                *("--bind", f"{LOOPBACK}:{web_port}", "--worker-class", "q2c_portal.web_worker.BoundedThreads"),
                *("--workers", "2", "--threads", "4"),
                *("--timeout", "120", "--graceful-timeout", "10", "--no-control-socket"),
            ),
            tier=Tier.APPLICATION,
            ready=lambda: answers_http(f"http://{LOOPBACK}:{web_port}/healthz"),
        ),
        Child(
            name="worker",
            command=(
                *(*celery, "worker", "--pool", "prefork", "--concurrency", "3", "--queues", QUEUES),
                *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
            ),
            tier=Tier.APPLICATION,
            stop_seconds=25,
        ),
        Child(
            name="beat",
            command=(
                *(*celery, "beat", "--loglevel", "WARNING", "--pidfile="),
                *("--schedule", str(state.path / "beat-schedule")),
            ),
            tier=Tier.APPLICATION,
        ),
        Child(name="sweeper", command=manage("sweeper"), tier=Tier.APPLICATION),
        Child(name="demo-clock", command=manage("demo_clock"), tier=Tier.APPLICATION),
    ]

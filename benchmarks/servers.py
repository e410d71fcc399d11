"""Starts the processes a bench measures, as the demo starts them, and ends them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from q2c_portal.local import children, ports, processes
from q2c_portal.local.readiness import answers_http
from q2c_portal.local.state_dir import ROOT, StateDir

START_SECONDS = 60.0
PORTAL, BARE = "q2c_portal.wsgi:application", "benchmarks.bare.wsgi:application"


@contextmanager
def web(application: str, *, settings: str, health: str = "/healthz") -> Iterator[int]:
    """Serve a WSGI application by the demo's gunicorn command (gthread, 2 workers with 4 threads); yields the port."""
    port = ports.find_free(avoid=set())
    child = next(one for one in children.application(StateDir.chosen(), web_port=port) if one.name == "web")
    command = [application if part == PORTAL else part for part in child.command]
    with _running(command, {"DJANGO_SETTINGS_MODULE": settings, "GUNICORN_CMD_ARGS": "--log-level warning"}) as process:
        _until(lambda: answers_http(f"http://{ports.LOOPBACK}:{port}{health}"), process)
        yield port


@contextmanager
def worker(app: str, *, queues: str, concurrency: int) -> Iterator[None]:
    """A Celery worker with the demo's options. Nobody need wait for it: the broker keeps what is sent meanwhile."""
    command = [
        *(sys.executable, "-m", "celery", "-A", app, "worker", "--pool", "prefork", "--concurrency", str(concurrency)),
        *("--queues", queues, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"),
    ]
    with _running(command, {}):
        yield


@contextmanager
def _running(command: list[str], extra: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **extra},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=processes.ends_with_parent(signal.SIGTERM),
    )
    try:
        yield process
    finally:
        # polite to the process we started; only what is left of its group is killed
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            processes.signal_group(process.pid, signal.SIGKILL)
            process.wait()


def _until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} did not start")
        time.sleep(0.1)

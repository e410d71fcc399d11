"""The verbs behind `make`: run, stop, reset, status, kill."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from q2c_portal.local import environment, postgres, processes, stack
from q2c_portal.local.children import manage
from q2c_portal.local.state_dir import ROOT, AlreadyLockedError, Lock, StateDir, read_json
from q2c_portal.local.supervisor import StartError, StopRequestedError, end_leftovers, kept_up

#: names people use for a child besides its own
ALIASES = {"broker": "valkey", "database": "postgres"}

#: states of a child that is on its way up
UNDER_WAY = ("preparing", "starting", "restarting")

_console = Console(highlight=False)


class CannotError(Exception):
    """A command cannot do what was asked; the message is for people."""


# -- the supervisor itself ------------------------------------------------------------------------
def supervise(state: StateDir, *, erp: str) -> int:
    """Be the supervisor, in the foreground, until SIGTERM or SIGINT."""
    state.create()
    lock = Lock(state.supervisor_lock)
    try:
        lock.take()
    except AlreadyLockedError as error:
        print(f"Already running: {error}", file=sys.stderr)
        return 3
    try:
        with kept_up(stack.demo(state, erp=erp), state=state) as supervisor:
            supervisor.watch()
    except StopRequestedError:
        return 0
    except (StartError, postgres.CannotServeError, ModuleNotFoundError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        lock.release()
    return 0


# -- run, stop, reset -----------------------------------------------------------------------------
def run(state: StateDir, *, erp: str) -> int:
    """Start everything in the background, wait until it is ready, load the demo, and say where it is."""
    try:
        state.create()
        with Lock(state.run_lock):
            _start_or_join(state, erp=erp)
            code = subprocess.run(manage("demo"), env=_by_hand(state), cwd=ROOT, check=False).returncode
    except AlreadyLockedError:
        raise CannotError("Another `make run` is under way here; wait for it to finish.") from None
    except PermissionError as error:
        raise CannotError(
            f"{error.filename} belongs to another user: `make reset` as that user, or give Q2C_STATE_DIR."
        ) from None
    if code:
        raise CannotError(f"The demo could not be loaded (exit code {code}). Logs: {state.logs}. End with `make stop`.")
    _console.print(f"\nPortal: [bold]{environment.recorded(state)['WEB_URL']}[/]   (this machine only)")
    _console.print(f"It runs on in the background. Logs: {_short(state.logs)}/")
    _console.print("End it: make stop   Forget all its data: make reset")
    return 0


def stop(state: StateDir) -> int:
    """End everything; harmless when nothing runs."""
    _console.print(_end(state))
    return 0


def _end(state: StateDir) -> str:
    lock = Lock(state.supervisor_lock)
    pid = lock.holder()
    if pid is None:
        left = end_leftovers(state) if state.status.exists() else []
        return f"Ended what was left over: {', '.join(left)}." if left else "Nothing is running."
    mark = processes.birth_mark(pid)
    os.kill(pid, signal.SIGTERM)
    with _console.status("Stopping"):
        until = time.monotonic() + 90
        while lock.holder() == pid and time.monotonic() < until:
            time.sleep(0.1)
    if mark and lock.holder() == pid:
        processes.end(pid, mark=mark, first=signal.SIGKILL, seconds=5)
        end_leftovers(state)
    return "Stopped. The data stay; `make run` goes on with them."


def reset(state: StateDir) -> int:
    """End everything and delete the state directory with all data in it."""
    _end(state)
    # A mistyped Q2C_STATE_DIR must not cost anybody a folder of something else.
    if state.path.exists() and not (state.logs.is_dir() or not any(state.path.iterdir())):
        raise CannotError(f"{state.path} does not look like a state directory of the portal; nothing was deleted.")
    shutil.rmtree(state.path, ignore_errors=True)
    if os.geteuid() == 0:
        shutil.rmtree(postgres.far_room(state), ignore_errors=True)
    if state.path.exists():
        raise CannotError(f"{state.path} could not be deleted whole; it may belong to another user.")
    _console.print(f"Deleted {_short(state.path)}.")
    return 0


def status(state: StateDir) -> int:
    """Show each process, its state and its address; exit code 1 when nothing runs."""
    if Lock(state.supervisor_lock).holder() is None:
        _console.print("Nothing is running.")
        return 1
    facts = read_json(state.status)
    table = Table("process", "state", "pid", "deaths", title=f"Q2C Portal: {facts.get('phase', '')}")
    for name, child in facts.get("children", {}).items():
        table.add_row(name, child["state"], str(child["pid"] or ""), str(child["deaths"]))
    _console.print(table)
    _console.print(environment.recorded(state).get("WEB_URL", ""))
    return 0


def kill(state: StateDir, *, name: str) -> int:
    """Kill one process with everything it started, without warning, and wait until it is back."""
    name = ALIASES.get(name, name)
    before = _children(state).get(name)
    if before is None or Lock(state.supervisor_lock).holder() is None:
        raise CannotError(f"There is no running {name}. Running: {', '.join(_children(state)) or 'nothing'}.")
    pid, mark = before.get("pid"), before.get("mark")
    if not pid or processes.birth_mark(pid) != mark:
        raise CannotError(f"{name} is not up just now.")
    since = time.monotonic()
    processes.signal_group(pid, signal.SIGKILL)
    while time.monotonic() - since < 120:
        now = _children(state).get(name, {})
        if now.get("state") == "ready" and now.get("mark") != mark:
            seconds = time.monotonic() - since
            _console.print(f"Killed {name} ({pid}); it is back as {now['pid']} after {seconds:.1f} s.")
            return 0
        time.sleep(0.1)
    raise CannotError(f"{name} was killed and did not come back: see {state.logs / name}.log")


# -- inside ---------------------------------------------------------------------------------------
def _start_or_join(state: StateDir, *, erp: str) -> None:
    holder = Lock(state.supervisor_lock).holder()
    facts = read_json(state.status)
    if holder is not None and facts.get("pid") == holder:
        if facts.get("erp") == erp and facts.get("phase") == "starting":
            _show_start(state, pid=holder, log_from=0)
            return
        if facts.get("erp") == erp and facts.get("phase") == "up":
            _console.print("Already running; data are kept. (`make stop run` loads changed code.)")
            quiet = manage("migrate", "--noinput", "--verbosity", "0")
            if subprocess.run(quiet, cwd=ROOT, env=_by_hand(state), check=False).returncode:
                raise CannotError("The running portal's database could not be migrated; see above.")
            return
        _console.print(f"Running in another way ({facts.get('erp')}, {facts.get('phase')}); starting again.")
        _end(state)
    log = os.open(state.logs / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    seen = os.fstat(log).st_size
    process = subprocess.Popen(
        [sys.executable, "-m", "q2c_portal.local", "supervise"],
        cwd=ROOT,
        env={**os.environ, "Q2C_STATE_DIR": str(state.path), "Q2C_ERP": erp},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        # Out of the terminal's reach: closing it must not end the portal.
        start_new_session=True,
    )
    os.close(log)
    _show_start(state, pid=process.pid, log_from=seen, process=process)


def _by_hand(state: StateDir) -> dict[str, str]:
    return {**os.environ, **environment.by_hand(state)}


def _show_start(state: StateDir, *, pid: int, log_from: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Draw the start until everything is ready; raises CannotError with the end of the log when it fails."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[what]}"))
    told: set[str] = set()
    with Progress(*columns, TimeElapsedColumn(), console=_console, transient=True) as progress:
        bar = progress.add_task("Starting", total=None, what="")
        while True:
            facts = read_json(state.status)
            # Until the new supervisor has written, the file speaks of an earlier one.
            if facts.get("pid") == pid:
                children = facts.get("children", {})
                ready = [name for name, child in children.items() if child["state"] == "ready"]
                waiting = [name for name, child in children.items() if child["state"] in UNDER_WAY]
                what = ", ".join(waiting) or facts.get("message", "")
                progress.update(bar, total=len(children), completed=len(ready), what=what)
                if not _console.is_terminal:
                    for name in ready:
                        if name not in told:
                            _console.print(f"ready: {name}")
                    told.update(ready)
                if facts.get("phase") == "up":
                    break
            # Polling also buries our own child: until then its id would look alive.
            code = process.poll() if process else None
            if code is not None or processes.birth_mark(pid) is None:
                raise CannotError(_why_not(state, code=code, log_from=log_from))
            time.sleep(0.1)
    counted = Counter(child["state"] for child in _children(state).values())
    _console.print(f"Started {counted['ready']} processes.")


def _why_not(state: StateDir, *, code: int | None, log_from: int) -> str:
    if code == 3:
        return "The portal is just starting or stopping here; try again in a moment."
    with (state.logs / "supervisor.log").open(errors="replace") as file:
        file.seek(log_from)
        own = file.read().strip()
    last_line = own.rpartition("\n")[2]
    named = Path(last_line.rpartition(": see ")[2])
    shown = "\n".join(named.read_text(errors="replace").splitlines()[-20:]) if named.is_file() else own
    return f"The start failed and everything was ended again. {last_line}\n{shown}"


def _children(state: StateDir) -> dict[str, Any]:
    found = read_json(state.status).get("children", {})
    return found if isinstance(found, dict) else {}


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)

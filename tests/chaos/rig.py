"""The chaos run: `make chaos ARGS="--seed 1 --deals 60 --minutes 6 --kills 30"`.

A demo stack in a folder of its own, with real gunicorn, Celery, Valkey, PostgreSQL and sandboxes; a fault proxy between
all of them and the portal; real `kill -9`. Exit code 0 with no violation, 1 with any. The folder of a run with
violations is kept, stopped, for whoever looks into it.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

from q2c_portal.local import environment, ports
from q2c_portal.local.state_dir import ROOT, StateDir, read_json, write_json
from tests.chaos.proxy import FaultProxy
from tests.chaos.results import RESULTS, commit

#: a busy machine may need minutes for ten processes
START_SECONDS = 600


class Stack:
    """`make run` without its story, in a folder of its own and on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.state = StateDir(folder)
        # its own servers and switches, not the ones this process may have been given
        foreign = ("DATABASE_URL", "REDIS_URL", "Q2C_TESTING", "Q2C_ERP", "PORTAL_URL")
        given = {name: value for name, value in os.environ.items() if name not in foreign}
        self.environment = {**given, "Q2C_STATE_DIR": str(folder)}

    def run(self, *words: str) -> None:
        subprocess.run(self._command(*words), cwd=ROOT, env=self.environment, check=False, capture_output=True)

    def begin(self) -> subprocess.Popen[bytes]:
        """Start everything; returns the supervisor once all of it is up. Raises RuntimeError with its words."""
        self.state.create()
        # somebody's demo may live on the usual port, or come to live there
        write_json(self.state.ports, {"web": ports.find_free(avoid={8000})})
        log = self.state.path / "supervise.log"
        with log.open("wb") as file:
            supervisor = subprocess.Popen(
                self._command("supervise"), cwd=ROOT, env=self.environment, stdout=file, stderr=file
            )
        ends = time.monotonic() + START_SECONDS
        while read_json(self.state.status).get("phase") != "up":
            if supervisor.poll() is not None or time.monotonic() > ends:
                supervisor.terminate()
                raise RuntimeError(f"the stack does not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        return supervisor

    @staticmethod
    def _command(*words: str) -> list[str]:
        return [sys.executable, "-m", "q2c_portal.local", *words]


@contextmanager
def started() -> Iterator[Stack]:
    """A running stack; ended when the block is left, and deleted unless the file `kept` was put into it."""
    folder = Path(tempfile.mkdtemp(prefix="q2c-chaos-")).resolve()
    # PostgreSQL may run as another user, who must be able to pass through
    folder.chmod(0o711)
    stack = Stack(folder)
    supervisor = None
    try:
        supervisor = stack.begin()
        yield stack
    except BaseException:
        # its logs are what there is to go by
        (folder / "kept").touch()
        print(f"kept for whoever looks into it: {folder}", file=sys.stderr)
        raise
    finally:
        stack.run("stop" if (folder / "kept").exists() else "reset")
        if supervisor:
            supervisor.wait(timeout=60)


def main(arguments: Sequence[str]) -> int:
    """Run, check, print, store; the exit code."""
    chosen = _parser().parse_args(arguments)
    began = datetime.now(UTC)
    say = _teller()
    say(f"seed {chosen.seed}, commit {commit()}, {chosen.deals} deals, {chosen.minutes} minutes, {chosen.kills} kills")
    with started() as stack:
        say(f"stack is up in {stack.state.path}")
        os.environ.update(environment.by_hand(stack.state))
        os.environ.pop("Q2C_TESTING", None)
        django.setup()
        # only now may models be imported
        session_module = importlib.import_module("tests.chaos.session")
        readings = importlib.import_module("tests.chaos.readings")
        books = importlib.import_module("tests.chaos.books")
        options = session_module.Options(
            seed=chosen.seed,
            deals=chosen.deals,
            minutes=chosen.minutes,
            kills=chosen.kills,
            patience=chosen.patience,
        )
        if chosen.no_faults:
            options.weights = {}
        with FaultProxy(seed=chosen.seed, control=stack.state.path / "faults.json") as proxy:
            session = session_module.Session(stack.state, options, proxy, say)
            session.play()
            found = books.check(readings.read(session))
        problems = {one["code"]: one["count"] for one in readings.problems()}
        result = {
            "seed": chosen.seed,
            "commit": commit(),
            "began": began.isoformat(timespec="seconds"),
            "minutes": round((datetime.now(UTC) - began).total_seconds() / 60, 1),
            "asked for": {name: getattr(chosen, name) for name in ("deals", "minutes", "kills", "no_faults")},
            **session.figures,
            **found.figures,
            "problems": problems,
            "troubles": session.troubles,
            "violations": [str(one) for one in found.violations],
        }
        if found.violations or session.troubles or chosen.keep:
            (stack.state.path / "kept").touch()
            result["kept"] = str(stack.state.path)
    path = store(result, RESULTS)
    tell(result, path)
    return 1 if found.violations or session.troubles else 0


def store(result: dict[str, Any], folder: Path) -> Path:
    """One file per run: results are kept by commit and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = result["began"].replace(":", "").replace("-", "")[:15]
    path = folder / f"chaos-{result['commit']}-{result['seed']}-{stamp}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def tell(result: dict[str, Any], path: Path) -> None:
    """The result for people."""
    print(f"\nseed {result['seed']}, commit {result['commit']}")
    for name, value in result.items():
        if name in ("seed", "commit", "violations", "troubles", "faults", "kills"):
            continue
        print(f"  {name}: {value}")
    kills: dict[str, int] = result.get("kills", {})
    print(f"kills: {sum(kills.values())}  " + ", ".join(f"{kind} {number}" for kind, number in sorted(kills.items())))
    for name, counts in result.get("faults", {}).items():
        print(f"faults, {name}: " + ", ".join(f"{kind} {number}" for kind, number in counts.items()))
    for trouble in result["troubles"]:
        print(f"trouble: {trouble}")
    for violation in result["violations"]:
        print(f"violation: {violation}")
    print(f"violations: {len(result['violations'])}\nstored in {path}")


def _teller() -> Any:
    since = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - since:6.0f} s] {text}", flush=True)

    return say


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=...", description="Real processes, real kills, real faults.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deals", type=int, default=60, help="won deals of the sample")
    parser.add_argument("--minutes", type=float, default=6.0, help="how long the story lasts")
    parser.add_argument("--kills", type=int, default=30, help="kill -9 in all; a sixth of them PostgreSQL whole")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds to come to rest afterwards")
    parser.add_argument("--no-faults", action="store_true", help="kills alone")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run also when all was right")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

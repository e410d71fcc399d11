"""The command line of the local run: `python -m q2c_portal.local run | stop | reset | status | ...`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from q2c_portal.local import commands, environment
from q2c_portal.local.children import manage
from q2c_portal.local.postgres import CannotServeError
from q2c_portal.local.state_dir import ROOT, StateDir
from q2c_portal.local.supervisor import StartError, StopRequestedError
from q2c_portal.local.throw_away import run_with_servers

ERPS = ("netsuite", "tryton")


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    state = StateDir.chosen()
    rest = getattr(chosen, "rest", [])
    rest = rest[1:] if rest[:1] == ["--"] else rest
    match chosen.verb:
        case "run":
            return commands.run(state, erp=chosen.erp)
        case "supervise":
            return commands.supervise(state, erp=chosen.erp)
        case "stop":
            return commands.stop(state)
        case "reset":
            return commands.reset(state)
        case "status":
            return commands.status(state)
        case "kill":
            return commands.kill(state, name=chosen.name)
        case "env":
            print(environment.exports(environment.by_hand(_started(state))))
            return 0
        case "manage":
            return _by_hand(_started(state), command=manage(*rest))
        case "shell":
            return _by_hand(_started(state), command=tuple(rest) or (os.environ.get("SHELL", "/bin/sh"),))
        case "test":
            extra = {"Q2C_TESTING": "1", "PYTHONDONTWRITEBYTECODE": "1"}
            return run_with_servers([sys.executable, "-m", "pytest", *rest], extra=extra)
        case "with":
            return run_with_servers(rest, durable=chosen.durable)
    raise AssertionError(chosen.verb)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m q2c_portal.local", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="command")
    erp = os.environ.get("Q2C_ERP") or ERPS[0]
    run = verbs.add_parser("run", help="start everything in the background and load the demo")
    run.add_argument("--erp", choices=ERPS, default=erp)
    supervise = verbs.add_parser("supervise", help="start everything and stay in the foreground, without the demo")
    supervise.add_argument("--erp", choices=ERPS, default=erp)
    verbs.add_parser("stop", help="end everything; data stay")
    verbs.add_parser("reset", help="end everything and delete all local data")
    verbs.add_parser("status", help="show the processes")
    kill = verbs.add_parser("kill", help="kill one process without warning; it is started again")
    kill.add_argument("name", help="worker, web, broker, ...")
    verbs.add_parser("env", help='print export lines: eval "$(... env)"')
    for name, text in (("manage", "run a management command"), ("shell", "run a command")):
        verbs.add_parser(name, help=f"{text} in the running demo's environment").add_argument(
            "rest", nargs=argparse.REMAINDER
        )
    test = verbs.add_parser("test", help="run pytest with throw-away servers: test -- tests/sync -x")
    test.add_argument("rest", nargs=argparse.REMAINDER)
    with_servers = verbs.add_parser("with", help="run any command with throw-away servers")
    with_servers.add_argument("--durable", action="store_true", help="the demo's settings, nothing switched off")
    with_servers.add_argument("rest", nargs=argparse.REMAINDER)
    return parser


def _started(state: StateDir) -> StateDir:
    if not state.addresses.exists():
        raise commands.CannotError("Nothing was started here yet: `make run` first.")
    return state


def _by_hand(state: StateDir, *, command: Sequence[str]) -> int:
    given = {**os.environ, **environment.by_hand(state)}
    return subprocess.run(command, env=given, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (commands.CannotError, StartError, CannotServeError) as error:
        sys.exit(f"{error}")
    except (KeyboardInterrupt, StopRequestedError):
        sys.exit(130)

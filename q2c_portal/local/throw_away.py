"""Servers that live as long as one command: for tests and benchmarks."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from q2c_portal.local import postgres, processes, stack
from q2c_portal.local.state_dir import StateDir
from q2c_portal.local.supervisor import Supervisor, kept_up


def run_with_servers(command: Sequence[str], *, durable: bool = False, extra: dict[str, str] | None = None) -> int:
    """Start servers in a temporary directory, run the command against them, and end and remove them in any case.

    `durable` gives them the demo's settings instead of the fast and forgetful ones. Returns the command's exit code.
    """
    state = StateDir(Path(tempfile.mkdtemp(prefix="q2c-portal-")).resolve())
    # PostgreSQL may run as another user, who must be able to pass through.
    state.path.chmod(0o711)
    try:
        state.create()
        chosen = stack.throw_away(state, durable=durable)
        with kept_up(chosen, state=state) as supervisor:
            environment = {**os.environ, **chosen.environment, **(extra or {})}
            return _watched(command, supervisor=supervisor, environment=environment)
    finally:
        shutil.rmtree(state.path, ignore_errors=True)
        if os.geteuid() == 0:
            shutil.rmtree(postgres.far_room(state), ignore_errors=True)


def _watched(command: Sequence[str], *, supervisor: Supervisor, environment: dict[str, str]) -> int:
    # In our process group, so that it owns the terminal and hears an interrupt from the keyboard by itself.
    process = subprocess.Popen(command, env=environment, preexec_fn=processes.ends_with_parent(signal.SIGTERM))
    while True:
        try:
            code = process.wait(timeout=0.2)
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            if supervisor.stopping:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                return 130
            supervisor.look_after()

"""Other people's clients and servers run in virtual environments of their own, so that their pins bind nobody."""

import hashlib
import subprocess
import sys
from pathlib import Path

from q2c_portal.local.state_dir import one_at_a_time

ROOT = Path(__file__).parents[1]


def python_of(name: str) -> Path:
    """The interpreter of `.venvs/<name>`; made on first use, and again when its requirements have changed.

    Requirements stand in `requirements-peers-<name>.txt`. Raises CalledProcessError where no package index is at hand.
    """
    requirements = ROOT / f"requirements-peers-{name}.txt"
    home = ROOT / ".venvs" / name
    python = home / "bin" / "python"
    made = home / f"made-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    with one_at_a_time(home.with_suffix(".lock")):
        if not made.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
            subprocess.run(
                [str(python), "-m", "pip", "install", "-q", "-r", str(requirements)], check=True, timeout=600
            )
            made.touch()
    return python

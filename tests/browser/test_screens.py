"""The pictures of the screens are taken by a program of its own, which starts before Django does."""

import subprocess
import sys
from pathlib import Path


def test_the_program_that_takes_pictures_starts_by_itself() -> None:
    told = "from tests.browser import screens; print(len(screens.SCREENS), len(screens.LOOKS))"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(int(number) for number in done.stdout.split())

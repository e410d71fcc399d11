"""Telling our processes from other people's, and ending them whole."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def ends_with_parent(with_signal: int) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel signal a child when its starter dies; None where the system cannot."""
    if _LIBC is None:
        return None
    libc = _LIBC

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal))

    return tie


def birth_mark(pid: int) -> str | None:
    """A text that only this very process has, or None when it is gone: process ids are used again, marks are not."""
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip() or None


def command_line(pid: int) -> str:
    """The command line of a process, or an empty text when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return listed.stdout.strip()


def signal_group(pid: int, with_signal: int) -> None:
    """Send a signal to a child and everything it started, if any of it is still there."""
    try:
        os.killpg(pid, with_signal)
    except (ProcessLookupError, PermissionError):
        pass


def end(pid: int, *, mark: str, first: int = signal.SIGTERM, seconds: float = 15) -> bool:
    """End a process group we once started, politely and then not; False when that process was gone already."""
    if birth_mark(pid) != mark:
        return False
    signal_group(pid, first)
    until = time.monotonic() + seconds
    while birth_mark(pid) == mark and time.monotonic() < until:
        time.sleep(0.05)
    signal_group(pid, signal.SIGKILL)
    return True

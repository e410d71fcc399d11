"""The folder that holds everything a local run writes: its paths, its locks, its small files."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class AlreadyLockedError(Exception):
    """Another process holds this lock."""


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock in this file; whoever comes second waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class StateDir:
    """Names of the files inside one state directory; nothing else knows them."""

    path: Path

    @classmethod
    def chosen(cls) -> "StateDir":
        """The directory in Q2C_STATE_DIR, else .dev beside manage.py."""
        return cls(Path(os.environ.get("Q2C_STATE_DIR") or ROOT / ".dev").resolve())

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def ports(self) -> Path:
        return self.path / "ports.json"

    @property
    def status(self) -> Path:
        return self.path / "status.json"

    @property
    def addresses(self) -> Path:
        return self.path / "addresses.json"

    @property
    def supervisor_lock(self) -> Path:
        return self.path / "supervisor.pid"

    @property
    def run_lock(self) -> Path:
        return self.path / "run.pid"

    def create(self) -> None:
        """Make the directory and its log folder; open to others, because PostgreSQL may run as another user."""
        for folder in (self.path, self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    def secret(self, name: str) -> str:
        """The secret of this name, drawn at the first call and kept in a file only its owner reads."""
        path = self.path / name
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
        return path.read_text().strip()


def read_json(path: Path) -> dict[str, Any]:
    """What `write_json` kept, or an empty dict when there is nothing readable."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace the file in one move, readable by its owner only: readers see the old or the new, never a half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)


class Lock:
    """A lock on a file with the holder's process id in it.

    The kernel drops it when the holder dies, however it dies, so no stale lock can be left behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock or raise AlreadyLockedError at once."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise AlreadyLockedError(f"{self.path.name} is held by process {self.holder() or 'unknown'}") from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would let two holders in."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def holder(self) -> int | None:
        """The process id of who holds the lock now, or None when it is free."""
        try:
            file = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(file, 20).decode().strip()
            return int(text) if text.isdigit() else None
        finally:
            os.close(file)
        return None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.release()

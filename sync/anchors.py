"""Anchors: the newest seal, written outside the database, where whoever rewrites the chain cannot reach it."""

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from sync import clock, schedules
from sync.models import JournalSeal

log = logging.getLogger(__name__)
EVERY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """What the chain ended with at some time."""

    number: int
    sha256: str
    anchored_at: datetime


def path() -> Path:
    """The file anchors are appended to, one JSON object a line."""
    return Path(settings.AUDIT_ANCHOR_DIR) / "journal.jsonl"


def anchor_due() -> Anchor | None:
    """Anchor once an hour, whoever asks."""
    with schedules.once("anchor the journal", schedules.slot(EVERY)) as mine:
        return anchor() if mine else None


def anchor() -> Anchor | None:
    """Write down the newest seal; none where nothing is sealed. It is on the disk when this returns."""
    last = JournalSeal.objects.order_by("-number").first()
    if last is None:
        return None
    found = Anchor(number=last.number, sha256=last.sha256, anchored_at=clock.now())
    _append(json.dumps({"anchored_at": found.anchored_at.isoformat(), "number": found.number, "sha256": found.sha256}))
    log.info("the journal is anchored at number %s with %s", found.number, found.sha256)
    return found


def _append(text: str) -> None:
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        size = os.fstat(handle).st_size
        # a line that was cut off by a full disk must not swallow this one
        gap = b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""
        os.write(handle, gap + text.encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def anchored() -> tuple[list[Anchor], int]:
    """All anchors as they were written, and how many lines cannot be read."""
    try:
        lines = path().read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], 0
    found, unreadable = [], 0
    for text in filter(None, lines):
        try:
            said = json.loads(text)
            at = datetime.fromisoformat(said["anchored_at"])
            found.append(Anchor(number=int(said["number"]), sha256=str(said["sha256"]), anchored_at=at))
        except (ValueError, KeyError, TypeError):
            unreadable += 1
    return found, unreadable

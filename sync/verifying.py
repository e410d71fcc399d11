"""Verifies the journal: recomputes the whole chain, holds it against the anchors, says what is wrong first."""

import dataclasses
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction

from sync import anchors, chain, clock
from sync.models import JournalCheck
from sync.models.journal import NOTHING

#: rows read from the server at once: what is in memory does not grow with the journal
ROWS = 2000
_CHAIN = f"""
SELECT s.number, s.sealed_at, s.previous_sha256, s.sha256, s.entry_id, {chain.COLUMNS}
FROM sync_journalseal s LEFT JOIN sync_journalentry e ON e.id = s.entry_id ORDER BY s.number
"""  # noqa: S608 - columns of our own
_WAITING = """
SELECT count(*), min(e.at) FROM sync_journalentry e LEFT JOIN sync_journalseal s ON s.entry_id = e.id
WHERE s.number IS NULL
"""
_FORGOTTEN = """
SELECT count(*), min(e.id) FROM sync_journalentry e
WHERE NOT EXISTS (SELECT 1 FROM sync_journalseal s WHERE s.entry_id = e.id)
AND NOT EXISTS (SELECT 1 FROM sync_journalwaiting w WHERE w.entry_id = e.id)
"""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one look at the whole chain found."""

    #: seals that were recomputed and are right
    entries: int
    last_number: int
    last_sha256: str
    waiting: int
    oldest_waiting_at: datetime | None
    anchors: int
    is_good: bool
    #: the first number that is wrong, where the wrong has one
    wrong_at: int | None
    words: str

    def as_json(self) -> dict[str, Any]:
        oldest = self.oldest_waiting_at
        return {**dataclasses.asdict(self), "oldest_waiting_at": oldest.isoformat() if oldest else None}


@dataclass(frozen=True, slots=True)
class _Seal:
    number: int
    sealed_at: datetime
    previous_sha256: str
    sha256: str
    entry_id: int
    #: None where the journal has no such entry
    entry: chain.Entry | None


@dataclass
class _Walk:
    """How far the chain was followed."""

    number: int = 0
    sha256: str = NOTHING
    wrong_at: int | None = None
    words: str = ""


def check(*, by: str) -> tuple[JournalCheck, Verdict]:
    """Verify, and keep what was found."""
    started_at = clock.now()
    found = verify()
    row = JournalCheck.objects.create(
        started_at=started_at,
        finished_at=clock.now(),
        by=by[:80],
        entries=found.entries,
        waiting=found.waiting,
        anchors=found.anchors,
        last_number=found.last_number,
        last_sha256=found.last_sha256,
        is_good=found.is_good,
        wrong_at=found.wrong_at,
        words=found.words[:400],
    )
    return row, found


def verify() -> Verdict:
    """Follow the chain from its first seal to its last; stops at the first thing that is wrong."""
    # before the chain is read: what is anchored meanwhile may be newer than what is read
    try:
        written, unreadable = anchors.anchored()
        cannot = ""
    except OSError as error:
        written, unreadable, cannot = [], 0, f"The anchors cannot be read: {error.strerror}."
    walk = _follow(written)
    if not walk.words:
        walk.wrong_at, walk.words = _cut_off(walk, written)
    waiting, oldest = _one_row(_WAITING)
    if not walk.words:
        forgotten, first = _one_row(_FORGOTTEN)
        if forgotten:
            walk.words = f"Entry {first} has no seal and does not wait for one. Entries like it: {forgotten:,}."
        else:
            walk.words = cannot
    good = not walk.words
    return Verdict(
        entries=walk.number,
        last_number=walk.number,
        last_sha256=walk.sha256,
        waiting=waiting,
        oldest_waiting_at=oldest,
        anchors=len(written),
        is_good=good,
        wrong_at=walk.wrong_at,
        words=walk.words or _all_right(walk.number, len(written), unreadable),
    )


def _follow(written: list[anchors.Anchor]) -> _Walk:
    said: dict[int, list[anchors.Anchor]] = {}
    for one in written:
        said.setdefault(one.number, []).append(one)
    walk = _Walk()
    with closing(_seals()) as seals:
        for seal in seals:
            if wrong := _wrong(seal, walk, said.get(seal.number, [])):
                walk.wrong_at, walk.words = walk.number + 1, wrong
                break
            walk.number, walk.sha256 = seal.number, seal.sha256
    return walk


def _wrong(seal: _Seal, walk: _Walk, said: list[anchors.Anchor]) -> str:
    """What is wrong with a seal that comes after what was followed so far; empty when nothing is."""
    number = seal.number
    if number != walk.number + 1:
        return f"Number {walk.number + 1} is missing: after {walk.number} comes {number}."
    if seal.entry is None:
        return f"Number {number}: its entry {seal.entry_id} is gone from the journal."
    if seal.previous_sha256 != walk.sha256:
        return f"Number {number} does not link to number {number - 1}: the hash it follows is another one."
    if seal.sha256 != chain.digest(walk.sha256, chain.line(number, seal.sealed_at, seal.entry)):
        return f"Number {number}: entry {seal.entry_id} or its seal was changed after it was sealed."
    for anchor in said:
        if anchor.sha256 != seal.sha256:
            return (
                f"Number {number} is not what was anchored on {anchor.anchored_at:%d %b %Y %H:%M} UTC:"
                " the chain was written anew, or the anchor was changed."
            )
    return ""


def _cut_off(walk: _Walk, written: list[anchors.Anchor]) -> tuple[int | None, str]:
    """Whether an anchor knows more than the chain has."""
    beyond = [anchor for anchor in written if anchor.number > walk.number]
    if not beyond:
        return None, ""
    last = max(beyond, key=lambda anchor: anchor.number)
    return walk.number + 1, (
        f"The end of the chain is missing: it ends at number {walk.number}, and number {last.number} was anchored on"
        f" {last.anchored_at:%d %b %Y %H:%M} UTC."
    )


def _seals() -> Generator[_Seal]:
    """Every seal by number with its entry, read a few at a time from one snapshot."""
    # outside a transaction the server would first copy all of it
    with transaction.atomic(), database.chunked_cursor() as cursor:
        cursor.execute(_CHAIN)
        while rows := cursor.fetchmany(ROWS):
            for number, sealed_at, previous, sha256, entry_id, *entry in rows:
                whole = chain.Entry(*entry) if entry[0] is not None else None
                yield _Seal(number, sealed_at, previous, sha256, entry_id, whole)


def _all_right(number: int, written: int, unreadable: int) -> str:
    if not number:
        return "Nothing is sealed yet."
    text = f"All {number:,} sealed entries are as they were written."
    text += f" Anchors that agree: {written:,}." if written else " No anchor was there to compare with."
    return f"{text} Lines that cannot be read: {unreadable:,}." if unreadable else text


def _one_row(sql: str) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
        return row

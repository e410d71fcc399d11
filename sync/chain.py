"""The chain of the journal: how a sealed entry is written as one line of text, and what is hashed of it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

#: columns of the journal a line is made of, for a SELECT in which the journal is `e`
COLUMNS = (
    "e.id, e.at, e.user_id, e.actor, e.action, e.object_kind, e.object_key, e.correlation_id, e.text, e.details::text"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What `COLUMNS` gives of one journal entry."""

    id: int
    at: datetime
    user_id: int | None
    actor: str
    action: str
    object_kind: str
    object_key: str
    correlation_id: str
    text: str
    #: as PostgreSQL prints jsonb: one spelling per value
    details: str


def line(number: int, sealed_at: datetime, entry: Entry) -> str:
    """A sealed entry as one line: a JSON array of everything there is to know of it.

    In this order: number in the chain, when it was sealed, id of the entry, when it happened, id of the user or null,
    actor, action, kind of the object, its key, correlation id, the sentence, and the details as the text PostgreSQL
    prints for them. Times are UTC with microseconds and `+00:00`. Written without spaces and in ASCII, with `\\u`
    escapes for all else, so that it is one line whatever was written into an entry. Whoever has such lines, one below
    the other, recomputes the chain with `digest` alone: the lines are hashed as they are, nothing is parsed.
    """
    whole = [
        number,
        _moment(sealed_at),
        entry.id,
        _moment(entry.at),
        entry.user_id,
        entry.actor,
        entry.action,
        entry.object_kind,
        entry.object_key,
        entry.correlation_id,
        entry.text,
        entry.details,
    ]
    return json.dumps(whole, ensure_ascii=True, separators=(",", ":"))


def digest(previous_sha256: str, text: str) -> str:
    """The hash of a line that follows this hash: SHA-256 over the hash before in hex, a line feed, and the line."""
    return hashlib.sha256(f"{previous_sha256}\n{text}".encode("ascii")).hexdigest()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")

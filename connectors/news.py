"""What a source lists of its changes, entry by entry: one that cannot be read stops none of the others."""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from connectors.interface import SourceEvent

Entry = TypeVar("Entry")
log = logging.getLogger(__name__)
#: how the ids of entries that could not be read begin, and of objects they do not name
UNREADABLE = "unreadable:"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}", re.ASCII)


def events_of(
    entries: Sequence[Entry],
    read: Callable[[Entry], SourceEvent],
    *,
    about: Callable[[Entry], tuple[object, object]],
) -> list[SourceEvent]:
    """Entries as events, one each, in order. One that `read` fails at is an event too, under an id made of its bytes,
    of what it is `about` (kind and object id): reading that object shows what is wrong, or that nothing is.
    """
    events: list[SourceEvent] = []
    for entry in entries:
        try:
            events.append(read(entry))
        except Exception:
            log.exception("an entry of a source's list cannot be read")
            events.append(_unreadable(entry, about))
    return events


def readable(entries: Sequence[Entry], events: Sequence[SourceEvent]) -> list[Entry]:
    """Of listed entries and what `events_of` made of them, those a cursor may stand at."""
    pairs = zip(entries, events, strict=True)
    return [entry for entry, event in pairs if not event.event_id.startswith(UNREADABLE)]


def names_no_object(object_id: str) -> bool:
    """Whether an event stands for an entry that does not even tell what it is about."""
    return object_id.startswith(UNREADABLE)


def _unreadable(entry: Entry, about: Callable[[Entry], tuple[object, object]]) -> SourceEvent:
    raw = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=str).encode()
    name = UNREADABLE + hashlib.sha256(raw).hexdigest()[:32]
    try:
        kind, object_id = about(entry)
    except (AttributeError, LookupError, TypeError, ValueError):
        kind = object_id = None
    known = _is_name(kind) and _is_name(object_id)
    return SourceEvent(
        event_id=name, kind=str(kind) if known else "entry", object_id=str(object_id) if known else name, raw=raw
    )


def _is_name(text: Any) -> bool:
    return isinstance(text, str) and bool(_NAME.fullmatch(text))

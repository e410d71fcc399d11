"""Reads the inbox: fetches what an event is about, translates it, and makes work items of it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from connectors.canonical import Canonical
from connectors.errors import ConnectorError, Misconfigured, Rejected, Unavailable
from connectors.interface import Connector
from sync import blocks, bulk, clock, connections, nudges, work
from sync.models import Connection, SourceEvent, WorkItem
from sync.states import Condition

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=120)


def read_due(limit: int = 200) -> int:
    """Claim and read events that are due; how many were claimed."""
    events = _claim(limit)
    by_connection: dict[int, list[SourceEvent]] = {}
    for event in events:
        by_connection.setdefault(event.connection_id, []).append(event)
    for group in by_connection.values():
        _read(group[0].connection, group)
    return len(events)


def _claim(limit: int) -> list[SourceEvent]:
    now = clock.now()
    with transaction.atomic():
        events = list(
            SourceEvent.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(condition=Condition.DUE, due_at__lte=now)
            .select_related("connection", "body")
            .order_by("due_at", "pk")[:limit]
        )
        SourceEvent.objects.filter(pk__in=[event.pk for event in events]).update(
            condition=Condition.CLAIMED, lease_until=now + LEASE
        )
    return events


def _read(connection: Connection, events: Sequence[SourceEvent]) -> None:
    connector = connections.connector_for(connection)
    try:
        shapes = translate(connector, events)
    except Misconfigured as error:
        connections.pause(connection, reason=error.reason, text=error.text)
        _later(events, seconds=60)
        return
    except (Unavailable, ConnectorError) as error:
        connections.note_outcome(connection, worked=0, failed=1, text=str(error))
        _later(events, seconds=getattr(error, "retry_after", None) or 10)
        return
    try:
        with transaction.atomic():
            items = _record(events, shapes)
    except Exception:
        log.exception("reading %s events failed together; trying one by one", len(events))
        items = []
        for event in events:
            items += _read_alone(event, shapes.get(event.pk))
    if items:
        work.work(items)
        nudges.nudge("deliver", "posting", "ingest")


def _read_alone(event: SourceEvent, shapes: "list[Canonical] | Rejected | Exception | None") -> list[WorkItem]:
    try:
        with transaction.atomic():
            return _record([event], {event.pk: shapes})
    except Exception as error:
        log.exception("event %s cannot be read", event.pk)
        _count_crash(event, error)
        return []


def translate(
    connector: Connector, events: Sequence[SourceEvent]
) -> dict[int, "list[Canonical] | Rejected | Exception | None"]:
    """What each event is about, as shapes; None where the source no longer has it; an error where it cannot be read."""
    record_of: dict[int, Mapping[str, Any] | None] = {}
    wanted: dict[str, list[SourceEvent]] = {}
    for event in events:
        record = connector.reopen(kind=event.kind, raw=bytes(event.body.raw))
        if record is None:
            wanted.setdefault(event.kind, []).append(event)
        else:
            record_of[event.pk] = record
    for kind, group in wanted.items():
        found = connector.fetch(kind=kind, object_ids=list(dict.fromkeys(event.object_id for event in group)))
        for event in group:
            record_of[event.pk] = found.get(event.object_id)
    shapes: dict[int, list[Canonical] | Rejected | Exception | None] = {}
    for event in events:
        record = record_of[event.pk]
        try:
            shapes[event.pk] = (
                None if record is None else connector.translate(kind=event.kind, record=record, version=1)
            )
        except Rejected as error:
            shapes[event.pk] = error
        except Exception as error:
            log.exception("event %s cannot be translated", event.pk)
            shapes[event.pk] = error
    return shapes


def _record(
    events: Sequence[SourceEvent], shapes: dict[int, "list[Canonical] | Rejected | Exception | None"]
) -> list[WorkItem]:
    now = clock.now()
    heard: list[tuple[SourceEvent, Canonical]] = []
    for event in events:
        found = shapes.get(event.pk)
        event.lease_until = None
        if isinstance(found, Rejected):
            event.condition, event.outcome = Condition.BLOCKED, f"Cannot be read: {found.reason}"
            blocks.put(
                [
                    blocks.Stop(
                        event=event,
                        reason=found.reason,
                        field=found.field,
                        value=found.value,
                        evidence={"text": found.text[:600]},
                    )
                ]
            )
            continue
        if isinstance(found, Exception):
            _count_crash(event, found)
            continue
        event.condition, event.read_at = Condition.SETTLED, now
        if not found:
            event.outcome = "The source no longer has it" if found is None else "Nothing to do for this kind"
            continue
        heard += [(event, shape) for shape in found]
    items, notes = work.register(heard)
    for event in events:
        if event.pk in notes:
            event.outcome = ("; ".join(notes[event.pk]) or "Another event of the same moment says the same")[:200]
    done = [
        event
        for event in events
        if not isinstance(shapes.get(event.pk), Exception) or isinstance(shapes.get(event.pk), Rejected)
    ]
    bulk.update(done, ["condition", "read_at", "outcome", "lease_until"])
    if items:
        WorkItem.objects.filter(pk__in=[item.pk for item in items]).update(
            condition=Condition.CLAIMED, lease_until=now + work.LEASE
        )
    return items


def _count_crash(event: SourceEvent, error: Exception) -> None:
    with transaction.atomic():
        event.crashes += 1
        event.lease_until = None
        if event.crashes >= work.POISON_AFTER:
            event.condition = Condition.BLOCKED
            blocks.put([blocks.Stop(event=event, reason="POISON", evidence={"text": repr(error)[:600]})])
        else:
            event.condition, event.due_at = Condition.DUE, clock.now() + timedelta(seconds=5 * event.crashes)
        event.save(update_fields=["crashes", "condition", "due_at", "lease_until"])


def _later(events: Sequence[SourceEvent], *, seconds: float) -> None:
    SourceEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        condition=Condition.DUE, due_at=clock.now() + timedelta(seconds=seconds), lease_until=None
    )

"""Reads the inbox: fetches what an event is about, translates it, and makes work items of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import F

from connectors import news
from connectors.canonical import Canonical
from connectors.errors import ConnectorError, Rejected
from connectors.interface import Connector
from sync import blocks, bulk, clock, connections, gaps, nudges, outcomes, work
from sync.errors import raise_if_away
from sync.models import Connection, SourceEvent, WorkItem
from sync.states import Condition

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=120)
#: at least so long after a source that did not answer, and after one that is paused
LEAST, PAUSED = timedelta(seconds=10), timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Unfetched:
    """Nothing is wrong with the event: its source did not answer, or must not be called now (then without an error)."""

    error: ConnectorError | None


#: what reading an event comes to: shapes, nothing where the source no longer has it, or why not
Read = list[Canonical] | Rejected | Unfetched | Exception | None


def read_due(limit: int = 200) -> int:
    """Claim and read events that are due; how many were claimed. What did not come to an end before is read last and
    alone, so that an event that kills its worker takes no other with it.
    """
    events = _claim(limit)
    by_connection: dict[int, list[SourceEvent]] = {}
    for event in events:
        by_connection.setdefault(event.connection_id, []).append(event)
    for group in by_connection.values():
        _read(group[0].connection, group)
    done = len(events)
    for _ in range(work.SUSPECTS_A_PASS):
        alone = _claim(1, suspects=True)
        if not alone:
            break
        _read(alone[0].connection, alone)
        done += 1
    return done


def _claim(limit: int, *, suspects: bool = False) -> list[SourceEvent]:
    """Claim what is due. Each claim counts as a crash beforehand, in its own commit: only an end takes it back."""
    lease = clock.now() + LEASE
    with transaction.atomic():
        events = list(
            SourceEvent.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(
                condition=Condition.DUE,
                due_at__lte=clock.now(),
                **({"crashes__gt": 0} if suspects else {"crashes": 0}),
            )
            .select_related("connection", "body")
            .order_by("crashes", "due_at", "pk")[:limit]
        )
        SourceEvent.objects.filter(pk__in=[event.pk for event in events]).update(
            condition=Condition.CLAIMED, lease_until=lease, fence=F("fence") + 1, crashes=F("crashes") + 1
        )
        for event in events:
            event.condition, event.lease_until = Condition.CLAIMED, lease
            event.fence, event.crashes = event.fence + 1, event.crashes + 1
    return events


def _read(connection: Connection, events: Sequence[SourceEvent]) -> None:
    connector = connections.connector_or_pause(connection)
    if connector is None:
        _later(events, wait=PAUSED)
        return
    try:
        shapes = translate(connector, events)
    except Exception as error:
        log.exception("fetching what %s events are about failed on our side", len(events))
        if len(events) > 1:
            for event in events:
                _read(connection, [event])
        else:
            _count_crash(events[0], error)
        return
    unfetched = [event for event in events if isinstance(shapes.get(event.pk), Unfetched)]
    if unfetched:
        _later(unfetched, wait=_wait(connection, unfetched, shapes))
        events = [event for event in events if not isinstance(shapes.get(event.pk), Unfetched)]
    try:
        with transaction.atomic():
            items = _record(events, shapes)
    except Exception as error:
        raise_if_away(error)
        log.exception("reading %s events failed together; trying one by one", len(events))
        items = []
        for event in events:
            items += _read_alone(event, shapes.get(event.pk))
    if items:
        work.work(items)
        nudges.nudge("deliver", "posting", "ingest")


def _wait(connection: Connection, events: Sequence[SourceEvent], shapes: Mapping[int, Read]) -> timedelta:
    """How long events wait whose source was not to be called or did not answer: as long as it rests, else longer with
    each try.
    """
    until = connections.quiet_until(connection)
    if until is not None and until > clock.now():
        return until - clock.now()
    errors = [found.error for event in events if isinstance(found := shapes[event.pk], Unfetched)]
    if not any(errors):
        return PAUSED
    # a claim is a try; the floor leaves a source that answers at once with an error some air
    return LEAST + outcomes.back_off(max(event.fence for event in events) - 1)


def _read_alone(event: SourceEvent, shapes: Read) -> list[WorkItem]:
    try:
        with transaction.atomic():
            return _record([event], {event.pk: shapes})
    except Exception as error:
        raise_if_away(error)
        log.exception("event %s cannot be read", event.pk)
        _count_crash(event, error)
        return []


def translate(connector: Connector, events: Sequence[SourceEvent]) -> dict[int, Read]:
    """What each event is about, as shapes; None where the source no longer has it; an error where it cannot be read."""
    record_of: dict[int, Mapping[str, Any] | None] = {}
    shapes: dict[int, Read] = {}
    wanted: dict[str, list[SourceEvent]] = {}
    for event in events:
        if news.names_no_object(event.object_id):
            shapes[event.pk] = ValueError("the source listed it without saying what it is about; its bytes are kept")
            continue
        try:
            # what we asked for ourselves carries no copy
            asked = event.via == gaps.ASKED
            record = None if asked else connector.reopen(kind=event.kind, raw=bytes(event.body.raw))
        except Exception as error:
            log.exception("event %s cannot be opened", event.pk)
            shapes[event.pk] = error
            continue
        if record is None:
            wanted.setdefault(event.kind, []).append(event)
        else:
            record_of[event.pk] = record
    for kind, group in wanted.items():
        objects = list(dict.fromkeys(event.object_id for event in group))
        records = _fetch(events[0].connection, connector, kind=kind, objects=objects)
        for event in group:
            answer = records.get(event.object_id)
            if isinstance(answer, Unfetched | Rejected):
                shapes[event.pk] = answer
            else:
                record_of[event.pk] = answer
    for event in events:
        if event.pk in shapes:
            continue
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


def _fetch(
    row: Connection, connector: Connector, *, kind: str, objects: Sequence[str]
) -> Mapping[str, Mapping[str, Any] | Unfetched | Rejected | None]:
    """Ask the source for records, if it may be asked now: by object, what it said. A refusal is told apart from the
    objects it does not concern.
    """
    if not connections.may_call(row):
        return dict.fromkeys(objects, Unfetched(error=None))
    try:
        found = connector.fetch(kind=kind, object_ids=list(objects))
    except Rejected as error:
        connections.note_call(row)
        if len(objects) == 1:
            return {objects[0]: error}
        alone = [_fetch(row, connector, kind=kind, objects=[one]) for one in objects]
        return {name: record for one in alone for name, record in one.items()}
    except ConnectorError as error:
        connections.note_call(row, error)
        return dict.fromkeys(objects, Unfetched(error=error))
    connections.note_call(row)
    return found


def _record(events: Sequence[SourceEvent], shapes: dict[int, Read]) -> list[WorkItem]:
    """Write down what reading came to: notes on the events, work items claimed for us, stops where people must act."""
    now = clock.now()
    heard: list[tuple[SourceEvent, Canonical]] = []
    done: list[SourceEvent] = []
    said: dict[int, str] = {}
    for event in _still_ours(events):
        found = shapes.get(event.pk)
        if isinstance(found, Unfetched):
            continue  # it waits: see _later
        if isinstance(found, Exception) and not isinstance(found, Rejected):
            _count_crash(event, found)
            continue
        event.lease_until, event.crashes = None, 0
        done.append(event)
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
        event.condition = Condition.SETTLED
        if not found:
            said[event.pk] = "The source no longer has it" if found is None else "Nothing to do for this kind"
            continue
        heard += [(event, shape) for shape in found]
    items, notes = work.register(heard)
    for pk, lines in notes.items():
        said[pk] = "; ".join(lines) or "Another event of the same moment says the same"
    led_to = {item.event_id for item in items}
    for event in done:
        # an event that is read again and says nothing new keeps what it once led to
        if event.pk in said and (event.read_at is None or event.pk in led_to):
            event.read_at, event.outcome = now, said[event.pk][:200]
    bulk.update(done, ["condition", "read_at", "outcome", "lease_until", "crashes"])
    read = [event.pk for event in done if event.condition == Condition.SETTLED and event.fence > 1]
    if read:
        # read again: a case that said it could not be read is over
        blocks.clear(events=read, note="It could be read", but=frozenset({"CONFLICTING_DUPLICATE"}))
    if items:
        work.claim(items)
    return items


def _still_ours(events: Sequence[SourceEvent]) -> list[SourceEvent]:
    """Lock the events whose lease nobody else has taken over; a worker that slept too long writes nothing down."""
    held = {
        pk: (fence, condition)
        for pk, fence, condition in SourceEvent.objects.select_for_update()
        .filter(pk__in=[event.pk for event in events])
        .order_by("pk")
        .values_list("pk", "fence", "condition")
    }
    ours = [
        event
        for event in events
        if held[event.pk][0] == event.fence and held[event.pk][1] in (Condition.DUE, Condition.CLAIMED)
    ]
    if len(ours) < len(events):
        log.warning("%s events were taken over by somebody else meanwhile", len(events) - len(ours))
    return ours


def _count_crash(event: SourceEvent, error: Exception) -> None:
    """Reading it failed on our side. It was counted when it was claimed; the third time people look at it."""
    with transaction.atomic():
        row = SourceEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
        if row.fence != event.fence:
            return  # somebody else has it by now
        row.lease_until = None
        if row.crashes >= work.POISON_AFTER:
            row.condition = Condition.BLOCKED
            blocks.put([blocks.Stop(event=row, reason="POISON", evidence={"text": repr(error)[:600]})])
        else:
            row.condition, row.due_at = Condition.DUE, clock.now() + timedelta(seconds=5 * row.crashes)
        row.save(update_fields=["condition", "due_at", "lease_until"])


def _later(events: Sequence[SourceEvent], *, wait: timedelta) -> None:
    """Nothing is wrong with these: they are due again later, and this claim was no crash."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE sync_sourceevent
            SET condition = 'due', due_at = %s, lease_until = NULL, crashes = greatest(crashes - 1, 0)
            FROM unnest(%s::bigint[], %s::int[]) AS mine(id, fence)
            WHERE sync_sourceevent.id = mine.id AND sync_sourceevent.fence = mine.fence
            """,
            [
                clock.now() + wait,
                [event.pk for event in events],
                [event.fence for event in events],
            ],
        )

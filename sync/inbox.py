"""Takes in source events once: the raw bytes, by constraint, in one statement per call."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import F

from connectors.http import redact
from connectors.interface import SourceEvent as Arrived
from sync import blocks, clock, connections, nudges
from sync.models import ConflictingDuplicate, Connection, ConnectionHealth, SourceEvent, SourceEventBody


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of one arriving event."""

    event_id: str
    tracking_id: str
    #: False for one we had already
    is_new: bool
    #: True when the same id came with other content: the caller is told, a case is opened
    conflicts: bool


def take_in(
    connection: Connection, arrived: Sequence[Arrived], *, headers: Mapping[str, str] | None = None, via: str
) -> list[Taken]:
    """Store these events, each once, and say per event what became of it; committed when this returns
    (outside a transaction).
    """
    if not arrived:
        return []
    now = clock.now()
    first: dict[str, Arrived] = {}
    for event in arrived:
        first.setdefault(event.event_id, event)
    hashes = {event.event_id: _content_hash(event) for event in first.values()}
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO sync_sourceevent (tracking_id, connection_id, source_event_id, body_sha256, kind, object_id,
                    revision, received_at, via, called_at, called_sha256, condition, due_at, fence, crashes, outcome)
                SELECT gen_random_uuid(), %(connection)s, id, sha, kind, object, revision, %(now)s, %(via)s, %(called)s,
                    CASE WHEN %(via)s = 'callback' THEN sha ELSE '' END, 'due', %(now)s, 0, 0, ''
                FROM unnest(%(ids)s::text[], %(shas)s::text[], %(kinds)s::text[], %(objects)s::text[], %(revisions)s::bigint[])
                    AS t(id, sha, kind, object, revision)
                ON CONFLICT (connection_id, source_event_id) DO NOTHING
                RETURNING source_event_id, id, tracking_id
                """,
                {
                    "connection": connection.pk,
                    "now": now,
                    "via": via,
                    "called": now if via == "callback" else None,
                    "ids": list(first),
                    "shas": [hashes[key] for key in first],
                    "kinds": [event.kind for event in first.values()],
                    "objects": [event.object_id for event in first.values()],
                    "revisions": [event.revision for event in first.values()],
                },
            )
            new = {source_id: (pk, tracking_id) for source_id, pk, tracking_id in cursor.fetchall()}
        clean = redact(headers or {})
        SourceEventBody.objects.bulk_create(
            SourceEventBody(event_id=pk, raw=first[source_id].raw, headers=clean) for source_id, (pk, _) in new.items()
        )
        seen_before = [key for key in first if key not in new]
        known = (
            SourceEvent.objects.filter(connection=connection, source_event_id__in=seen_before) if seen_before else ()
        )
        rows = {row.source_event_id: row for row in known}
        if via == "callback":
            rows |= _note_first_calls([row for row in rows.values() if row.called_at is None], hashes, now=now)
        conflicting = [
            (rows[key], first[key])
            for key in seen_before
            if via == "callback" and rows[key].called_sha256 not in ("", hashes[key])
        ]
        twice = [event for event in arrived if via == "callback" and _content_hash(event) != hashes[event.event_id]]
        if twice:
            made = {row.pk: row for row in SourceEvent.objects.filter(pk__in=[pk for pk, _ in new.values()])}
            mine = rows | {key: made[pk] for key, (pk, _) in new.items()}
            # one call may contradict itself as well
            conflicting += [(mine[event.event_id], event) for event in twice]
        for row, event in conflicting:
            _keep_conflict(row, event, now=now)
        if new and via == "callback":
            ConnectionHealth.objects.filter(connection=connection, calls_us=False).update(calls_us=True)
        if new:
            nudges.nudge("ingest")
    at_odds = {row.source_event_id for row, _ in conflicting}
    tracking = {key: tracking_id for key, (_, tracking_id) in new.items()} | {
        key: row.tracking_id for key, row in rows.items()
    }
    return [
        Taken(event_id=key, tracking_id=str(tracking[key]), is_new=key in new, conflicts=key in at_odds)
        for key in first
    ]


def count_refused(connection: Connection | None, *, door: str) -> None:
    """Count a call that was turned away before it proved who sent it; it leaves nothing else behind."""
    now = clock.now()
    if connection is not None:
        # one plain statement, like the one below: how long a refusal takes does not tell which connections there are
        count = "UPDATE sync_connectionhealth SET refused_calls = refused_calls + 1 WHERE connection_id = %s"
        with database.cursor() as cursor:
            cursor.execute(count, [connection.pk])
            if not cursor.rowcount:
                connections.health_of(connection)
                cursor.execute(count, [connection.pk])
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sync_straycalls (door, day, count, last_at) VALUES (%(door)s, %(day)s, 1, %(now)s)
            ON CONFLICT (door, day) DO UPDATE SET count = sync_straycalls.count + 1, last_at = %(now)s
            """,
            {"door": door, "day": now.date(), "now": now},
        )


def _note_first_calls(
    rows: Sequence[SourceEvent], hashes: Mapping[str, str], *, now: datetime
) -> dict[str, SourceEvent]:
    """Our own asking was quicker than these calls: they did come, so nothing was missed, and from now on their content
    is what later calls are compared with. Of several at once the first counts.
    """
    for row in rows:
        SourceEvent.objects.filter(pk=row.pk, called_at=None).update(
            called_at=now, called_sha256=hashes[row.source_event_id]
        )
    return {row.source_event_id: row for row in SourceEvent.objects.filter(pk__in=[row.pk for row in rows])}


def _content_hash(event: Arrived) -> str:
    return hashlib.sha256(event.identity or event.raw).hexdigest()


def _keep_conflict(row: SourceEvent, arrived: Arrived, *, now: Any) -> None:
    """Keep other content as evidence, each once, count how often it came, and let people see it."""
    sha = _content_hash(arrived)
    kept, created = ConflictingDuplicate.objects.get_or_create(
        event=row, body_sha256=sha, defaults={"raw": arrived.raw, "received_at": now}
    )
    if not created:
        ConflictingDuplicate.objects.filter(pk=kept.pk).update(seen=F("seen") + 1)
    blocks.put(
        [
            blocks.Stop(
                event=row,
                reason="CONFLICTING_DUPLICATE",
                field="event id",
                value=row.source_event_id,
                evidence={"first_sha256": row.body_sha256, "second_sha256": sha},
            )
        ]
    )

"""Asks every source for what calls may have missed, compares its own list with the inbox, and copies ERPs' periods."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection as database
from django.db import transaction

from connectors.errors import ConnectorError, CursorLost, Misconfigured
from connectors.interface import Connector
from connectors.interface import SourceEvent as Arrived
from sync import blocks, calendar, clock, connections, inbox, journal, missed, schedules
from sync.models import Connection, PollCursor

log = logging.getLogger(__name__)
#: how often each stream is asked for news, and how often its list of the last day is compared
POLL_EVERY, COMPARE_EVERY = timedelta(minutes=5), timedelta(hours=1)
#: how events came in that a call should have brought, and those a source had before it was first asked
POLLED, LOADED = "poll", "load"


def poll_all() -> int:
    """Poll each stream of each running source and compare lists, each window once whoever nudges; how many events no
    call had brought.
    """
    found = 0
    for row in Connection.objects.filter(health__paused_at=None).order_by("pk"):
        try:
            connector = connections.connector_for(row)
            for stream in connector.streams:
                found += _ask(row, connector, stream)
            missed.judge(row)
        except Misconfigured as error:
            connections.pause(row, reason=error.reason, text=error.text)
        except ConnectorError as error:
            # the next window asks again from the same place
            log.warning("polling %s: %s", row.code, error)
        except Exception:
            log.exception("polling %s failed on our side", row.code)
    schedules.forget_old("poll:", "compare:", "look back:")
    return found


def mirror_all() -> int:
    """Copy the periods of every running ERP; how many changed. Copying twice changes nothing."""
    changed = 0
    for row in Connection.objects.filter(role="erp", health__paused_at=None).order_by("pk"):
        try:
            changed += calendar.mirror(row)
        except Misconfigured as error:
            connections.pause(row, reason=error.reason, text=error.text)
        except ConnectorError as error:
            # one ERP that is away keeps no other from being asked
            log.warning("mirroring the periods of %s: %s", row.code, error)
    return changed


def _ask(row: Connection, connector: Connector, stream: str) -> int:
    found = 0
    if "poll" in connector.capabilities:
        with schedules.once(f"poll:{row.code}:{stream}", schedules.slot(POLL_EVERY)) as mine:
            found += poll(row, stream) if mine else 0
    if "list_events" in connector.capabilities:
        with schedules.once(f"compare:{row.code}:{stream}", schedules.slot(COMPARE_EVERY)) as mine:
            found += compare(row, stream) if mine else 0
    return found


def poll(row: Connection, stream: str) -> int:
    """Ask one stream from its cursor on. The cursor moves only after the events are stored."""
    connector = connections.connector_for(row)
    cursor, _ = PollCursor.objects.get_or_create(connection=row, stream=stream)
    first_time = cursor.polled_at is None and not cursor.cursor
    try:
        events, following = connector.poll(stream=stream, cursor=cursor.cursor, now=clock.now())
    except CursorLost as error:
        _lose_place(row, cursor, error)
        # from the oldest the source keeps: what we have is known by its id
        events, following = connector.poll(stream=stream, cursor="", now=clock.now())
    taken = inbox.take_in(row, _untold(row, connector, events), via=LOADED if first_time else POLLED)
    cursor.cursor, cursor.polled_at, cursor.found = following, clock.now(), sum(one.is_new for one in taken)
    cursor.save()
    return cursor.found


def compare(row: Connection, stream: str) -> int:
    """Compare the source's own list of the last day with the inbox and take in what we never had; how many. What is
    younger than the settle time may still be on its way.
    """
    connector, now = connections.connector_for(row), clock.now()
    listed = connector.list_events(stream=stream, since=now - missed.WINDOW, until=now - missed.SETTLE)
    cursor, _ = PollCursor.objects.get_or_create(connection=row, stream=stream)
    # before the first poll all of it is simply not read yet
    via = LOADED if cursor.polled_at is None else POLLED
    taken = [one for one in inbox.take_in(row, _untold(row, connector, listed), via=via) if one.is_new]
    cursor.compared_at, cursor.missing = now, len(taken)
    cursor.save(update_fields=["compared_at", "missing"])
    if taken:
        journal.note(
            [
                journal.Fact(
                    action="events found",
                    object_kind="connection",
                    object_key=row.code,
                    text=f"{row.label} lists {len(taken)} events of the last day ({stream}) that neither a call nor a"
                    " poll had brought; they were taken in.",
                    details={"events": [one.event_id for one in taken[:50]]},
                )
            ]
        )
    return len(taken)


def _untold(row: Connection, connector: Connector, events: Sequence[Arrived]) -> list[Arrived]:
    """Events the inbox may not know. A list of records as they are repeats what a call told under another id: there
    an object read at this revision or a later one is known.
    """
    if not connector.lists_states or not events:
        return list(events)
    with database.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT listed.id
            FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS listed(id, object, revision)
            JOIN sync_sourceevent e ON e.object_id = listed.object AND e.connection_id = %s
            LEFT JOIN sync_workitem w ON w.event_id = e.id
            WHERE listed.revision > 0
              AND greatest(e.revision, w.record_revision, w.version) >= listed.revision
            """,
            [
                [event.event_id for event in events],
                [event.object_id for event in events],
                [event.revision for event in events],
                row.pk,
            ],
        )
        known = {event_id for (event_id,) in cursor.fetchall()}
    return [event for event in events if event.event_id not in known]


def _lose_place(row: Connection, cursor: PollCursor, error: CursorLost) -> None:
    """Say that the source no longer keeps our place; where it dropped what happened since then, that is a case."""
    since: datetime | None = cursor.polled_at
    lost = since is not None and error.oldest_kept is not None and since < error.oldest_kept
    with transaction.atomic():
        cursor.lost_at = clock.now()
        cursor.save(update_fields=["lost_at"])
        journal.note(
            [
                journal.Fact(
                    action="place lost",
                    object_kind="connection",
                    object_key=row.code,
                    text=f"{row.label} no longer keeps our place in {cursor.stream}; all it keeps is read again.",
                    details={"cursor": cursor.cursor, "text": error.text[:600]},
                )
            ]
        )
        if lost and since is not None and error.oldest_kept is not None:
            blocks.put(
                [
                    blocks.Stop(
                        connection=row,
                        reason="EVENT_GAP",
                        field=cursor.stream,
                        value=f"what happened between {since:%d %b %Y %H:%M} and"
                        f" {error.oldest_kept:%d %b %Y %H:%M} UTC is not kept there any more; the daily controls show"
                        " which documents are missing",
                        evidence={"text": error.text[:600], "asked_last": since.isoformat()},
                    )
                ]
            )

"""Asks every source for what calls may have missed, compares its own list with the inbox, and copies ERPs' periods."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from connectors.errors import ConnectorError, CursorLost, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Connector
from connectors.interface import SourceEvent as Arrived
from sync import blocks, calendar, clock, connections, inbox, journal, missed, schedules
from sync.errors import raise_if_away
from sync.models import Connection, PollCursor

log = logging.getLogger(__name__)
#: how often each stream is asked for news, and how often its list of the last day is compared
POLL_EVERY, COMPARE_EVERY = timedelta(minutes=5), timedelta(hours=1)
#: how events came in that a call should have brought, and those a source had before it was first asked
POLLED, LOADED = "poll", "load"
#: reason of the case at a connection whose own lists we fail at
UNREAD = "SOURCE_LIST_UNREADABLE"
#: an ERP's periods, noted beside its streams
PERIODS = "periods"
#: what says nothing of a list: it never came
SILENT = (Misconfigured, OutcomeUnknown, Unavailable)


class NotNowError(Exception):
    """The source may not be called now; its window stays free."""


def poll_all() -> int:
    """Poll each stream of each running source and compare lists, each window once whoever nudges; how many events no
    call had brought.
    """
    found = 0
    for row in Connection.objects.filter(health__paused_at=None).order_by("pk"):
        connector = connections.connector_or_pause(row)
        if connector is None:
            continue
        try:
            for stream in connector.streams:
                found += _ask(row, stream)
            missed.judge(row)
        except Exception:
            log.exception("asking %s failed", row.code)
    schedules.forget_old("poll:", "compare:", "look back:")
    return found


def mirror_all() -> int:
    """Copy the periods of every running ERP; how many changed. Copying twice changes nothing."""
    changed = 0
    for row in Connection.objects.filter(role="erp", health__paused_at=None).order_by("pk"):
        connector = connections.connector_or_pause(row)
        if connector is None or "periods" not in connector.capabilities or not connections.may_call(row):
            continue
        try:
            changed += calendar.mirror(row)
        except SILENT as error:
            # one ERP that is away keeps no other from being asked
            _note_silence(row, PERIODS, error)
            continue
        except Exception as error:
            log.exception("reading the periods of %s failed", row.code)
            _note_unread(row, PERIODS, "poll_failed_at", error)
            continue
        PollCursor.objects.update_or_create(connection=row, stream=PERIODS, defaults={"polled_at": clock.now()})
        _note_read(row, PERIODS, "poll_failed_at")
    return changed


def _ask(row: Connection, stream: str) -> int:
    """Ask one stream in the windows it has now; what goes wrong is noted at the connection and holds up no other."""
    capabilities = connections.kind_of(row).capabilities
    asks = (
        ("poll", "poll", poll, POLL_EVERY),
        ("list_events", "compare", compare, COMPARE_EVERY),
    )
    return sum(_ask_once(row, stream, job, ask, every) for need, job, ask, every in asks if need in capabilities)


def _ask_once(row: Connection, stream: str, job: str, ask: Callable[[Connection, str], int], every: timedelta) -> int:
    """Ask in the window there is now. The source's failure is one of its connection; a failure of ours is a case until
    asking works again.
    """
    failed_at = f"{job}_failed_at"
    try:
        # a window that fails is free again at once, and left alone while the source may not be called
        with schedules.once(f"{job}:{row.code}:{stream}", schedules.slot(every)) as mine:
            if not mine:
                return 0
            if not connections.may_call(row):
                raise NotNowError
            found = ask(row, stream)
    except NotNowError:
        return 0
    except SILENT as error:
        # the next window asks again from the same place
        _note_silence(row, stream, error)
        return 0
    except Exception as error:
        log.exception("asking %s for %s failed", row.code, stream)
        _note_unread(row, stream, failed_at, error)
        return 0
    _note_read(row, stream, failed_at)
    return found


def _note_read(row: Connection, stream: str, failed_at: str) -> None:
    """It answered, and we could read it: cases that said otherwise are over."""
    connections.note_call(row)
    PollCursor.objects.filter(connection=row, stream=stream).update(**{failed_at: None})
    if not _unread(row).exists():
        blocks.clear(connections=[row.pk], note="All of its lists can be read again", reasons={UNREAD})


def _note_silence(row: Connection, stream: str, error: ConnectorError) -> None:
    """No usable answer, or a closed door: that is the whole connection's, and its cursor says since when."""
    log.warning("asking %s for %s: %s", row.code, stream, error)
    PollCursor.objects.get_or_create(connection=row, stream=stream)
    connections.note_call(row, error)


def _note_unread(row: Connection, stream: str, failed_at: str, error: Exception) -> None:
    """A list that was refused, or that we fail at, is a case until it can be read again; the system itself is there. A
    database that went away says nothing of the list.
    """
    raise_if_away(error)
    if isinstance(error, Rejected):
        connections.note_call(row)
    with transaction.atomic():
        cursor, _ = PollCursor.objects.get_or_create(connection=row, stream=stream)
        setattr(cursor, failed_at, clock.now())
        cursor.save(update_fields=[failed_at])
        evidence = {"text": repr(error)[:600]}
        blocks.put([blocks.Stop(connection=row, reason=UNREAD, field="list", value=stream, evidence=evidence)])


def _unread(row: Connection) -> QuerySet[PollCursor]:
    return PollCursor.objects.filter(connection=row).exclude(poll_failed_at=None, compare_failed_at=None)


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

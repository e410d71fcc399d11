"""Judges whether a source calls us about everything that matters: what only our own asking brought is a case."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from sync import blocks, clock, connections
from sync.models import Connection, ConnectionHealth, PollCursor, SourceEvent, WorkItem

#: the time looked back over, and how long a call may take before it counts as missing
WINDOW, SETTLE = timedelta(hours=24), timedelta(minutes=10)
REASON = "EVENT_GAP"


def judge(row: Connection) -> int:
    """Open, count up or close the case about calls that did not come; how many were missed in the last day.

    Only what led to work counts, so that our own echo and kinds that mean nothing to us bother nobody; and a source
    that never called is one that is only asked.
    """
    with transaction.atomic():
        connections.health_of(row)
        health = ConnectionHealth.objects.select_for_update().get(connection=row)
        found = list(_missed(row)[:1000]) if health.calls_us else []
        latest = found[0].received_at if found else None
        is_new = latest is not None and (health.missed_call_at is None or latest > health.missed_call_at)
        if len(found) != health.missed_calls or is_new:
            health.missed_calls, health.missed_call_at = len(found), latest or health.missed_call_at
            health.save(update_fields=["missed_calls", "missed_call_at"])
        if is_new:
            blocks.put([_stop(row, found)])
        elif not found and not _place_lost_lately(row):
            blocks.clear(connections=[row.pk], reasons={REASON}, note="For a whole day nothing was missed")
    return len(found)


def _missed(row: Connection) -> QuerySet[SourceEvent]:
    """Events of the last day that only asking brought, the newest first."""
    now = clock.now()
    events = SourceEvent.objects.filter(
        Exists(WorkItem.objects.filter(event=OuterRef("pk"))),
        connection=row,
        via="poll",
        called_at=None,
        received_at__gt=now - WINDOW,
        received_at__lte=now - SETTLE,
    )
    if connections.connector_for(row).lists_states:
        # a call has an id of its own there: one about the same object, then or later, has told of it
        told = SourceEvent.objects.filter(connection=row, object_id=OuterRef("object_id"), called_at__isnull=False)
        events = events.exclude(
            Exists(
                told.filter(
                    Q(revision__gte=OuterRef("revision"), revision__gt=0) | Q(called_at__gte=OuterRef("received_at"))
                )
            )
        )
    return events.order_by("-received_at", "-pk")


def _stop(row: Connection, found: list[SourceEvent]) -> blocks.Stop:
    latest = found[0]
    several = f"{len(found)} changes" if len(found) > 1 else "one change"
    return blocks.Stop(
        connection=row,
        reason=REASON,
        field="calls",
        value=f"{several} of the last 24 hours came in only because we asked for them, the latest {latest.kind}"
        f" {latest.object_id} at {latest.received_at:%H:%M} UTC"[:300],
        evidence={
            "count": len(found),
            "events": [
                {
                    "event": event.source_event_id,
                    "about": f"{event.kind} {event.object_id}",
                    "came_in_at": event.received_at.isoformat(),
                    "tracking_id": str(event.tracking_id),
                }
                for event in found[:10]
            ],
        },
    )


def _place_lost_lately(row: Connection) -> bool:
    return PollCursor.objects.filter(connection=row, lost_at__gt=clock.now() - WINDOW).exists()

"""What callers are told about their events."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from sync.inbox import Taken
from sync.models import SourceEvent


def taken_answer(taken: Sequence[Taken]) -> dict[str, Any]:
    """Per event: the first tracking id and where to look it up."""
    return {
        "events": [
            {
                "event_id": one.event_id,
                "tracking_id": one.tracking_id,
                "tracking_url": f"{settings.PORTAL_URL}/api/v1/events/{one.tracking_id}",
                "status": "conflict" if one.conflicts else "accepted" if one.is_new else "known",
                **(
                    {"detail": "This id was used before with other content; the first content counts."}
                    if one.conflicts
                    else {}
                ),
            }
            for one in taken
        ]
    }


def event_answer(event: SourceEvent) -> dict[str, Any]:
    """How far an event's objects have come."""
    return {
        "tracking_id": str(event.tracking_id),
        "received_at": event.received_at,
        "kind": event.kind,
        "object_id": event.object_id,
        "condition": event.get_condition_display(),
        "outcome": event.outcome,
        "objects": [
            {
                "reference": item.reference,
                "state": item.state,
                "condition": item.get_condition_display(),
                "waits_for": item.waits_for,
                "trail": f"{settings.PORTAL_URL}/t/{item.correlation_id}",
                "problems": [
                    {"code": block.reason, "field": block.field, "value": block.value}
                    for block in item.blocks.filter(cleared_at=None)
                ],
            }
            for item in event.work_items.all()
        ],
    }

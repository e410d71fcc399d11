"""What callers are told about their events."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework import serializers

from sync.inbox import Taken
from sync.models import SourceEvent


class TakenEvent(serializers.Serializer):
    event_id = serializers.CharField()
    tracking_id = serializers.UUIDField()
    tracking_url = serializers.CharField()
    status = serializers.ChoiceField(choices=["accepted", "known", "conflict"])
    detail = serializers.CharField(required=False)


class TakenEvents(serializers.Serializer):
    """What became of each event of a call."""

    events = TakenEvent(many=True)


class TrackedProblem(serializers.Serializer):
    code = serializers.CharField()
    field = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)


class TrackedObject(serializers.Serializer):
    reference = serializers.CharField()
    state = serializers.CharField()
    condition = serializers.CharField()
    waits_for = serializers.CharField(allow_blank=True)
    trail = serializers.CharField()
    problems = TrackedProblem(many=True)


class Tracked(serializers.Serializer):
    """How far an event has come."""

    tracking_id = serializers.UUIDField()
    received_at = serializers.DateTimeField()
    kind = serializers.CharField()
    object_id = serializers.CharField(allow_blank=True)
    condition = serializers.CharField()
    outcome = serializers.CharField(allow_blank=True)
    objects = TrackedObject(many=True)


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

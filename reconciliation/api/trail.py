"""Finding by any id of any system, and the story of a deal or a customer across all systems, for machines."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reconciliation import figures_trail, trail_finder, trail_moments
from reconciliation.api.texts import Text
from reconciliation.api.views import LOOKING, Desk
from reconciliation.trail_reading import Passage, Station
from reconciliation.trail_steps import Standing


class FindQuery(serializers.Serializer):
    q = Text(max_length=200, help_text="an id of any system, a document's number, or how a customer's name begins")
    system = Text(max_length=40, required=False, help_text="only ids of this system, such as netsuite")


class FoundOut(serializers.Serializer):
    title = serializers.CharField()
    because = serializers.CharField(help_text="why it fits, in words")
    link = serializers.CharField(help_text="its page in the portal")


class Find(Desk):
    """Everything that goes by this name, best first."""

    @extend_schema(parameters=[FindQuery], responses={200: FoundOut(many=True), **LOOKING}, tags=["desk"])
    def get(self, request: Request) -> Response:
        query = FindQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = trail_finder.find(query.validated_data["q"], system=query.validated_data.get("system", ""))
        return Response(FoundOut(found, many=True).data)


class TrailOut(Desk):
    """A deal from opportunity to cash and back, or a customer in every system: stations in order, gaps included."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, **LOOKING}, tags=["desk"])
    def get(self, request: Request, correlation_id: str) -> Response:
        trail = figures_trail.read(correlation_id)
        if trail is None:
            raise Http404
        return Response(
            {
                "correlation_id": trail.correlation_id,
                "kind": trail.kind,
                "heading": trail.heading,
                "customer": trail.customer_name,
                "where": trail.where.text,
                "stations": [_station(one) for one in trail.stations],
                "open_cases": [case.number for case in trail.open_cases],
                "systems_without_ids": trail.missing,
                "moments": [
                    {"at": one.at, "actor": one.actor, "text": one.text} for one in trail_moments.moments(trail)
                ],
            }
        )


def _station(one: Station) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "title": one.title,
        # a gap: from where it should still come
        "expected": one.expected,
        "amount": one.amount,
        "facts": dict(one.facts),
        "ids": [{"system": name.system, "id": name.text, "link": name.url} for name in one.names],
        "standing": _standing(one.standing),
        "passages": [_passage(passage) for passage in one.passages],
    }


def _passage(one: Passage) -> dict[str, Any]:
    """One version on its way to one system; `to` is empty for the way into the portal."""
    return {
        "title": one.title,
        "to": one.to,
        "is_current": one.is_current,
        "attempts": one.tries,
        "standing": _standing(one.standing),
        "steps": [{"state": str(step.label), "mark": step.mark, "at": step.at} for step in one.steps],
    }


def _standing(one: Standing | None) -> dict[str, Any] | None:
    return {"text": one.text, "case": one.case.number if one.case else None} if one else None

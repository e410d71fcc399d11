"""The door for usage events: many in one call, each once, every bad one answered by its place and field."""

import logging
from dataclasses import asdict
from typing import Any

from django.db import InterfaceError, OperationalError
from drf_spectacular.utils import extend_schema
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from sync.api.bodies import in_words
from sync.api.callbacks import Away
from sync.api.problems import problems
from sync.usage import intake

log = logging.getLogger(__name__)


class UsageEventIn(serializers.Serializer):
    id = serializers.CharField(max_length=80, help_text="The source's own id of the event; a repeat changes nothing.")
    contract = serializers.CharField(max_length=80, help_text="The CRM's id of the deal or contract.")
    meter = serializers.CharField(max_length=40)
    quantity = serializers.CharField(max_length=20, help_text="A plain number as text; below zero takes usage back.")
    occurred_at = serializers.DateTimeField(help_text="With its offset; when it was used, not when it was reported.")


class UsageCall(serializers.Serializer):
    events = serializers.ListField(child=UsageEventIn(), allow_empty=False, max_length=intake.MOST)


class UsageRefusal(serializers.Serializer):
    place = serializers.IntegerField(help_text="Counted from 0.")
    id = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class UsageAnswer(serializers.Serializer):
    taken = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = UsageRefusal(many=True)


class UsageEvents(APIView):
    """Take usage events in. What counts as taken or repeated is stored; what is refused is not, and is named."""

    authentication_classes = [OAuth2Authentication]
    permission_classes = [TokenHasScope]
    required_scopes = ["usage"]

    @extend_schema(
        request=UsageCall,
        responses={
            200: UsageAnswer,
            207: UsageAnswer,
            422: UsageAnswer,
            **problems(400, 401, 403, 405, 406, 408, 413, 415, 503),
        },
        tags=["usage"],
    )
    def post(self, request: Request) -> Response:
        """200: all stored. 207: some stored, the others named. 422: none stored, all named."""
        events = request.data.get("events") if isinstance(request.data, dict) else None
        if not isinstance(events, list) or not events:
            raise in_words("events: give a list of usage events")
        if len(events) > intake.MOST:
            raise in_words(f"events: {len(events)} are more than {intake.MOST}; send fewer at a time")
        caller = getattr(request.auth, "application", None)
        answer = intake.take_in(getattr(caller, "client_id", ""), events)
        stored = answer.taken + answer.repeated
        status = 200 if not answer.refused else 207 if stored else 422
        body: dict[str, Any] = {"taken": answer.taken, "repeated": answer.repeated}
        return Response({**body, "refused": [asdict(one) for one in answer.refused]}, status=status)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            log.warning("usage could not be stored: %s", exc)
            exc = Away()
        return super().handle_exception(exc)

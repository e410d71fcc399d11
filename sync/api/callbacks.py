"""Doors for source systems: guard, prove, store, commit, answer. Nothing here parses what could fail after commit."""

import re
from typing import Any

from django.db import IntegrityError
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors.errors import NotAuthentic
from connectors.http import redact
from connectors.interface import Inbound
from sync import clock, connections, inbox
from sync.api.answers import event_answer, taken_answer
from sync.models import Connection, RefusedCall, SourceEvent

#: vendors' own limits lie far below (Salesforce 100 notifications a message, Stripe one event a call)
LARGEST_BODY = 1024 * 1024
_DIGITS = re.compile(r"[0-9]+", re.ASCII)


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body is larger than {LARGEST_BODY} bytes; send fewer events at a time."


class NotProven(APIException):
    """One answer for every way of not being proven, so that it teaches nothing."""

    status_code = 401
    default_code = "not_authentic"
    default_detail = "The call could not be proven to come from the system it names."


class Unreadable(ParseError):
    """The call proved who sent it, and its content could not be taken in; evidence was kept."""


#: answers given before anything was proven
_UNPROVEN = (400, 401, 403, 413, 415)


class RawBody(BaseParser):
    """Leaves the body as it came: signatures are over bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        if is_form_media_type(media_type or ""):
            # DRF and the OAuth library would take what this returns for a form's fields
            raise UnsupportedMediaType(media_type or "")
        return stream.read(LARGEST_BODY + 1)


def _guarded_body(request: Request) -> bytes:
    if request.headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedMediaType(request.headers["content-encoding"], "Send the body uncompressed.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if _DIGITS.fullmatch(length) and (len(length) > 12 or int(length) > LARGEST_BODY):
        raise TooLarge
    body = request.data if isinstance(request.data, bytes) else b""
    if len(body) > LARGEST_BODY:
        raise TooLarge
    if not body:
        raise ParseError("body: empty; send the event.")
    return body


class Callback(APIView):
    """What the doors share: find the connection, prove the call, take it in, answer after commit."""

    parser_classes = [RawBody]
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = [AllowAny]
    system = ""

    def handle_exception(self, exc: Exception) -> Response:
        """Whoever is turned away before proving who they are is counted; what was proven and could not be taken in
        has its evidence.
        """
        answer = super().handle_exception(exc)
        if answer.status_code in _UNPROVEN and not isinstance(exc, Unreadable):
            connection = Connection.objects.filter(code=self.kwargs.get("code", ""), system=self.system).first()
            inbox.count_refused(connection, door=self.system)
        return answer

    def take(self, request: Request, code: str, *, proof: dict[str, str]) -> tuple[Inbound, list[inbox.Taken]]:
        body = _guarded_body(request)
        connection = Connection.objects.filter(code=code, system=self.system).first()
        if connection is None:
            raise NotProven
        headers = {
            name.lower(): value for name, value in request.headers.items() if not name.lower().startswith("x-q2c-")
        }
        try:
            inbound = connections.connector_for(connection).receive(
                headers={**headers, **proof}, body=body, now=clock.now()
            )
        except NotAuthentic as error:
            raise NotProven from error
        except ValueError as error:
            RefusedCall.objects.create(
                connection=connection,
                at=clock.now(),
                problem=str(error)[:400],
                raw=body[:65536],
                headers=redact(headers),
            )
            raise Unreadable(str(error)[:400]) from error
        try:
            return inbound, inbox.take_in(connection, inbound.events, headers=headers, via="callback")
        except IntegrityError as error:  # a race on tracking ids cannot happen twice; the caller repeats
            raise Unreadable("The event could not be stored; send it again.") from error


@extend_schema(
    request=OpenApiTypes.OBJECT,
    responses={
        200: OpenApiTypes.OBJECT,
        409: OpenApiResponse(description="Known id, other content; the first counts."),
        401: OpenApiTypes.OBJECT,
    },
    examples=[
        OpenApiExample(
            "One event",
            request_only=True,
            value={
                "events": [
                    {
                        "eventId": "a1B-1",
                        "objectType": "Account",
                        "recordId": "001000000000001AAA",
                        "systemModstamp": "2026-01-21T14:00:00.000Z",
                    }
                ]
            },
        )
    ],
    tags=["callbacks"],
)
class SalesforceEvents(Callback):
    """Flow and Apex callouts as JSON, one event or up to 200, signed in with OAuth2 client credentials (scope
    `callbacks`).
    """

    system = "salesforce"
    authentication_classes = [OAuth2Authentication]
    permission_classes = [TokenHasScope]
    required_scopes = ["callbacks"]

    def post(self, request: Request, code: str) -> Response:
        client = getattr(getattr(request, "auth", None), "application", None)
        _, taken = self.take(request, code, proof={"x-q2c-client": client.client_id if client else ""})
        return Response(taken_answer(taken), status=409 if any(one.conflicts for one in taken) else 200)


@extend_schema(request=OpenApiTypes.BINARY, responses={200: OpenApiTypes.BINARY}, tags=["callbacks"])
class SalesforceOutboundMessage(Callback):
    """SOAP Outbound Messages: proven by organisation id and the secret in the path; acknowledged after commit."""

    system = "salesforce"

    def post(self, request: Request, code: str, secret: str) -> HttpResponse:
        inbound, _ = self.take(request, code, proof={"x-q2c-path-secret": secret})
        return HttpResponse(inbound.answer, content_type=inbound.answer_type)


@extend_schema(
    request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT, 409: OpenApiTypes.OBJECT}, tags=["callbacks"]
)
class StripeWebhook(Callback):
    """Stripe's webhooks: proven by their signature over the raw body."""

    system = "stripe_billing"

    def post(self, request: Request, code: str) -> Response:
        _, taken = self.take(request, code, proof={})
        return Response(taken_answer(taken), status=409 if any(one.conflicts for one in taken) else 200)


class Tracking(APIView):
    """What became of an event that was taken in."""

    permission_classes = [TokenHasScope]
    authentication_classes = [OAuth2Authentication]
    required_scopes = ["callbacks"]

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 404: OpenApiTypes.OBJECT}, tags=["callbacks"])
    def get(self, request: Request, tracking_id: str) -> Response:
        event = SourceEvent.objects.filter(tracking_id=tracking_id).first()
        if event is None:
            raise Http404
        return Response(event_answer(event))

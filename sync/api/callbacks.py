"""Doors for source systems: guard, prove, store, commit, answer. Nothing here parses what could fail after commit.

Who is proven and refused leaves the call behind as evidence; who is not proven is counted.
"""

import logging
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from rest_framework.exceptions import APIException, MethodNotAllowed, ParseError, PermissionDenied
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors import registry
from connectors.errors import ConnectorError, Misconfigured, NotAuthentic
from connectors.http import redact
from connectors.interface import Inbound
from sync import clock, connections, inbox
from sync.api.answers import TakenEvents, Tracked, event_answer, taken_answer
from sync.api.bodies import EVIDENCE, RawBody, TooLarge, first_bytes, in_words, whole_body
from sync.api.problems import problems
from sync.models import Connection, RefusedCall, SourceEvent

log = logging.getLogger(__name__)


class NotProven(APIException):
    """One answer for every way of not being proven, so that it teaches nothing."""

    status_code = 401
    default_code = "not_authentic"
    default_detail = "The call could not be proven to come from the system it names."


class NotReady(APIException):
    """The connection's own set-up is at fault, so the caller keeps the event and sends it again."""

    status_code = 503
    default_code = "not_ready"
    default_detail = "This connection is not set up at the moment; send the same again later."
    wait = 60


class Away(NotReady):
    """The database cannot be reached: nothing was stored, and the caller must not believe otherwise."""

    default_code = "away"
    default_detail = "The portal cannot store anything at the moment; send the same again later."
    wait = 15


class NotTheirs(PermissionDenied):
    """Signed in, but for the events of others."""

    default_detail = "This client may not send events for this connection; the portal's administrator can allow it."


class WhateverIsAccepted(DefaultContentNegotiation):
    """Vendors send the Accept header of their HTTP library; an event is not lost over it."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Callback(APIView):
    """What the doors share: find the connection, prove the call, take it in, answer after commit."""

    parser_classes = [RawBody]
    content_negotiation_class = WhateverIsAccepted
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = [AllowAny]
    system = ""
    #: True once the caller is known to be who they say
    proven = False
    body = b""

    @cached_property
    def connection(self) -> Connection | None:
        """The connection the address names, where there is one."""
        return Connection.objects.filter(code=self.kwargs["code"], system=self.system).first()

    def take(self, request: Request, *, proof: dict[str, str]) -> tuple[Inbound, list[inbox.Taken]]:
        connection, headers = self.connection, _headers(request)
        if connection is not None:
            self.admit(connection)
            self.proven = _is_known(connection, {**headers, **proof})
        try:
            self.body = whole_body(request)
        except TooLarge:
            self.body = first_bytes(request) if self.proven else b""
            raise
        if connection is None:
            kind = registry.connector_class(self.system)
            kind.turn_away(headers={**headers, **proof}, body=self.body, now=clock.now())
            raise NotProven
        try:
            inbound = connections.connector_for(connection).receive(
                headers={**headers, **proof}, body=self.body, now=clock.now()
            )
        except NotAuthentic as error:
            self.proven = False
            raise NotProven from error
        except ConnectorError as error:
            if isinstance(error, Misconfigured):
                connections.pause(connection, reason=error.reason, text=error.text)
            raise NotReady from error
        except ValueError as error:
            self.proven = True
            raise in_words(error) from error
        try:
            return inbound, inbox.take_in(connection, inbound.events, headers=headers, via="callback")
        except IntegrityError as error:  # a race on tracking ids cannot happen twice; the caller repeats
            raise ParseError("The event could not be stored; send it again.") from error

    def admit(self, connection: Connection) -> None:
        """Raise NotTheirs for a caller who is proven, and may not speak for this connection."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError | InterfaceError):
            log.warning("a call could not be stored: %s", exc)
            exc = Away()
        if isinstance(exc, APIException) and not isinstance(exc, MethodNotAllowed | NotReady):
            self._leave_a_trace(exc)
        return super().handle_exception(exc)

    def _leave_a_trace(self, refusal: APIException) -> None:
        """Evidence of a proven call, so that nothing is lost without a trace; a count of any other."""
        if self.connection is not None and self.proven:
            RefusedCall.objects.create(
                connection=self.connection,
                at=clock.now(),
                problem=_problem(refusal.detail)[:400],
                raw=self.body[:EVIDENCE],
                headers=redact(_headers(self.request)),
            )
        else:
            inbox.count_refused(self.connection, door=self.system)


def _headers(request: Request) -> dict[str, str]:
    """Headers as they came, but never our own marks of what was proven."""
    return {name.lower(): value for name, value in request.headers.items() if not name.lower().startswith("x-q2c-")}


def _client(request: Any) -> Any:
    """The OAuth client whose token came with the call, or None."""
    return getattr(getattr(request, "auth", None), "application", None)


def _connections_of(request: Any) -> QuerySet[Connection]:
    """The connections the caller's client may speak for."""
    client = _client(request)
    return client.connections.all() if client else Connection.objects.none()


def _is_known(connection: Connection, headers: dict[str, str]) -> bool:
    try:
        return connections.connector_for(connection).knows(headers=headers)
    except ConnectorError:
        return False  # its own set-up is at fault, which is said once there is a body


def _problem(detail: Any) -> str:
    if isinstance(detail, dict):
        return "\n".join(_problem(part) for part in detail.values())
    return "\n".join(map(str, detail)) if isinstance(detail, list) else str(detail)


#: what every door may answer instead
_REFUSALS = problems(400, 401, 404, 405, 408, 411, 413, 415, 503)
_SLUG = {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}
_CODE = OpenApiParameter("code", _SLUG, OpenApiParameter.PATH, description="Code of the connection.")


@extend_schema(
    request=OpenApiTypes.OBJECT,
    parameters=[_CODE],
    responses={200: TakenEvents, 409: TakenEvents, **_REFUSALS, **problems(403)},
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

    def admit(self, connection: Connection) -> None:
        """One client of one organisation may not tell what happened in another."""
        if not _connections_of(self.request).filter(pk=connection.pk).exists():
            raise NotTheirs

    def post(self, request: Request, code: str) -> Response:
        client = _client(request)
        _, taken = self.take(request, proof={"x-q2c-client": client.client_id if client else ""})
        return Response(taken_answer(taken), status=409 if any(one.conflicts for one in taken) else 200)


@extend_schema(
    request={"text/xml": OpenApiTypes.BINARY},
    parameters=[_CODE, OpenApiParameter("secret", _SLUG, OpenApiParameter.PATH, description="The path secret.")],
    responses={(200, "text/xml"): OpenApiTypes.BINARY, **_REFUSALS},
    tags=["callbacks"],
)
class SalesforceOutboundMessage(Callback):
    """SOAP Outbound Messages: proven by organisation id and the secret in the path; acknowledged after commit."""

    system = "salesforce"

    def post(self, request: Request, code: str, secret: str) -> HttpResponse:
        inbound, _ = self.take(request, proof={"x-q2c-path-secret": secret})
        return HttpResponse(inbound.answer, content_type=inbound.answer_type)


@extend_schema(
    request=OpenApiTypes.OBJECT,
    parameters=[_CODE],
    responses={200: TakenEvents, 409: TakenEvents, **_REFUSALS},
    tags=["callbacks"],
)
class StripeWebhook(Callback):
    """Stripe's webhooks: proven by their signature over the raw body."""

    system = "stripe_billing"

    def post(self, request: Request, code: str) -> Response:
        _, taken = self.take(request, proof={})
        return Response(taken_answer(taken), status=409 if any(one.conflicts for one in taken) else 200)


class Tracking(APIView):
    """What became of an event that was taken in, for who may send events of its connection."""

    permission_classes = [TokenHasScope]
    authentication_classes = [OAuth2Authentication]
    required_scopes = ["callbacks"]

    @extend_schema(responses={200: Tracked, **problems(401, 403, 404, 405, 406)}, tags=["callbacks"])
    def get(self, request: Request, tracking_id: UUID) -> Response:
        event = SourceEvent.objects.filter(tracking_id=tracking_id, connection__in=_connections_of(request)).first()
        if event is None:
            raise Http404
        return Response(event_answer(event))

"""Fixtures of the Stripe sandbox's tests: a running sandbox, and a receiver for its webhooks."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.connectors.sandbox.stripe_billing.running import Received, Running, Served


@pytest.fixture
def running() -> Iterator[Running]:
    server = Running()
    yield server
    server.stop()


@pytest.fixture
def receiver() -> Iterator[Received]:
    received = Received()

    async def take(request: Request) -> Response:
        if received.refuse:
            received.refuse -= 1
            return Response(status_code=503)
        body = (await request.body()).decode()
        received.calls.append((body, request.headers["Stripe-Signature"]))
        return Response(status_code=204)

    served = Served(Starlette(routes=[Route("/hook", take, methods=["POST"])]))
    received.url = f"{served.url}/hook"
    yield received
    served.stop()

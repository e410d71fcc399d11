"""A portal with real doors: Salesforce and Stripe with their secrets, and a caller who can sign in."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import Application

from sync import clock
from tests.small_company import Company

ORGANISATION = "00D5g000004XyZAEA0"
PATH_SECRET = "0123456789abcdef0123456789abcdef"
WEBHOOK_SECRETS = ("whsec_new", "whsec_old")
CALLER, CALLER_SECRET = "callouts", "a secret of the caller"


@pytest.fixture
def doors(company: Company) -> Company:
    """The company with its CRM and billing as the real systems; nothing is reachable behind them."""
    for row, system, secrets in (
        (company.crm, "salesforce", {"client_id": "a", "client_secret": "b", "path_secret": PATH_SECRET}),
        (company.billing, "stripe_billing", {"api_key": "sk_test_1", "webhook_secrets": ",".join(WEBHOOK_SECRETS)}),
    ):
        row.system = system
        row.settings = {"organization_id": ORGANISATION} if system == "salesforce" else {}
        row.put_secrets(**secrets)
        row.save()
    return company


@pytest.fixture
def caller(doors: Company) -> Application:
    application = Application.objects.create(
        name="Callouts",
        client_id=CALLER,
        client_secret=CALLER_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
    doors.crm.callers.add(application)
    return application


@pytest.fixture
def token(caller: Application, client: Client) -> Callable[..., str]:
    """An access token, asked for as Salesforce asks: by client credentials."""

    def get(scope: str = "callbacks") -> str:
        answer = client.post(
            "/o/token/",
            {"grant_type": "client_credentials", "client_id": CALLER, "client_secret": CALLER_SECRET, "scope": scope},
        )
        assert answer.status_code == 200, answer.content
        return answer.json()["access_token"]

    return get


@pytest.fixture
def send_event(doors: Company, token: Callable[..., str], client: Client) -> Callable[..., Any]:
    """Post a body to the JSON door as a signed-in caller."""
    held = token()

    def send(body: Any, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(
            "/api/v1/callbacks/salesforce/crm/events",
            raw,
            content_type="application/json",
            headers={"authorization": f"Bearer {held}", **headers},
        )

    return send


def signature(body: bytes, *, secret: str = WEBHOOK_SECRETS[0], ago: int = 0) -> str:
    stamp = int(clock.now().timestamp()) - ago
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


@pytest.fixture
def send_webhook(doors: Company, client: Client) -> Callable[..., Any]:
    """Post a body to the Stripe door, signed unless told otherwise."""

    def send(body: Any, *, signed: str | None = None, code: str = "billing", **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(
            f"/api/v1/callbacks/stripe/{code}",
            raw,
            content_type="application/json",
            headers={"stripe-signature": signature(raw) if signed is None else signed, **headers},
        )

    return send


def is_a_problem(answer: Any, status: int) -> bool:
    """The one shape of every error (RFC 9457)."""
    body = answer.json()
    return (
        answer.status_code == body["status"] == status
        and answer["content-type"] == "application/problem+json"
        and set(body) == {"type", "title", "status", "detail", "errors"}
        and all(set(one) == {"field", "detail"} for one in body["errors"])
        and bool(body["detail"])
    )

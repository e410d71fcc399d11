"""A Stripe connector on a fake address, and the bodies it is fed."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical import Address, ContractLine, Customer, SubscriptionContract
from connectors.interface import Parcel, Setup
from connectors.stripe_billing.connector import StripeBilling

PAYLOADS = Path(__file__).parents[2] / "payloads" / "stripe"
ADDRESS = "http://127.0.0.1:9"
ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def payload() -> Callable[[str], Any]:
    """A body by file name, fresh on each call."""
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text(), parse_float=Decimal)


@pytest.fixture
def make_setup() -> Callable[..., Setup]:
    def build(**changes: Any) -> Setup:
        values: dict[str, Any] = {
            "code": "stripe",
            "base_url": ADDRESS,
            "secrets": {
                "api_key": "sk_test_write",
                "read_key": "rk_test_read",
                "webhook_secrets": "whsec_old, whsec_new",
            },
            "settings": {},
            "zone": ZONE,
            "sandbox": True,
        }
        return Setup(**{**values, **changes})

    return build


@pytest.fixture
def stripe_billing(make_setup: Callable[..., Setup]) -> StripeBilling:
    return StripeBilling(make_setup())


@pytest.fixture
def make_contract() -> Callable[..., SubscriptionContract]:
    def build(*, amount: str = "1054.00", quantity: str = "1", line: dict[str, Any] | None = None, **changes: Any):
        lines = (
            ContractLine(
                **{
                    "line_id": "00k5g00000PqRsTAAV",
                    "crm_product": "GTX Plus Basic",
                    "description": "GTX Plus Basic",
                    "quantity": Decimal(quantity),
                    "unit_price": Decimal(amount),
                    "amount": Decimal(amount),
                    "list_amount": Decimal(amount),
                    "discount": Decimal(0),
                    "starts_on": date(2026, 5, 14),
                    "ends_on": date(2027, 5, 13),
                    "billing_product": "prod_gtx_plus_basic",
                    **(line or {}),
                }
            ),
        )
        values: dict[str, Any] = {
            "reference": "contract:0065g00000KwyWtAAJ",
            "version": 1,
            "correlation_id": "deal:0065g00000KwyWtAAJ",
            "currency": "USD",
            "crm_opportunity_id": "0065g00000KwyWtAAJ",
            "customer_reference": "customer:0015g00000AbCdEAAV",
            "modification_kind": "new",
            "modification_number": 1,
            "record_revision": 1778751067123,
            "signed_on": date(2026, 5, 12),
            "starts_on": date(2026, 5, 14),
            "ends_on": date(2027, 5, 13),
            "amount": Decimal(amount),
            "lines": lines,
        }
        return SubscriptionContract(**{**values, **changes})

    return build


@pytest.fixture
def customer() -> Customer:
    return Customer(
        reference="customer:0015g00000AbCdEAAV",
        version=3,
        correlation_id="customer:0015g00000AbCdEAAV",
        crm_account_id="0015g00000AbCdEAAV",
        name="Cancity",
        address=Address(country="US"),
    )


@pytest.fixture
def make_parcel() -> Callable[..., Parcel]:
    def build(subject: Any, *, known: dict[str, str] | None = None, **changes: Any) -> Parcel:
        key = f"{subject.reference}@{subject.version}:put"
        values: dict[str, Any] = {
            "subject": subject,
            "operation": "put",
            "reference": subject.reference,
            "delivery_key": key,
            "request_key": f"{key}#1",
            "known": known or {},
        }
        return Parcel(**{**values, **changes})

    return build


class Listener:
    """An address that keeps every call made to it."""

    def __init__(self) -> None:
        calls: list[tuple[dict[str, str], bytes]] = []

        class Keep(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                calls.append((dict(self.headers.items()), body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the test's output quiet."""

        self.calls = calls
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self._thread.start()

    def wait_for(self, kind: str, *, about: str = "", seconds: float = 15) -> tuple[dict[str, str], bytes]:
        """The first call whose event is of a kind and, where asked, about one object."""
        for _ in range(int(seconds / 0.05)):
            for headers, body in list(self.calls):
                event = json.loads(body)
                if event["type"] == kind and about in ("", event["data"]["object"]["id"]):
                    return headers, body
            time.sleep(0.05)
        raise AssertionError(f"no {kind} came; there were {[json.loads(body)['type'] for _, body in self.calls]}")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()

"""A Stripe sandbox behind a real server with the official SDK as its client, and what a receiver of webhooks notes."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import stripe
import uvicorn

from connectors.sandbox.stripe_billing import StripeSandbox

WRITE_KEY = "sk_test_q2c"


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    """Epoch seconds of a moment in UTC."""
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def eventually(check: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """The first true answer of `check`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = check()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


class Served:
    """An ASGI app behind a real socket for as long as a test runs."""

    def __init__(self, app: Any) -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._listener = listener
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, ws="none"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        eventually(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()


class Running(Served):
    """A served sandbox with clients for it."""

    def __init__(self, state: Path | None = None) -> None:
        self.sandbox = StripeSandbox(state)
        super().__init__(self.sandbox.app())
        self.client = self.sdk().v1
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {WRITE_KEY}"}, timeout=30)

    def sdk(self, key: str = WRITE_KEY) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=0)

    def settings(self, **values: Any) -> None:
        self.http.patch("/_sandbox/settings", json=values).raise_for_status()

    def advance(self, clock: str, to: int) -> None:
        """Advance and wait until the clock is ready."""
        assert self.client.test_helpers.test_clocks.advance(clock, {"frozen_time": to}).status == "advancing"
        eventually(lambda: self.client.test_helpers.test_clocks.retrieve(clock).status == "ready")

    def stop(self) -> None:
        self.http.close()
        super().stop()

    # -- things most tests need -------------------------------------------------------------------
    def clock(self, start: int) -> str:
        return self.client.test_helpers.test_clocks.create({"frozen_time": start}).id

    def customer(self, **values: Any) -> str:
        return self.client.customers.create({"name": "Konex", "email": "books@konex.test", **values}).id

    def product(self, key: str = "GTX-PRO") -> str:
        return self.client.products.create({"id": key, "name": key}).id

    def year_deal(self, customer: str, *, start: int, end: int, amount: int, **more: Any) -> Any:
        """A subscription of one year, billed once in advance."""
        return self.client.subscriptions.create({
            "customer": customer, "collection_method": "send_invoice", "days_until_due": 30,
            "items": [{"price_data": {"currency": "usd", "product": "GTX-PRO", "recurring": {"interval": "year"},
                                      "unit_amount": amount}}],
            "backdate_start_date": start, "billing_cycle_anchor": end, "cancel_at": end,
            "proration_behavior": "create_prorations", **more,
        })  # fmt: skip


@dataclass
class Received:
    """What a receiver was sent."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    #: how many of the next calls are refused
    refuse: int = 0
    url: str = ""

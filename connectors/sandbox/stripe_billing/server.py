"""The Stripe Billing sandbox: keys, request ids, limits and idempotency around the operations."""

import asyncio
import base64
import re
import secrets
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.server import Handler, Sandbox
from connectors.sandbox.stripe_billing import clock, events, forms
from connectors.sandbox.stripe_billing.account import ACCOUNT_ID, API_VERSION, Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, internal_error, rate_limited
from connectors.sandbox.stripe_billing.events import compact
from connectors.sandbox.stripe_billing.expand import expand
from connectors.sandbox.stripe_billing.idempotency import KeyStore
from connectors.sandbox.stripe_billing.operations import OPERATIONS
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.reading import Operation

JSON = "application/json"
#: moments of an advancing clock between two looks at other requests
CHUNK = 100


class StripeSandbox(Sandbox):
    """One Stripe account in test mode, API 2026-10-28.endive, over books of its own."""

    name = "stripe"
    default_settings = {
        "api_keys": {"sk_test_q2c": "write", "rk_test_readonly": "read"},
        # the tail of every id of this account; two accounts never share one
        "account_mark": "Q2Cs",
        # requests per second before 429; None = no limit (the vendor's sandbox has 25)
        "rate_limit": None,
        # how long each POST takes, its idempotency key held meanwhile
        "latency_seconds": 0.0,
        # the next POSTs to matching paths answer 500: {"times": 1, "path": "/v1/invoices", "commit": true}
        "internal_errors": None,
        # clock time a draft invoice waits before it is finalised
        "draft_seconds": 3600,
        # customers pay an open invoice so many days after it was finalised; None = never
        "pays_after_days": None,
        "declined_customers": [],
        # days after each failed charge until the next one; none left: Stripe gives up
        "retry_days": [3, 5, 7],
        "customers_per_clock": 3,
        "automatic_payouts": False,
        # the currency the account settles in, where it is one only; and Stripe's rates into it, as text
        "settles_in": None,
        "exchange_rates": {},
        "fee_percent": "0",
        "fee_fixed": 0,
        # customers whose refunds the bank sends back, and how much clock time later
        "failing_refunds": [],
        "refund_fails_after_seconds": 86_400,
        # customers who dispute what they paid, how much clock time later, and what Stripe charges for it (minor units)
        "disputing_customers": [],
        "disputed_after_seconds": 3600,
        "dispute_fee": 1500,
        "search_delay_seconds": 1.0,
        "webhook_url": None,
        # one secret or, while it is rolled, several
        "webhook_secret": "whsec_q2c_sandbox",
        "enabled_events": [
            "customer.*", "customer.subscription.*", "invoice.*", "invoice_payment.paid", "credit_note.*",
            "charge.refunded", "charge.dispute.*", "refund.*", "payout.*",
        ],
        "duplicate_every": 0,
        "reorder": False,
    }  # fmt: skip

    def __init__(self, state: Path | None = None) -> None:
        super().__init__(state)
        self._settings_now: dict[str, Any] = {}
        self.account = Account(self.books, self.outgoing, lambda: self._settings_now)
        self.keys = KeyStore(self.account)
        self.outgoing.sign = lambda document: events.signature_headers(self.account, document)
        self._recent: deque[float] = deque()
        self._advancing: dict[str, asyncio.Task[None]] = {}
        self._resumed = False
        self._rebuild()

    # -- what the base asks for -------------------------------------------------------------------
    def routes(self) -> Sequence[Route]:
        routes = [Route(path, self._endpoint(operation), methods=[method]) for method, path, operation in OPERATIONS]
        return [*routes, Route("/{rest:path}", self._unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]

    def set_up(self) -> None:
        self._rebuild()

    def edited(self, kind: str, key: str) -> None:
        self._rebuild()

    def change_settings(self, **values: Any) -> None:
        """Switches take effect at once, also on invoices that are already open."""
        super().change_settings(**values)
        self._settings_now = self.settings
        clock.reschedule(self.account)

    def _rebuild(self) -> None:
        self._settings_now = self.settings
        self.account.reload()
        clock.reschedule(self.account)

    # -- one request ------------------------------------------------------------------------------
    def _endpoint(self, operation: Operation) -> Handler:
        async def run(request: Request) -> Response:
            if not hasattr(request.state, "values"):
                request.state.values = _values(request, await request.body())
            return self._carry_out(operation, request.state.values, request)

        return run

    async def answer(self, request: Request, call: Handler) -> Response:
        request_id = "req_" + secrets.token_hex(7)
        request.state.request_id = request_id
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        self._resume()
        clock.run_machine_time(self.account)
        try:
            self._sign_in(request)
            self._limit()
            if request.headers.get("Stripe-Version", API_VERSION) != API_VERSION:
                raise StripeError(f"Invalid Stripe API version: {request.headers['Stripe-Version']}")
            if request.method == "POST":
                response = await self._post(request, call)
            else:
                response = await call(request)
        except StripeError as error:
            response = _refusal(error, request_id)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        key = request.headers.get("Idempotency-Key")
        if key:
            response.headers["Idempotency-Key"] = key
        self._start_advancing()
        return response

    async def _post(self, request: Request, call: Handler) -> Response:
        key, path = request.headers.get("Idempotency-Key"), request.url.path
        values = request.state.values = _values(request, await request.body())
        request_id = request.state.request_id
        if key:
            saved = self.keys.claim(key, path=path, values=values)
            if saved:
                headers = {"Idempotent-Replayed": "true", "Original-Request": saved["request_id"]}
                return Response(saved["body"], saved["status"], headers=headers, media_type=JSON)
        try:
            if self._settings_now["latency_seconds"]:
                await asyncio.sleep(self._settings_now["latency_seconds"])
            try:
                broken = self._break(path)
                if broken == "before":
                    raise internal_error()
                response = await call(request)
                if broken == "after":
                    raise internal_error()
                keep = True
            except StripeError as error:
                response, keep = _refusal(error, request_id), error.saved
            if key and keep:
                body = bytes(response.body).decode()
                self.keys.save(
                    key, path=path, values=values, status=response.status_code, body=body, request_id=request_id
                )
            return response
        finally:
            if key:
                self.keys.release(key)

    def _carry_out(self, operation: Operation, values: dict[str, Any], request: Request) -> Response:
        body = self.call(
            operation,
            values,
            path=dict(request.path_params),
            request_id=request.state.request_id,
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        return Response(compact(body), media_type=JSON)

    def call(
        self,
        operation: Operation,
        values: dict[str, Any],
        *,
        path: dict[str, str] | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Carry out one operation in the process, without HTTP; raises StripeError."""
        paths = Params({"expand": values.get("expand", [])}, ()).texts("expand")
        self.account.call = Call(values, path or {}, request_id, idempotency_key)
        try:
            body = operation(self.account, self.account.call)
            return expand(self.account, body, paths) if paths else body
        finally:
            self.account.call = None

    async def _unknown(self, request: Request) -> Response:
        raise StripeError(
            f"Unrecognized request URL ({request.method}: {request.url.path}). Please see https://stripe.com/docs or "
            f"we can help at https://support.stripe.com/.",
            status=404,
        )

    # -- doors ------------------------------------------------------------------------------------
    def _sign_in(self, request: Request) -> None:
        key = _key(request.headers.get("Authorization", ""))
        if key is None:
            raise StripeError(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                status=401,
            )
        masked = f"{key[:8]}{'*' * 6}{key[-4:]}"
        right = self._settings_now["api_keys"].get(key)
        if right is None:
            raise StripeError(f"Invalid API Key provided: {masked}", status=401)
        if right == "read" and request.method != "GET":
            raise StripeError(
                f"The provided key '{masked}' does not have the required permissions for this endpoint on account "
                f"'{ACCOUNT_ID}'.",
                status=403,
            )

    def _limit(self) -> None:
        limit = self._settings_now["rate_limit"]
        if limit is None:
            return
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= limit:
            raise rate_limited()
        self._recent.append(now)

    def _break(self, path: str) -> str | None:
        """Whether Stripe itself fails now, and whether before or after the work was done."""
        plan = self._settings_now["internal_errors"]
        if not plan or plan.get("times", 1) <= 0 or not re.search(plan.get("path", ".*"), path):
            return None
        self.change_settings(internal_errors={**plan, "times": plan.get("times", 1) - 1})
        return "after" if plan.get("commit", True) else "before"

    # -- clocks on their way ----------------------------------------------------------------------
    def _resume(self) -> None:
        """A server that was stopped in the middle of an advance goes on with it."""
        if not self._resumed:
            self._resumed = True
            self._start_advancing()

    def _start_advancing(self) -> None:
        for key in clock.advancing(self.account):
            if key not in self._advancing:
                self._advancing[key] = asyncio.get_running_loop().create_task(self._advance(key))

    async def _advance(self, key: str) -> None:
        try:
            for step, _ in enumerate(clock.run(self.account, key), 1):
                if step % CHUNK == 0:
                    self.books.commit()
                    self.outgoing.wake()
                    await asyncio.sleep(0)
            self.books.commit()
            self.outgoing.wake()
        finally:
            self._advancing.pop(key, None)

    def advance_now(self, key: str) -> None:
        """Play an advancing clock to its end in the process, without an event loop."""
        for _ in clock.run(self.account, key):
            pass
        self.books.commit()


def _key(header: str) -> str | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0] or None
        except ValueError:
            return None
    return None


def _values(request: Request, body: bytes) -> dict[str, Any]:
    text = body.decode("utf-8", "replace") if request.method == "POST" else request.url.query
    if request.method == "DELETE" and body:
        text = body.decode("utf-8", "replace")
    return forms.parse(text)


def _refusal(error: StripeError, request_id: str) -> Response:
    body = {**error.error, "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}"}
    return Response(compact({"error": body}), error.status, headers=error.headers, media_type=JSON)

"""The verbs of Stripe Billing."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from connectors import news
from connectors.canonical import (
    Allocation,
    Canonical,
    CreditMemo,
    Customer,
    PaymentReturn,
    Refund,
    SubscriptionContract,
    UsagePlan,
    UsageSummary,
    UsageTrueUp,
    Withholding,
)
from connectors.errors import CursorLost, Misconfigured, Rejected, Unavailable
from connectors.interface import Connector, ControlPage, Inbound, Parcel, Receipt, Setup, SourceEvent
from connectors.stripe_billing import (
    arranging,
    cash,
    contract_calls,
    contracts,
    crediting,
    listing,
    mapping,
    reading,
    settling,
    usage,
    webhook,
)
from connectors.stripe_billing.completing import COMPLETED
from connectors.stripe_billing.transport import PAGE, SYSTEM, Api

#: what is always fetched: the event's copy lacks what moved the money
FETCHED = ("charge.succeeded", "refund.", "charge.dispute.", "payout.")
#: event kind -> where its object is read; the first that fits
PATHS: tuple[tuple[str, str], ...] = (
    ("invoice_payment", "/v1/invoice_payments"),
    ("invoice", "/v1/invoices"),
    ("customer.subscription", "/v1/subscriptions"),
    ("subscription", "/v1/subscriptions"),
    ("contract", "/v1/subscriptions"),
    ("customer", "/v1/customers"),
    ("credit_note", "/v1/credit_notes"),
    ("payment_intent", "/v1/payment_intents"),
    ("refund", "/v1/refunds"),
    ("charge.dispute", "/v1/disputes"),
    ("charge", "/v1/charges"),
    ("payout", "/v1/payouts"),
)
#: Stripe lists events this long (docs.stripe.com/api/events)
EVENTS_KEPT = timedelta(days=30)
#: pages of 100 that `find` and `poll` read before they give up
MOST_PAGES = 100
SCREENS = {
    "customer": "customers",
    "contract": "subscriptions",
    "invoice": "invoices",
    "payment": "payments",
    "credit_memo": "credit_notes",
}


class StripeBilling(Connector):
    """Customers and subscriptions go out; invoices and payments come in by signed webhook or by the event list."""

    name = "stripe_billing"
    label = "Stripe Billing"
    role = "billing"
    capabilities = frozenset({"receive", "poll", "list_events", "fetch", "find", "list_day"})
    streams: ClassVar[tuple[str, ...]] = ("events",)
    delivers = frozenset(
        {
            Customer.kind,
            SubscriptionContract.kind,
            Allocation.kind,
            Refund.kind,
            CreditMemo.kind,
            PaymentReturn.kind,
            Withholding.kind,
            UsagePlan.kind,
            UsageSummary.kind,
            UsageTrueUp.kind,
        }
    )
    settle_time: ClassVar[timedelta] = timedelta(seconds=5)
    # Stripe takes no beginning that lies ahead (docs.stripe.com/api/subscriptions/create, backdate_start_date): ours
    # are at noon, or an hour from it where a period begins that was counted from before the clocks changed
    begins_at: ClassVar[time] = time(13, 5)
    # Stripe keeps keys "at least 24 hours"; an hour is left for clocks that differ.
    key_horizon: ClassVar[timedelta | None] = timedelta(hours=23)

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.clock = str(setup.settings.get("test_clock") or "")
        secrets = (part.strip() for part in setup.secrets.get("webhook_secrets", "").split(","))
        # only where an e-invoicing service writes on invoices: all their changes are many events
        self._polled = [*webhook.POLLED, *(("invoice.updated",) if setup.settings.get("e_invoices") else ())]
        self._webhook_secrets = [secret for secret in secrets if secret]
        key = setup.secrets.get("read_key" if setup.read_only else "api_key", "")
        self.api = Api(base_url=setup.base_url, key=key, sandbox=setup.sandbox)

    # -- in ---------------------------------------------------------------------------------------
    @classmethod
    def turn_away(cls, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """The check of a signature that cannot fit."""
        webhook.turn_away(headers, body=body, now=now)

    def receive(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        """One signed event. Raises NotAuthentic for a bad signature, ValueError for content we cannot take."""
        webhook.check_signature(header=webhook.signature_of(headers), body=body, secrets=self._webhook_secrets, now=now)
        return Inbound(events=(webhook.read_event(body, live=not self.setup.sandbox),))

    def reopen(self, *, kind: str, raw: bytes) -> Mapping[str, Any] | None:
        """A signed snapshot is final for what we carry (issued invoices, payments made) unless its lines were cut."""
        if kind.startswith(FETCHED):
            return None
        record = webhook.read_event(raw, live=not self.setup.sandbox).record
        # only the payment an invoice was issued with asks for exactly what is due: others may hold more than they pay
        attached = kind.startswith("invoice_payment") and record is not None and record.get("is_default") is False
        return None if attached else record

    def poll(self, *, stream: str, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
        """Events after the cursor (an event id; empty = all Stripe still keeps), oldest first.

        Raises CursorLost when Stripe no longer has the event the cursor names (it keeps them 30 days).
        """
        _know_stream(stream)
        found = self._events_after(cursor, now=now) if cursor else self._all_events()
        events = _as_events(found)
        read = news.readable(found, events)
        return events, read[-1]["id"] if read else cursor

    def list_events(self, *, stream: str, since: datetime, until: datetime) -> list[SourceEvent]:
        """Events created in [since, until) of the kinds `poll` asks for, oldest first."""
        _know_stream(stream)
        span = {"gte": int(since.timestamp()), "lt": int(until.timestamp())}
        pages = list(self.api.pages("/v1/events", types=self._polled, created=span))
        found = [event for page in reversed(pages) for event in reversed(page)]
        return _as_events(found)

    def fetch(self, *, kind: str, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The objects as Stripe has them now, documents with all their lines; deleted and unknown ones are absent."""
        path = next((path for start, path in PATHS if kind.startswith(start)), None)
        if path is None:
            raise LookupError(f"kind: nothing of Stripe is called {kind!r}")
        found: dict[str, dict[str, Any]] = {}
        for object_id in dict.fromkeys(object_ids):
            expand = next((list(names) for start, names in cash.EXPANDED.items() if kind.startswith(start)), [])
            record = self._get(f"{path}/{quote(object_id, safe='')}", expand=expand)
            if record is None:
                continue
            if path in COMPLETED:
                record |= COMPLETED[path](self.api, record)
            lines = record.get("lines")
            if isinstance(lines, dict) and lines.get("has_more"):
                pages = self.api.pages(f"{path}/{quote(object_id, safe='')}/lines")
                record["lines"] = {**lines, "data": [line for page in pages for line in page], "has_more": False}
            found[object_id] = record
        return found

    def translate(self, *, kind: str, record: Mapping[str, Any], version: int) -> list[Canonical]:
        """Invoices issued, voided or given up, credit notes, payments with their allocation; others give nothing."""
        return mapping.to_shapes(kind, record, version=version, zone=self.setup.zone)

    # -- out --------------------------------------------------------------------------------------
    def deliver(self, parcel: Parcel) -> Receipt:
        """Create or update a customer; create the subscription of a new contract. Raises the outbound errors."""
        subject = parcel.subject
        if parcel.operation != "put":
            raise Rejected(f"Stripe cannot {parcel.operation} a {subject.kind} here", field="operation", system=SYSTEM)
        if isinstance(subject, Customer):
            return self._put_customer(subject, parcel)
        if isinstance(subject, SubscriptionContract):
            return self._put_contract(subject, parcel)
        if isinstance(subject, UsagePlan | UsageSummary | UsageTrueUp):
            return self._put_usage(subject, parcel)
        if isinstance(subject, Allocation):
            return settling.settle(self.api, subject, get=self._get, key=_key(parcel))
        if isinstance(subject, Refund):
            return settling.give_back(self.api, subject, key=_key(parcel))
        if isinstance(subject, Withholding):
            return settling.withhold(self.api, subject, get=self._get, key=_key(parcel))
        if isinstance(subject, PaymentReturn):
            return settling.take_back(self.api, subject, get=self._get, key=_key(parcel))
        if isinstance(subject, CreditMemo):
            return crediting.give(self.api, subject, fetch=self._invoice, key=_key(parcel))
        raise Rejected(f"Stripe does not take a {subject.kind}", field="kind", value=subject.kind, system=SYSTEM)

    def _invoice(self, own_id: str) -> dict[str, Any] | None:
        return self.fetch(kind="invoice", object_ids=[own_id]).get(own_id)

    def _put_usage(self, subject: UsagePlan | UsageSummary | UsageTrueUp, parcel: Parcel) -> Receipt:
        if isinstance(subject, UsagePlan):
            return usage.put_plan(self.api, subject, parcel, zone=self.setup.zone)
        if isinstance(subject, UsageSummary):
            return usage.put_summary(self.api, subject, parcel)
        return usage.put_true_up(self.api, subject, parcel, zone=self.setup.zone)

    def _put_customer(self, customer: Customer, parcel: Parcel) -> Receipt:
        wanted = mapping.customer_parameters(customer)
        if held := parcel.known.get(parcel.reference):
            path = f"/v1/customers/{quote(held, safe='')}"
        else:
            path = "/v1/customers"
            if self.clock:
                wanted["test_clock"] = self.clock
        return _customer_receipt(self.api.post(path, wanted, key=_key(parcel)))

    def _put_contract(self, contract: SubscriptionContract, parcel: Parcel) -> Receipt:
        days = self.setup.settings.get("days_until_due")
        carrying = contract_calls.Carrying(
            api=self.api,
            zone=self.setup.zone,
            days_until_due=int(days or contract.payment_terms_days),
            get=self._get,
            key=_key,
        )
        return self._contract_receipt(carrying.put(contract, parcel))

    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        """What carries this reference in its metadata, by the lists: they show a write at once, the search does not.

        Raises Unavailable when the lists are too long to be read to the end: "nothing" would not be proven.
        """
        if kind == UsagePlan.kind:
            return usage.find_plan(self.api, reference, known, clock=self._on_clock())
        if kind == UsageSummary.kind:
            return usage.find_summary(self.api, reference, known)
        if kind == UsageTrueUp.kind:
            return usage.find_true_up(self.api, reference, known)
        receipt: Callable[[Mapping[str, Any]], Receipt]
        if kind == Allocation.kind:
            return settling.find(reference, get=self._get, api=self.api)
        if kind == Refund.kind:
            return settling.find_refund(reference, api=self.api)
        if kind == Withholding.kind:
            return settling.find_withheld(reference, get=self._get)
        if kind == PaymentReturn.kind:
            return settling.find_returned(reference, get=self._get)
        if kind == CreditMemo.kind:
            return crediting.find(reference, api=self.api)
        if kind == Customer.kind:
            path, receipt = "/v1/customers", _customer_receipt
            narrowed: dict[str, Any] = self._on_clock()
        elif kind == SubscriptionContract.kind:
            path, receipt = "/v1/subscriptions", self._contract_receipt
            customer = next((held for name, held in known.items() if name.startswith("customer:")), "")
            narrowed = {"status": "all", **({"customer": customer} if customer else self._on_clock())}
        else:
            raise LookupError(f"kind: Stripe has no {kind!r} of ours")
        found: list[Receipt] = []
        for number, page in enumerate(self.api.pages(path, **narrowed)):
            if number >= MOST_PAGES:
                raise Unavailable(f"{path}: more than {MOST_PAGES * PAGE} to look through", system=SYSTEM)
            found += [receipt(record) for record in page if mapping.metadata(record).get("q2c_reference") == reference]
        return found

    # -- controls ---------------------------------------------------------------------------------
    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        """Contracts and receipts made, documents issued, voided or given up on a day; customers: all there are.

        Stripe gives no totals, so the pages carry no source count. One account is one entity.
        """
        if kind == "usage":
            yield from usage.list_usage(self.api, day=day, zone=self.setup.zone, clock=self._on_clock())
            return
        if kind == "bank_receipt":
            yield from settling.list_day(self.api, day=day, zone=self.setup.zone)
            return
        if kind not in listing.LISTS:
            raise LookupError(f"kind: Stripe cannot list {kind!r}")
        for listed in listing.LISTS[kind]:
            params: dict[str, Any] = dict(listed.narrowed(day, self.setup.zone))
            if listed.path == "/v1/subscriptions":
                # what is billed later stands on the schedule
                params |= {"status": "all", "expand": [f"data.{name}" for name in arranging.WHOLE]}
            if listed.path in ("/v1/subscriptions", "/v1/customers"):
                params |= self._on_clock()
            query = f"{listed.path} {json.dumps(params, sort_keys=True)}"
            for page in self.api.pages(listed.path, **params):
                lines = (listed.line(record, day=day, zone=self.setup.zone) for record in page)
                yield ControlPage(lines=tuple(found for found in lines if found), query=query)

    # -- people -----------------------------------------------------------------------------------
    def link(self, *, kind: str, external_id: str) -> str:
        """The record on Stripe's dashboard; in a sandbox, at the sandbox's own address."""
        parts = urlsplit(self.setup.base_url)
        if (parts.hostname or "").endswith("stripe.com"):
            mode = "/test" if self.setup.sandbox else ""
            return f"https://dashboard.stripe.com{mode}/{SCREENS.get(kind, kind)}/{external_id}"
        return f"{self.setup.base_url.rstrip('/')}/{SCREENS.get(kind, kind)}/{external_id}"

    def check(self) -> str:
        """The account we are signed in to; a restricted key may not read it, then one list proves the key."""
        try:
            account = self.api.get("/v1/account")
        except (Misconfigured, Rejected) as error:
            if error.http_status not in (403, 404):
                raise
            self.api.get("/v1/customers", limit=1)
            return "Stripe: the key works; the account's own record is not shown to it"
        return f"Stripe account {account['id']}, {'test' if self.setup.sandbox else 'live'} mode"

    # -- small parts ------------------------------------------------------------------------------
    def _events_after(self, cursor: str, *, now: datetime) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            # `ending_before` gives the page next to the cursor, itself newest first.
            try:
                page = self.api.get("/v1/events", types=self._polled, limit=PAGE, ending_before=cursor)
            except Rejected as error:
                if error.code == "resource_missing":
                    words = f"Stripe no longer has {cursor}"
                    raise CursorLost(words, oldest_kept=now - EVENTS_KEPT, system=SYSTEM) from error
                raise
            events += reversed(page["data"])
            if not page.get("has_more") or not page["data"]:
                break
            cursor = page["data"][0]["id"]
        return events

    def _all_events(self) -> list[dict[str, Any]]:
        pages = list(self.api.pages("/v1/events", types=self._polled))
        return [event for page in reversed(pages) for event in reversed(page)]

    def _get(self, path: str, *, expand: Sequence[str] = ()) -> dict[str, Any] | None:
        try:
            record = self.api.get(path, **({"expand": list(expand)} if expand else {}))
        except Rejected as error:
            if error.http_status == 404:
                return None
            raise
        return None if record.get("deleted") else record

    def _contract_receipt(self, record: Mapping[str, Any]) -> Receipt:
        return Receipt(
            external_id=record["id"],
            version=contracts.version_of(record),
            held={
                "status": str(record.get("status", "")),
                "currency": record["currency"].upper(),
                "amount": format(contracts.subscription_amount(record), "f"),
                "starts_on": reading.local_date(record["start_date"], self.setup.zone).isoformat(),
                "customer": str(record.get("customer") or ""),
            },
        )

    def _on_clock(self) -> dict[str, str]:
        """Stripe hides what lives on a test clock from lists that do not name the clock."""
        return {"test_clock": self.clock} if self.clock else {}


def _customer_receipt(record: Mapping[str, Any]) -> Receipt:
    address = record.get("address") or {}
    held = {"name": record.get("name"), "email": record.get("email"), "country": address.get("country")}
    return Receipt(
        external_id=record["id"],
        version=contracts.version_of(record),
        held={name: str(value) for name, value in held.items() if value},
    )


def _know_stream(stream: str) -> None:
    if stream != "events":
        raise LookupError(f"stream: Stripe has 'events', not {stream!r}")


def _key(parcel: Parcel, content: Mapping[str, Any] | None = None) -> str:
    """The idempotency key; Stripe takes 255 characters, longer ones are shortened by a stable hash.

    Where one delivery is several calls, each has a key of its own by its content.
    """
    key = parcel.request_key
    if content is not None:
        key += ":" + sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return key if len(key) <= 255 else f"{key[:180]}:{sha256(key.encode()).hexdigest()}"


def _as_events(found: Sequence[dict[str, Any]]) -> list[SourceEvent]:
    return news.events_of(
        found,
        lambda event: webhook.as_source_event(event, raw=_as_bytes(event)),
        about=lambda event: (event["type"], event["data"]["object"]["id"]),
    )


def _as_bytes(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, sort_keys=True, separators=(",", ":"), default=str).encode()

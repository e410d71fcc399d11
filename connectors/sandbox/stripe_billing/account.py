"""One Stripe account: its documents with their indexes and its clocks; every operation reads and writes through it."""

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.books import Books, Document
from connectors.sandbox.outgoing import Outgoing
from connectors.sandbox.stripe_billing.errors import StripeError, locked, no_such
from connectors.sandbox.stripe_billing.lists import Index

API_VERSION = "2026-10-28.endive"
ACCOUNT_ID = "acct_1SandboxQ2C0000"
CLOCK = "test_helpers.test_clock"
PREFIXES = {
    "cus": "customer", "prod": "product", "price": "price", "sub": "subscription", "in": "invoice",
    "ii": "invoiceitem", "inpay": "invoice_payment", "pi": "payment_intent", "ch": "charge",
    "txn": "balance_transaction", "po": "payout", "re": "refund", "du": "dispute", "cn": "credit_note", "evt": "event",
    "sub_sched": "subscription_schedule",
    "we": "webhook_endpoint", "txr": "tax_rate", "clock": CLOCK, "mtr": "billing.meter",
    "mtrev": "billing.meter_event",
}  # fmt: skip
_PREFIX_OF = {kind: prefix for prefix, kind in PREFIXES.items()}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass
class Call:
    """One API request as an operation sees it."""

    values: dict[str, Any]
    path: dict[str, str] = field(default_factory=dict)
    request_id: str | None = None
    idempotency_key: str | None = None


class Account:
    """Documents by kind and id; every write keeps the indexes true."""

    def __init__(self, books: Books, outgoing: Outgoing, settings: Callable[[], dict[str, Any]]) -> None:
        self.books = books
        self.outgoing = outgoing
        self.settings = settings
        self.machine_now: Callable[[], int] = lambda: int(time.time())
        #: the request being carried out, so that events can name it; None while a clock advances
        self.call: Call | None = None
        self.index = Index()
        #: what is due when, per clock id ("" is machine time): (at, tie breaker, what, object id)
        self.due: dict[str, list[tuple[int, int, str, str]]] = {}
        self._ties = 0
        #: machine time at which this process first wrote a searchable document
        self.written: dict[str, float] = {}

    # -- documents --------------------------------------------------------------------------------
    def reload(self) -> None:
        """Build the indexes anew from the books."""
        self.index = Index()
        for kind in [*PREFIXES.values(), "_idempotency"]:
            for document in self.books.rows(kind):
                self.index.put(kind, document)

    def new_id(self, kind: str) -> str:
        """Ids that sort by age within a kind, as cursors and ties in `created` need."""
        return self.numbered(_PREFIX_OF.get(kind, kind))

    def numbered(self, prefix: str) -> str:
        number, digits = self.books.next_number("object"), ""
        for _ in range(8):
            number, digit = divmod(number, 62)
            digits = _DIGITS[digit] + digits
        # ids are unique over all accounts, which share this tail with everything of theirs
        return f"{prefix}_1S{digits}{self.settings().get('account_mark', 'Q2Cs')}"

    def get(self, kind: str, key: str | None) -> Document | None:
        return self.books.get(kind, key) if key else None

    def need(self, kind: str, key: str, *, param: str | None = None) -> Document:
        """The document, or Stripe's resource_missing."""
        document = self.books.get(kind, key)
        if document is None:
            raise no_such(kind, key, param=param)
        return document

    def live_customer(self, key: str, *, param: str | None = None) -> Document:
        """A customer that was not deleted and whose clock is at rest."""
        customer = self.need("customer", key, param=param)
        if customer.get("_deleted"):
            raise no_such("customer", key, param=param)
        self.at_rest(customer.get("test_clock"))
        return customer

    def put(self, kind: str, document: Document) -> Document:
        self.books.put(kind, document["id"], document)
        self.index.put(kind, document)
        if kind in SEARCHABLE:
            self.written.setdefault(document["id"], time.time())
        return document

    def change(self, kind: str, document: Document, **values: Any) -> Document:
        """Set fields of a document and write it."""
        document.update(values)
        return self.put(kind, document)

    def drop(self, kind: str, key: str) -> None:
        self.books.delete(kind, key)
        self.index.drop(kind, key)

    def by(self, kind: str, field_name: str, value: Any) -> list[Document]:
        """Documents with an indexed value, newest first."""
        found = []
        for _, key in reversed(self.index.entries(kind, field_name, value)):
            document = self.books.get(kind, key)
            if document is not None:
                found.append(document)
        return found

    # -- time -------------------------------------------------------------------------------------
    def now(self, clock: str | None) -> int:
        """The time on a test clock, machine time without one."""
        document = self.get(CLOCK, clock)
        return document["frozen_time"] if document else self.machine_now()

    def at_rest(self, clock: str | None) -> None:
        """Refuses work on objects whose clock is just being advanced."""
        document = self.get(CLOCK, clock)
        if document and document["status"] == "advancing":
            raise locked(f"test clock {clock} is advancing")

    def owe(self, clock: str | None, at: int, what: str, key: str) -> None:
        """Remember that something happens to an object when its clock reaches a moment."""
        self._ties += 1
        heapq.heappush(self.due.setdefault(clock or "", []), (at, self._ties, what, key))

    def next_due(self, clock: str | None, until: int) -> tuple[int, str, str] | None:
        """Take the earliest moment not later than `until`."""
        heap = self.due.get(clock or "")
        if not heap or heap[0][0] > until:
            return None
        at, _, what, key = heapq.heappop(heap)
        return at, what, key

    def check_currency(self, currency: str, *, param: str = "currency") -> str:
        """Lower-case ISO 4217 letters."""
        lowered = currency.lower()
        if len(lowered) != 3 or not lowered.isalpha():
            raise StripeError(f"Invalid currency: {currency}.", param=param)
        return lowered


SEARCHABLE = ("customer", "subscription", "invoice", "charge", "payment_intent", "price", "product")

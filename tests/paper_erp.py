"""Systems kept on paper: a connector with books and a say in what the next call leads to, without any network."""

import dataclasses
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.canonical import Canonical
from connectors.errors import ConnectorError, OutcomeUnknown
from connectors.interface import Connector, ControlLine, ControlPage, Parcel, Period, Receipt, Setup, SourceEvent

PLACES = {
    "paper_crm": "tests.paper_erp:PaperCrm",
    "paper_billing": "tests.paper_erp:PaperBilling",
    "paper_erp": "tests.paper_erp:PaperErp",
}
#: silence, with the document in the books, and without
LOST_ANSWER, LOST_CALL = "lost answer", "lost call"


@dataclass
class Entry:
    """One record as the paper system holds it."""

    external_id: str
    kind: str
    subject: Canonical
    version: int | None


@dataclass
class Books:
    """What one connection's system holds, and how it behaves."""

    entries: list[Entry] = field(default_factory=list)
    #: per call of `deliver`, first come first served: nothing (a receipt), LOST_ANSWER, LOST_CALL, or an error
    next: deque[Any] = field(default_factory=deque)
    #: the same for `find`
    next_find: deque[Any] = field(default_factory=deque)
    keeps_versions: bool = True
    posts: bool = True
    parcels: list[Parcel] = field(default_factory=list)
    finds: list[str] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    #: what a source says: object id -> shapes, an error, or nothing
    says: dict[str, Any] = field(default_factory=dict)
    #: stream -> (events, next cursor)
    polled: dict[str, tuple[list[SourceEvent], str]] = field(default_factory=dict)
    #: kind -> lines of its own list; without them the entries are listed
    lists: dict[str, list[ControlLine]] = field(default_factory=dict)
    trouble_listing: ConnectorError | None = None
    trouble_checking: ConnectorError | None = None
    during_deliver: Any = None
    last_number: int = 0

    def of(self, reference: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.subject.reference == reference]

    def put(self, subject: Canonical) -> Entry:
        """Write it down once more, as it is."""
        with _NUMBERING:
            self.last_number += 1
            number = self.last_number
        entry = Entry(
            external_id=f"{subject.kind}-{number}",
            kind=subject.kind,
            subject=subject,
            version=subject.version if self.keeps_versions else None,
        )
        self.entries.append(entry)
        return entry

    def change(self, reference: str, **values: Any) -> None:
        """Somebody edits a record by hand."""
        for entry in self.of(reference):
            entry.subject = dataclasses.replace(entry.subject, **values)

    def delete(self, reference: str) -> None:
        self.entries = [entry for entry in self.entries if entry.subject.reference != reference]


SHELF: dict[str, Books] = {}
#: several workers may write into one book at once
_NUMBERING = threading.Lock()


def books(code: str) -> Books:
    """The books of a connection."""
    return SHELF.setdefault(code, Books())


#: kinds that are listed as they are, whatever day is asked for
AS_THEY_ARE = ("customer", "rate_table")


class Paper(Connector):
    """What the three share."""

    capabilities = frozenset({"fetch", "find", "list_day", "poll", "periods"})
    #: balances of receivables and tax it has none
    lists = frozenset(
        {
            *(
                "contract",
                "customer",
                "sales_order",
                "invoice",
                "credit_memo",
                "void",
                "write_off",
                "receipt",
                "payment",
            ),
            *("refund", "dispute", "payout", "bank_payout", "conversion", "clearing", "deferred", "unbilled", "usage"),
            *("posted_rate", "revenue_schedule", "bank_receipt", "contract_term", "granted", "payment_details"),
            *("customer_merge", "rate_table", "between_companies", "shown"),
        }
    )
    settle_time = timedelta(seconds=5)

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.books = books(setup.code)

    # -- in -------------------------------------------------------------------------------------------
    def poll(self, *, stream: str, cursor: str, now: Any) -> tuple[list[SourceEvent], str]:
        return self.books.polled.get(stream, ([], cursor))

    def fetch(self, *, kind: str, object_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {key: {"id": key} for key in object_ids if key in self.books.says}

    def translate(self, *, kind: str, record: Mapping[str, Any], version: int) -> list[Canonical]:
        said = self.books.says[record["id"]]
        if isinstance(said, Exception):
            raise said
        return list(said)

    # -- out ------------------------------------------------------------------------------------------
    def deliver(self, parcel: Parcel) -> Receipt:
        self.books.parcels.append(parcel)
        if self.books.during_deliver:
            self.books.during_deliver(parcel)
        behaviour = self.books.next.popleft() if self.books.next else None
        if isinstance(behaviour, Exception):
            raise behaviour
        if behaviour == LOST_CALL:
            raise OutcomeUnknown("no answer", system=self.name)
        receipt = self._receipt(self._write(parcel))
        if behaviour == LOST_ANSWER:
            raise OutcomeUnknown("no answer", system=self.name)
        return receipt

    def _write(self, parcel: Parcel) -> Entry:
        held = self.books.of(parcel.reference)
        if held and (parcel.operation == "correct" or type(parcel.subject).state_like):
            held[0].subject, held[0].version = (
                parcel.subject,
                parcel.subject.version if self.books.keeps_versions else None,
            )
            return held[0]
        # deliberately without a check for doubles: a second call makes a second record
        return self.books.put(parcel.subject)

    def _receipt(self, entry: Entry) -> Receipt:
        held = {"currency": entry.subject.currency}
        if hasattr(entry.subject, "total"):
            held["total"] = str(entry.subject.total)
        return Receipt(external_id=entry.external_id, posted=self.books.posts, version=entry.version, held=held)

    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        self.books.finds.append(reference)
        behaviour = self.books.next_find.popleft() if self.books.next_find else None
        if isinstance(behaviour, Exception):
            raise behaviour
        return [self._receipt(entry) for entry in self.books.of(reference)]

    # -- controls -------------------------------------------------------------------------------------
    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        if self.books.trouble_listing:
            raise self.books.trouble_listing
        lines = [line for line in self.books.lists.get(kind, []) if kind in AS_THEY_ARE or line.document_date == day]
        yield ControlPage(lines=tuple(lines), source_count=len(lines), query=f"{kind} of {day}")

    def periods(self, *, entity: str) -> Iterable[Period]:
        return self.books.periods

    def check(self) -> str:
        if self.books.trouble_checking:
            raise self.books.trouble_checking
        return "here"


class PaperCrm(Paper):
    """The CRM on paper."""

    name, label, role = "paper_crm", "Paper CRM", "crm"


class PaperBilling(Paper):
    """Billing on paper."""

    name, label, role = "paper_billing", "Paper Billing", "billing"


class PaperErp(Paper):
    """The ERP on paper."""

    name, label, role = "paper_erp", "Paper ERP", "erp"


def line(
    reference: str, amount: str, *, day: date, tax: str = "0.00", currency: str = "USD", external_id: str = ""
) -> ControlLine:
    """One document as a system lists it: `amount` is gross."""
    gross, of_it = Decimal(amount), Decimal(tax)
    return ControlLine(
        reference=reference,
        external_id=external_id or f"x-{reference}",
        document_date=day,
        currency=currency,
        net=gross - of_it,
        tax=of_it,
        gross=gross,
        label=reference.rpartition(":")[2],
    )


__all__ = ["LOST_ANSWER", "LOST_CALL", "PLACES", "SHELF", "Books", "PaperErp", "books", "line"]

"""What must hold after a chaos run, computed from the sandboxes' books, the CRM's and the history of calls alone.

The portal is asked for one thing only: how it explains what is missing (open cases, work under way, its tie-out).
None of its own counters, identities or states decides whether something is there, or there twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A won deal as the CRM has it."""

    id: str
    account: str
    amount: Decimal
    currency: str = "USD"

    @property
    def reference(self) -> str:
        return f"contract:{self.id}"

    @property
    def customer(self) -> str:
        return f"customer:{self.account}"


@dataclass(kw_only=True)
class Books:
    """Everything the checker looks at; plain documents, as the sandboxes keep them."""

    deals: list[Deal]
    stripe_customers: list[Document] = field(default_factory=list)
    subscriptions: list[Document] = field(default_factory=list)
    stripe_invoices: list[Document] = field(default_factory=list)
    invoice_payments: list[Document] = field(default_factory=list)
    netsuite_customers: list[Document] = field(default_factory=list)
    netsuite_invoices: list[Document] = field(default_factory=list)
    netsuite_payments: list[Document] = field(default_factory=list)
    #: CRM account id -> the city it lives in now, for accounts that moved during the run
    cities: dict[str, str] = field(default_factory=dict)
    #: (source, event id) of every call the portal answered with 2xx, and of all its inbox holds
    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    inbox: set[tuple[str, str]] = field(default_factory=set)
    #: references with an open case, and references the portal still has in hand
    open_cases: set[str] = field(default_factory=set)
    under_way: set[str] = field(default_factory=set)
    #: rows of `manage.py tie_out --json`
    tie_out: list[dict[str, str]] = field(default_factory=list)
    #: NetSuite's ids of currencies -> codes
    currencies: dict[str, str] = field(default_factory=lambda: {"1": "USD"})


@dataclass(frozen=True)
class Violation:
    """Something that must never be."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


@dataclass
class Findings:
    """What the checker found."""

    violations: list[Violation] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add(self, found: Iterable[Violation]) -> None:
        self.violations += found


def check(books: Books) -> Findings:
    """All rules over all books."""
    found = Findings()
    for rule in (customers, subscriptions, billed, posted, paid, moved, heard, tied):
        found.add(rule(books))
    found.figures = {
        "won deals": len(books.deals),
        "money won": str(sum((deal.amount for deal in books.deals), Decimal(0))),
        "subscriptions": len(books.subscriptions),
        "invoices billed": len(_final(books)),
        "invoices posted": len(books.netsuite_invoices),
        "payments taken": len(_taken(books)),
        "payments posted": len(books.netsuite_payments),
        "deals explained by an open case": sum(_excuse(books, deal) == "case" for deal in _unbilled(books)),
        "deals under way": sum(_excuse(books, deal) == "under way" for deal in _unbilled(books)),
        "calls answered 2xx": len(books.acknowledged),
        "open cases": len(books.open_cases),
        "under way": len(books.under_way),
    }
    return found


# -- the rules ----------------------------------------------------------------------------------------
def customers(books: Books) -> Iterator[Violation]:
    """One customer per account and system."""
    systems = (
        ("Stripe", books.stripe_customers, lambda row: (row.get("metadata") or {}).get("q2c_reference", "")),
        ("NetSuite", books.netsuite_customers, lambda row: row.get("externalId", "")),
    )
    billed = {deal.customer for deal in books.deals if not _excuse(books, deal)}
    for system, rows, name_of in systems:
        counted = Counter(name_of(row) for row in rows)
        for reference, number in counted.items():
            if not reference:
                yield Violation("customer without a reference", f"{number} at {system}")
            elif number > 1:
                yield Violation("customer twice", f"{reference}: {number} at {system}")
        for reference in sorted(billed - set(counted)):
            if not _explained(books, reference):
                yield Violation("customer missing", f"{reference} at {system}")
    # the ERP refuses no second company of the same name
    for name, number in Counter(row.get("companyName", "") for row in books.netsuite_customers).items():
        if number > 1:
            yield Violation("customer twice", f"{number} at NetSuite are called {name}")


def subscriptions(books: Books) -> Iterator[Violation]:
    """One subscription per won deal."""
    deals = {deal.reference: deal for deal in books.deals}
    counted = Counter(_contract_of(row) for row in books.subscriptions)
    for reference, number in counted.items():
        if reference not in deals:
            yield Violation("subscription nobody sold", f"{reference or 'without a reference'} at Stripe")
        elif number > 1:
            yield Violation("subscription twice", f"{reference}: {number} at Stripe")
    for reference, deal in deals.items():
        if reference not in counted and not _excuse(books, deal):
            yield Violation("subscription missing", f"{reference} over {deal.amount}, and no open case says why")


def billed(books: Books) -> Iterator[Violation]:
    """One invoice per subscription, of exactly the deal's amount."""
    deals = {deal.reference: deal for deal in books.deals}
    by_subscription: dict[str, list[Document]] = defaultdict(list)
    for row in books.stripe_invoices:
        by_subscription[row.get("_subscription") or ""].append(row)
    for row in by_subscription.pop("", []):
        yield Violation("invoice without a subscription", f"{row['id']} at Stripe")
    for subscription in books.subscriptions:
        deal, rows = deals.get(_contract_of(subscription)), by_subscription.get(subscription["id"], [])
        if deal is None:
            continue
        if len(rows) != 1:
            yield Violation("not one invoice per deal", f"{deal.reference}: {len(rows)} at Stripe")
        for row in rows:
            if _stripe_total(row) != deal.amount or row["currency"].upper() != deal.currency:
                said = f"{_stripe_total(row)} {row['currency'].upper()}"
                yield Violation("billed another amount", f"{deal.reference}: {said}, sold {deal.amount}")
            if row["status"] not in ("open", "paid") and not _explained(books, deal.reference):
                yield Violation("invoice never issued", f"{row['id']} is {row['status']}")


def posted(books: Books) -> Iterator[Violation]:
    """One NetSuite invoice per issued Stripe invoice, with the same total and currency, and no other."""
    by_reference: dict[str, list[Document]] = defaultdict(list)
    for row in books.netsuite_invoices:
        by_reference[row.get("externalId") or ""].append(row)
    issued = {f"invoice:stripe:{row['id']}": row for row in _final(books)}
    for reference, rows in by_reference.items():
        if reference not in issued:
            yield Violation("invoice nobody billed", f"{reference or 'without a reference'} in NetSuite")
        if len(rows) > 1:
            yield Violation("invoice twice", f"{reference}: {len(rows)} in NetSuite")
    numbers = Counter(row.get("tranId", "") for row in books.netsuite_invoices)
    for number, count in numbers.items():
        if count > 1:
            yield Violation("invoice twice", f"number {number}: {count} in NetSuite")
    for reference, row in issued.items():
        held = by_reference.get(reference, [])
        if not held and not _explained(books, reference):
            yield Violation("invoice missing", f"{reference} over {_stripe_total(row)}, and no open case says why")
        for one in held:
            total, currency = Decimal(str(one["total"])), books.currencies.get(one["currency"]["id"], "?")
            if (total, currency) != (_stripe_total(row), row["currency"].upper()):
                wanted = f"{_stripe_total(row)} {row['currency'].upper()}"
                yield Violation("posted another amount", f"{reference}: {total} {currency}, billed {wanted}")


def paid(books: Books) -> Iterator[Violation]:
    """One payment and one application per payment taken, of exactly its amount; and no other."""
    invoices = {row["id"]: row.get("externalId", "") for row in books.netsuite_invoices}
    by_reference: dict[str, list[Document]] = defaultdict(list)
    for row in books.netsuite_payments:
        by_reference[row.get("externalId") or ""].append(row)
    taken = {f"payment:stripe:{row['_payment_intent']}": row for row in _taken(books)}
    for reference, rows in by_reference.items():
        if reference not in taken:
            yield Violation("payment nobody made", f"{reference or 'without a reference'} in NetSuite")
        if len(rows) > 1:
            yield Violation("payment twice", f"{reference}: {len(rows)} in NetSuite")
    for reference, row in taken.items():
        invoice = f"invoice:stripe:{row['invoice']}"
        names = (reference, invoice, f"allocation:stripe:{row['id']}")
        excused = any(_explained(books, name) for name in names)
        amount = Decimal(row["amount_paid"]) / 100
        held = by_reference.get(reference, [])
        if not held and not excused:
            yield Violation("payment missing", f"{reference} over {amount}, and no open case says why")
        for one in held[:1]:
            if Decimal(str(one["payment"])) != amount:
                yield Violation("another amount received", f"{reference}: {one['payment']}, paid {amount}")
            applied = [line for line in (one.get("apply") or {}).get("items", []) if line.get("apply")]
            told = [(invoices.get(line["doc"]["id"], "?"), Decimal(str(line["amount"]))) for line in applied]
            if told != [(invoice, amount)] and not (excused and not told):
                yield Violation("not one application", f"{reference}: {told}, wanted {[(invoice, amount)]}")
    # what is settled in the ledger must have been paid
    settled = Counter(
        line["doc"]["id"]
        for row in books.netsuite_payments
        for line in (row.get("apply") or {}).get("items", [])
        if line.get("apply")
    )
    for own_id, number in settled.items():
        if number > 1:
            yield Violation("invoice paid twice", f"{invoices.get(own_id, own_id)}: {number} applications")


def moved(books: Books) -> Iterator[Violation]:
    """Of several changes of an account the last one is what billing shows."""
    shown = {
        (row.get("metadata") or {}).get("q2c_reference", ""): (row.get("address") or {}).get("city", "")
        for row in books.stripe_customers
    }
    for account, city in books.cities.items():
        reference = f"customer:{account}"
        if reference in shown and shown[reference] != city and not _explained(books, reference):
            yield Violation("an older address won", f"{reference}: Stripe has {shown[reference]!r}, the CRM {city!r}")


def heard(books: Books) -> Iterator[Violation]:
    """Every call that was answered with 2xx is in the inbox."""
    for source, event_id in sorted(books.acknowledged - books.inbox):
        yield Violation("acknowledged and lost", f"{source} {event_id}")


def tied(books: Books) -> Iterator[Violation]:
    """The portal's own tie-out leaves nothing unexplained, and its two ends are the books' own sums."""
    if not books.tie_out:
        yield Violation("no tie-out", "the controls have read nothing")
    for row in books.tie_out:
        if Decimal(row["unexplained"]):
            where = f"{row['leg']} {row['kind']} {row['period']} {row['currency']}"
            yield Violation("unexplained money", f"{where}: {row['unexplained']}")
    live = {deal.reference: deal for deal in books.deals}
    ends = (
        ("sold_to_billed", "contract", "left", sum((deal.amount for deal in books.deals), Decimal(0))),
        ("sold_to_billed", "contract", "right", _sold(books, live)),
        ("billed_to_posted", "invoice", "left", sum(map(_stripe_total, _final(books)), Decimal(0))),
        ("billed_to_posted", "invoice", "right", _in_the_ledger(books)),
    )
    for leg, kind, side, wanted in ends if books.tie_out else ():
        rows = [row for row in books.tie_out if (row["leg"], row["kind"]) == (leg, kind)]
        shown = sum((Decimal(row[side]) for row in rows), Decimal(0))
        if shown != wanted:
            yield Violation("the tie-out shows another sum", f"{leg} {kind} {side}: {shown}, the books {wanted}")


# -- readings -----------------------------------------------------------------------------------------
def _explained(books: Books, *references: str) -> bool:
    return any(reference in books.open_cases or reference in books.under_way for reference in references)


def _excuse(books: Books, deal: Deal) -> str:
    """Why a deal may not be billed yet: a case, its own or its customer's, or work under way; empty for no reason."""
    names = {deal.reference, deal.customer}
    if names & books.open_cases:
        return "case"
    return "under way" if names & books.under_way else ""


def _unbilled(books: Books) -> list[Deal]:
    there = {_contract_of(row) for row in books.subscriptions}
    return [deal for deal in books.deals if deal.reference not in there]


def _contract_of(row: Mapping[str, Any]) -> str:
    return str((row.get("metadata") or {}).get("q2c_reference", ""))


def _final(books: Books) -> list[Document]:
    return [row for row in books.stripe_invoices if row["status"] in ("open", "paid", "uncollectible")]


def _taken(books: Books) -> list[Document]:
    return [row for row in books.invoice_payments if row["status"] == "paid"]


def _stripe_total(row: Mapping[str, Any]) -> Decimal:
    """Whole cents to dollars; the demo company sells in US dollars only."""
    return Decimal(row["total"]) / 100


def _sold(books: Books, live: Mapping[str, Deal]) -> Decimal:
    there = {_contract_of(row) for row in books.subscriptions}
    return sum((deal.amount for reference, deal in live.items() if reference in there), Decimal(0))


def _in_the_ledger(books: Books) -> Decimal:
    return sum((Decimal(str(row["total"])) for row in books.netsuite_invoices), Decimal(0))

"""What customers owe, document by document: an invoice's total less all that has reduced it.

Billing says what was charged, cash and corrections say what is left. Each kind of correction adds one line to
REDUCTIONS; whoever asks for open balances asks here, so that ageing, status and checks never disagree.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection as database

#: selects of (own reference, invoice reference, amount in the invoice's currency by which that is less open)
REDUCTIONS: tuple[str, ...] = (
    # a bank receipt that did not hold has paid nothing
    "SELECT a.reference, a.invoice_reference, a.amount FROM sync_allocationrecord a WHERE NOT EXISTS"
    " (SELECT 1 FROM sync_paymentreturnrecord r WHERE r.payment_reference = a.payment_reference)",
    "SELECT reference, refers_to, applied FROM sync_creditmemorecord",
    # a voided invoice claims nothing; a voided credit memo gives back what it took
    "SELECT reference, invoice_reference, CASE voided_kind WHEN 'invoice' THEN applied ELSE -applied END"
    " FROM sync_voidrecord",
    # a proposal lowers nothing: only what was posted
    "SELECT w.reference, w.invoice_reference, w.amount FROM sync_writeoffrecord w"
    " JOIN sync_delivery d ON d.reference = w.reference WHERE d.role = 'erp' AND d.state IN ('posted', 'reconciled')",
    # what was withheld is owed by the tax office once it is booked so
    "SELECT w.reference, w.invoice_reference, w.amount FROM sync_withholdingrecord w JOIN sync_delivery d"
    " ON d.reference = w.reference WHERE d.role = 'erp' AND d.state IN ('posted', 'reconciled')",
)

_OPEN = """
WITH chosen AS (
    SELECT i.reference, i.number, i.customer_reference, i.contract_reference, i.legal_entity_id, i.currency, i.due_on,
           i.total
    FROM sync_invoicerecord i
    WHERE (%(customers)s::text[] IS NULL OR i.customer_reference = ANY(%(customers)s))
      AND (%(invoices)s::text[] IS NULL OR i.reference = ANY(%(invoices)s))
      AND (%(contracts)s::text[] IS NULL OR i.contract_reference = ANY(%(contracts)s))
), reduced AS (
    SELECT less.reference, sum(less.amount) AS amount FROM ({reductions}) AS less(own_reference, reference, amount)
    WHERE less.reference IN (SELECT reference FROM chosen) GROUP BY less.reference
)
SELECT c.reference, c.number, c.customer_reference, c.contract_reference, c.legal_entity_id, c.currency, c.due_on,
       c.total, c.total - coalesce(r.amount, 0)
FROM chosen c LEFT JOIN reduced r ON r.reference = c.reference
WHERE NOT %(only_open)s OR c.total <> coalesce(r.amount, 0)
ORDER BY c.due_on, c.reference
"""

_BY = ("customers", "invoices", "contracts")


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """One invoice and what is left of it; amounts in major units of its currency, below zero when paid too much."""

    reference: str
    number: str
    customer_reference: str
    contract_reference: str
    entity_id: int
    currency: str
    due_on: date
    total: Decimal
    left: Decimal

    def days_overdue(self, on: date) -> int:
        """Days since it was due while something is left; zero when it is not due yet or nothing is left."""
        return max((on - self.due_on).days, 0) if self.left > 0 else 0


def of_customers(references: Collection[str]) -> list[OpenItem]:
    """What these customers owe, or have paid too much, the earliest due first."""
    return _read(customers=references, only_open=True)


def of_contracts(references: Collection[str]) -> list[OpenItem]:
    """All invoices of these contracts, also those with nothing left."""
    return _read(contracts=references)


def of_invoices(references: Collection[str]) -> dict[str, OpenItem]:
    """These invoices by reference."""
    return {row.reference: row for row in _read(invoices=references)}


def of_everyone() -> list[OpenItem]:
    """Everything that is open, of all customers."""
    return _read(only_open=True)


def _read(*, only_open: bool = False, **chosen: Collection[str]) -> list[OpenItem]:
    if any(not references for references in chosen.values()):
        return []
    names = (
        "reference", "number", "customer_reference", "contract_reference", "entity_id", "currency", "due_on", "total",
        "left",
    )  # fmt: skip
    wanted = {name: sorted(set(chosen[name])) if name in chosen else None for name in _BY}
    with database.cursor() as cursor:
        cursor.execute(_OPEN.format(reductions=" UNION ALL ".join(REDUCTIONS)), {**wanted, "only_open": only_open})
        return [OpenItem(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]

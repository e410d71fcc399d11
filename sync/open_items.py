"""What customers owe, document by document: an invoice's total less all that has reduced it.

Billing says what was charged, cash and corrections say what is left. Each kind of correction adds one line to
REDUCTIONS; whoever asks for open balances asks here, so that ageing, status and checks never disagree.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection as database

#: selects of (invoice reference, amount in the invoice's currency by which it is less open)
REDUCTIONS: tuple[str, ...] = ("SELECT invoice_reference, amount FROM sync_allocationrecord",)

_OPEN = """
WITH chosen AS (
    SELECT i.reference, i.number, i.customer_reference, i.contract_reference, i.legal_entity_id, i.currency, i.due_on,
           i.total
    FROM sync_invoicerecord i
    WHERE (%(customers)s::text[] IS NULL OR i.customer_reference = ANY(%(customers)s))
      AND (%(invoices)s::text[] IS NULL OR i.reference = ANY(%(invoices)s))
), reduced AS (
    SELECT less.reference, sum(less.amount) AS amount FROM ({reductions}) AS less(reference, amount)
    WHERE less.reference IN (SELECT reference FROM chosen) GROUP BY less.reference
)
SELECT c.reference, c.number, c.customer_reference, c.contract_reference, c.legal_entity_id, c.currency, c.due_on,
       c.total, c.total - coalesce(r.amount, 0)
FROM chosen c LEFT JOIN reduced r ON r.reference = c.reference
ORDER BY c.due_on, c.reference
"""


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
    """All invoices of these customers, the earliest due first, also those with nothing left."""
    return _read(customers=sorted(set(references)), invoices=None) if references else []


def of_invoices(references: Collection[str]) -> dict[str, OpenItem]:
    """These invoices by reference."""
    rows = _read(customers=None, invoices=sorted(set(references))) if references else []
    return {row.reference: row for row in rows}


def _read(*, customers: list[str] | None, invoices: list[str] | None) -> list[OpenItem]:
    names = (
        "reference", "number", "customer_reference", "contract_reference", "entity_id", "currency", "due_on", "total",
        "left",
    )  # fmt: skip
    with database.cursor() as cursor:
        cursor.execute(
            _OPEN.format(reductions=" UNION ALL ".join(REDUCTIONS)), {"customers": customers, "invoices": invoices}
        )
        return [OpenItem(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]

"""Which invoices are disputed: an invoice is never both paid and open; one in dispute is paid, disputed."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection as database

_DISPUTED = """
SELECT a.invoice_reference, d.opened_on::text, coalesce(o.outcome, '')
FROM sync_disputerecord d
JOIN sync_allocationrecord a ON a.payment_reference = d.payment_reference
LEFT JOIN sync_disputeoutcomerecord o ON o.dispute_reference = d.reference
WHERE a.invoice_reference = ANY(%(invoices)s) AND coalesce(o.outcome, '') IN ('', 'lost')
ORDER BY d.opened_on, d.reference
"""
_PAID_BY = "SELECT DISTINCT invoice_reference FROM sync_allocationrecord WHERE payment_reference = ANY(%s)"


@dataclass(frozen=True, kw_only=True)
class Disputed:
    """The dispute that counts for an invoice: one still open, else one that was lost."""

    opened_on: str
    is_lost: bool

    @property
    def payment_status(self) -> str:
        return "Paid, dispute lost" if self.is_lost else f"Paid, disputed {self.opened_on}"

    @property
    def collections(self) -> str:
        return "On hold: dispute lost, finance decides" if self.is_lost else "On hold: disputed"


def of_invoices(references: Collection[str]) -> dict[str, Disputed]:
    """Disputes of these invoices that are open or lost; those won or dropped count for nothing."""
    found: dict[str, Disputed] = {}
    if references:
        with database.cursor() as cursor:
            cursor.execute(_DISPUTED, {"invoices": list(references)})
            for invoice, opened_on, outcome in cursor.fetchall():
                if invoice not in found or found[invoice].is_lost:
                    found[invoice] = Disputed(opened_on=opened_on, is_lost=outcome == "lost")
    return found


def invoices_paid_by(payments: Collection[str]) -> set[str]:
    """The invoices these payments were applied to."""
    if not payments:
        return set()
    with database.cursor() as cursor:
        cursor.execute(_PAID_BY, [list(payments)])
        return {invoice for (invoice,) in cursor.fetchall()}

"""Cash that is not applied is never forgotten: one case per receipt with money left over, closed once none is.

Applied + left over = received, per receipt, always. Which case it is says what finance would look for first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sync import blocks, open_items
from sync.models import AllocationRecord, Block, InvoiceRecord, PaymentRecord, WorkItem
from sync.pipelines import records
from sync.pipelines.cash import left_of

#: no document named; more than the document; the same again
REASONS = frozenset({"UNAPPLIED_CASH", "OVERPAYMENT", "DUPLICATE_PAYMENT"})
#: open invoices shown with a case
MOST_CANDIDATES = 10


@dataclass(frozen=True, kw_only=True)
class LeftOver:
    """What of a receipt is on account, and why."""

    reason: str
    left: Decimal
    evidence: dict[str, Any]


def review(references: Iterable[str]) -> None:
    """Open, change or close the cases of these receipts by what is left of them now. Needs a transaction in which
    their records are stored.
    """
    payments = list(PaymentRecord.objects.filter(reference__in=set(references)).order_by("reference"))
    if not payments:
        return
    items = records.items_of("payment_to_erp", [payment.reference for payment in payments])
    left = left_of([payment.reference for payment in payments])
    stops: list[blocks.Stop] = []
    for payment in payments:
        item = items.get(payment.reference)
        if item is None:
            continue
        found = judge(payment, left[payment.reference]) if left[payment.reference] > 0 else None
        still = {found.reason} if found and _stands(item, found) else set()
        note = "Another part of it is left over" if found else "Nothing of it is left over"
        blocks.clear(work_items=[item.pk], reasons=REASONS - still, note=note)
        if found:
            stops.append(
                blocks.Stop(
                    work_item=item,
                    reason=found.reason,
                    field="Receipt",
                    value=payment.gateway_id,
                    evidence={**found.evidence, "amount": format(found.left, "f")},
                )
            )
    blocks.put(stops)


def _stands(item: WorkItem, found: LeftOver) -> bool:
    """Whether its case says so already, over the same amount."""
    rows = Block.objects.filter(work_item=item, reason=found.reason, cleared_at=None)
    return any(row.evidence.get("amount") == format(found.left, "f") for row in rows)


def judge(payment: PaymentRecord, left: Decimal) -> LeftOver:
    """Why money is left over: its document took less, the same was paid before, or nobody said what it is for."""
    mine = list(AllocationRecord.objects.filter(payment_reference=payment.reference).values_list("invoice_reference"))
    if mine:
        return LeftOver(reason="OVERPAYMENT", left=left, evidence={"applied to": [name for (name,) in mine]})
    billed = InvoiceRecord.objects.filter(
        customer_reference=payment.customer_reference,
        legal_entity=payment.legal_entity_id,
        currency=payment.currency,
    )
    items = list(open_items.of_invoices(list(billed.values_list("reference", flat=True))).values())
    unpaid = [item for item in items if item.left > 0]
    twice = [item for item in items if item.left <= 0 and item.total == payment.amount]
    if twice and not any(item.left == payment.amount for item in unpaid):
        return LeftOver(
            reason="DUPLICATE_PAYMENT", left=left, evidence={"paid before": [item.number for item in twice]}
        )
    return LeftOver(
        reason="UNAPPLIED_CASH",
        left=left,
        evidence={"open": [f"{item.number}: {item.left} {item.currency}" for item in unpaid[:MOST_CANDIDATES]]},
    )

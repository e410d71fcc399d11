"""What every part of a dispute shares: whose it is comes from the payment that is disputed."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from connectors.canonical import Dispute, DisputeMovement, DisputeOutcome
from sync import blocks
from sync.errors import StepError, Waits
from sync.models import WorkItem
from sync.pipelines.flow import Lookups

Part = TypeVar("Part", Dispute, DisputeMovement, DisputeOutcome)


def find_payment(part: Part, lookups: Lookups) -> Part:
    """Customer, company and story come from the disputed payment."""
    payment = lookups.cash.payments.get(part.payment_reference)
    if payment is None:
        raise Waits(part.payment_reference)
    if payment.currency != part.currency:
        raise StepError(
            "CURRENCY_MISMATCH", field="Currency", value=f"{part.currency}; the payment is in {payment.currency}"
        )
    return replace(
        part,
        customer_reference=payment.customer_reference,
        legal_entity=payment.legal_entity.code,
        correlation_id=payment.correlation_id,
    )


def settle(references: Iterable[str], *, reasons: set[str], note: str) -> None:
    """Close the cases of these objects that stopped nothing. Needs a transaction."""
    items = list(WorkItem.objects.filter(reference__in=list(references)).values_list("pk", flat=True))
    if items:
        blocks.clear(work_items=items, reasons=reasons, note=note)

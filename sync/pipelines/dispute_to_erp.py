"""Money taken for a dispute, or given back -> disputed receivables and fees against the clearing account."""

from collections.abc import Sequence
from typing import Any

from connectors.canonical import DisputeMovement
from sync.models import DisputeMovementRecord
from sync.pipelines import disputes, records
from sync.pipelines.flow import Flow, Lookups, Owed


def store(movements: Sequence[DisputeMovement], lookups: Lookups) -> None:
    records.put(movements, DisputeMovementRecord, lookups, stamp="created_at")


def owes(movement: DisputeMovement, lookups: Lookups) -> list[Owed]:
    """Serialised by the disputed payment: what was withdrawn is booked before what comes back."""
    customer = lookups.customers.get(movement.customer_reference)
    return [
        Owed(
            role="erp",
            queue="posting",
            subject=movement,
            needs=(movement.customer_reference,),
            serial_key=f"open:{movement.payment_reference}",
            document_date=movement.moved_on,
            posting_date=movement.moved_on,
            amount=movement.amount,
            title=f"Dispute {movement.gateway_id}: {'money back' if movement.amount > 0 else 'money withdrawn'}",
            customer_name=customer.name if customer else "",
        )
    ]


def describe(movement: DisputeMovement) -> dict[str, Any]:
    return {
        "title": f"Dispute {movement.gateway_id}",
        "customer_reference": movement.customer_reference,
        "amount": movement.amount,
        "currency": movement.currency,
        "effective_on": movement.moved_on,
    }


DISPUTE_TO_ERP = Flow(
    name="dispute_to_erp",
    kind=DisputeMovement.kind,
    steps=(disputes.find_payment,),
    store=store,
    owes=owes,
    describe=describe,
)

"""Dispute -> one case until its evidence is due; the invoice stays paid and is shown as paid and disputed."""

from collections.abc import Sequence
from typing import Any

from connectors.canonical import Dispute
from sync.errors import StepError
from sync.models import DisputeOutcomeRecord, DisputeRecord
from sync.pipelines import disputes, records
from sync.pipelines.flow import Flow, Lookups, Owed


def store(found: Sequence[Dispute], lookups: Lookups) -> None:
    records.put(found, DisputeRecord, lookups, stamp="created_at")


def owes(dispute: Dispute, lookups: Lookups) -> list[Owed]:
    """Nothing by itself: what moves money is booked as it moves."""
    return []


def notices(dispute: Dispute, lookups: Lookups) -> list[StepError]:
    """A case, due when evidence is; none where the dispute had ended before we heard of it."""
    if DisputeOutcomeRecord.objects.filter(dispute_reference=dispute.reference).exists():
        return []
    return [
        StepError(
            "DISPUTE_OPEN",
            field="Reason",
            value=(dispute.dispute_reason or "not given").replace("_", " "),
            evidence={"payment": dispute.payment_reference, "due_at": dispute.evidence_due_at},
        )
    ]


def describe(dispute: Dispute) -> dict[str, Any]:
    return {
        "title": f"Dispute {dispute.gateway_id}",
        "customer_reference": dispute.customer_reference,
        "amount": dispute.amount,
        "currency": dispute.currency,
        "effective_on": dispute.opened_on,
    }


DISPUTE_OPEN = Flow(
    name="dispute_open",
    kind=Dispute.kind,
    steps=(disputes.find_payment,),
    store=store,
    owes=owes,
    describe=describe,
    notices=notices,
)

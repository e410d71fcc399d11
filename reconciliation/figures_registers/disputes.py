"""Disputes by how far they are: those that are open, and those that ended in the month."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Sum

from reconciliation.figures_registers import decided
from reconciliation.figures_registers.register import ZERO, Line, Register, customers
from sync.models import DisputeLossRecord, DisputeMovementRecord, DisputeOutcomeRecord, DisputeRecord, LegalEntity


def find(entity: LegalEntity, first: date, last: date) -> Sequence[Line]:
    rows = list(DisputeRecord.objects.filter(legal_entity=entity, opened_on__lte=last).order_by("opened_on", "pk"))
    references = [row.reference for row in rows]
    about = {"dispute_reference__in": references}
    ended = {row.dispute_reference: row for row in DisputeOutcomeRecord.objects.filter(**about)}
    losses = {row.dispute_reference: row for row in DisputeLossRecord.objects.filter(**about)}
    moves = DisputeMovementRecord.objects.filter(**about, moved_on__lte=last).order_by()
    away = {
        row["dispute_reference"]: -row["sum"] for row in moves.values("dispute_reference").annotate(sum=Sum("amount"))
    }
    rows = [row for row in rows if _concerns(row, ended, losses, first=first)]
    names = customers([row.customer_reference for row in rows])
    approved = decided.of([row.reference for row in rows])
    return [
        Line(
            words={
                "Dispute": row.gateway_id,
                "Opened": row.opened_on.isoformat(),
                "Customer": names[row.customer_reference],
                "State": _state(row, ended, losses),
                "Reason": row.dispute_reason.replace("_", " ").capitalize() or "Not given",
                "Approved by": approved.get(row.reference, "") or (decided.NOBODY if row.reference in losses else ""),
            },
            money={"Disputed": row.amount, "Withdrawn now": away.get(row.reference, ZERO)},
            currency=row.currency,
            trail=row.correlation_id,
        )
        for row in rows
    ]


def _concerns(
    row: DisputeRecord,
    ended: dict[str, DisputeOutcomeRecord],
    losses: dict[str, DisputeLossRecord],
    *,
    first: date,
) -> bool:
    """Open, waiting for finance, or opened or decided since the first day."""
    outcome, loss = ended.get(row.reference), losses.get(row.reference)
    if outcome is None or (outcome.outcome == "lost" and loss is None) or row.opened_on >= first:
        return True
    return outcome.created_at.date() >= first or (loss is not None and loss.decided_on >= first)


def _state(row: DisputeRecord, ended: dict[str, DisputeOutcomeRecord], losses: dict[str, DisputeLossRecord]) -> str:
    outcome, loss = ended.get(row.reference), losses.get(row.reference)
    if outcome is None:
        return f"Open, evidence due {row.evidence_due_at[:10]}" if row.evidence_due_at else "Open"
    if outcome.outcome != "lost":
        return outcome.get_outcome_display()
    return f"Lost, ended as {loss.get_treatment_display().lower()}" if loss else "Lost, finance decides"


DISPUTES = Register(
    name="disputes",
    title="Disputes",
    lead="Disputes that are open, and those opened or ended in the month: how far each is and what the gateway has "
    "withdrawn for it.",
    words=("Dispute", "Opened", "Customer", "State", "Reason", "Approved by"),
    money=("Disputed", "Withdrawn now"),
    find=find,
    days=("Opened",),
)

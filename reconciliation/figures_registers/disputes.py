"""Disputes by how far they are: those that are open, and those that ended in the month."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from reconciliation.figures_registers import decided
from reconciliation.figures_registers.register import ZERO, Line, Register, customers
from sync.models import DisputeLossRecord, DisputeMovementRecord, DisputeOutcomeRecord, DisputeRecord, LegalEntity

#: reasons as the gateway has them, for the catalogue of languages; another one stays as it is
_REASONS = (
    gettext_lazy("Bank cannot process"),
    gettext_lazy("Check returned"),
    gettext_lazy("Credit not processed"),
    gettext_lazy("Customer initiated"),
    gettext_lazy("Debit not authorized"),
    gettext_lazy("Duplicate"),
    gettext_lazy("Fraudulent"),
    gettext_lazy("General"),
    gettext_lazy("Incorrect account details"),
    gettext_lazy("Insufficient funds"),
    gettext_lazy("Product not received"),
    gettext_lazy("Product unacceptable"),
    gettext_lazy("Subscription canceled"),
    gettext_lazy("Unrecognized"),
)


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
                "Reason": _words(row.dispute_reason) if row.dispute_reason else _("Not given"),
                "Approved by": approved.get(row.reference, "")
                or (str(decided.NOBODY) if row.reference in losses else ""),
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
        due = (row.evidence_due_at or "")[:10]
        return _("Open, evidence due {day}").format(day=due) if due else pgettext("dispute", "Open")
    if outcome.outcome == "won":
        return pgettext("dispute", "Won")
    if outcome.outcome != "lost":
        return _("Closed without a judgement")
    if loss is None:
        return _("Lost, finance decides")
    return _("Lost, ended as credit memo") if loss.treatment == "credit_memo" else _("Lost, ended as bad debt")


def _words(code: str) -> str:
    return _(code.replace("_", " ").capitalize())


DISPUTES = Register(
    name="disputes",
    title="Disputes",
    lead=gettext_lazy(
        "Disputes that are open, and those opened or ended in the month: how far each is and what the gateway has "
        "withdrawn for it."
    ),
    words=("Dispute", "Opened", "Customer", "State", "Reason", "Approved by"),
    money=("Disputed", "Withdrawn now"),
    find=find,
    days=("Opened",),
)

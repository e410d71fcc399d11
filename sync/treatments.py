"""The accounting kind of each change: proposed when it is stored, decided and approved by two people of finance."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from connectors.canonical import SubscriptionContract
from sync import blocks, clock, journal
from sync.errors import StepError
from sync.models import ContractRecord, LegalEntity, ModificationTreatment, WorkItem
from sync.models.revenue import Engine
from sync.models.treatment import Treatment
from sync.pipelines.commitment import SELL_NOTHING
from sync.pipelines.modifications import ENDING, accounting_kind
from sync.revenue import modified
from sync.revenue.schedules import engine_name

#: a change whose accounting nobody decided, where the portal's schedules wait for it
UNDECIDED = "CHANGE_NOT_ACCOUNTED_FOR"
#: kinds of change with no service of their own
ADDS_NOTHING = frozenset({*SELL_NOTHING, *ENDING})


class NotDecidable(ValueError):
    """It cannot be decided or approved so; the message says why, for people."""


def propose(changes: Sequence[tuple[SubscriptionContract, ContractRecord]]) -> None:
    """Write down what the rule proposes for these changes, each with the version before it. Needs a transaction."""
    rows = []
    for contract, before in changes:
        kind, because = accounting_kind(contract, list(before.lines.all()))
        rows.append(
            ModificationTreatment(
                reference=contract.reference,
                version=contract.version,
                correlation_id=contract.correlation_id,
                legal_entity=before.legal_entity,
                modification_kind=contract.modification_kind,
                effective_on=contract.effective_on or contract.starts_on,
                accounting_on=contract.signed_on,
                currency=contract.currency,
                amount_before=before.amount,
                amount_after=contract.amount,
                proposed=kind,
                because=because,
                created_at=clock.now(),
            )
        )
    ModificationTreatment.objects.bulk_create(rows, ignore_conflicts=True)
    journal.note(
        _fact(row, "proposed", f"Proposed as {row.get_proposed_display().lower()}: {row.because}") for row in rows
    )


def decide(pk: int, treatment: str, *, user: User, note: str = "") -> ModificationTreatment:
    """Finance says how a change is accounted for; it counts once somebody else of finance approves it.

    Raises NotDecidable. What was approved is not decided again: that would be a change of posted revenue.
    """
    if treatment not in Treatment.values:
        raise NotDecidable(f"There is no accounting kind called {treatment}.")
    if not user.has_perm("reconciliation.ask_money"):
        raise NotDecidable("Only people who prepare postings in finance decide this.")
    with transaction.atomic():
        row = ModificationTreatment.objects.select_for_update(of=("self",)).get(pk=pk)
        if row.approved_by_id:
            raise NotDecidable("It was approved already; a correction is a change of its own.")
        if treatment == Treatment.SEPARATE and row.modification_kind in ADDS_NOTHING:
            raise NotDecidable(f"A {row.modification_kind} adds no service, so it is no contract of its own.")
        row.decided, row.decided_by, row.decided_at, row.note = treatment, user, clock.now(), note[:300]
        row.save()
        said = (
            f"Decided as {row.get_decided_display().lower()}; the rule proposed {row.get_proposed_display().lower()}."
        )
        journal.note([_fact(row, "decided", f"{said} {note}".strip(), user=user)])
    return row


def approve(pk: int, *, user: User) -> ModificationTreatment:
    """The second person agrees to what was decided. Raises NotDecidable."""
    if not user.has_perm("reconciliation.approve_money"):
        raise NotDecidable("Only people who approve in finance agree to this.")
    with transaction.atomic():
        row = ModificationTreatment.objects.select_for_update(of=("self",)).get(pk=pk)
        if not row.decided:
            raise NotDecidable("Nobody has decided it yet.")
        if row.approved_by_id:
            return row
        if row.decided_by_id == user.pk:
            raise NotDecidable("Another person than the one who decided it must approve it.")
        row.approved_by, row.approved_at = user, clock.now()
        row.save()
        journal.note([_fact(row, "approved", f"{row.get_decided_display()} was approved.", user=user)])
        modified.follow(row)
        waiting = WorkItem.objects.filter(reference=row.reference, version=row.version).values_list("pk", flat=True)
        blocks.clear(
            work_items=list(waiting), reasons={UNDECIDED}, note=f"{row.get_decided_display()} was approved", user=user
        )
    return row


def _fact(row: ModificationTreatment, action: str, text: str, *, user: User | None = None) -> journal.Fact:
    return journal.Fact(
        action=action,
        object_kind="treatment",
        object_key=f"{row.reference}@{row.version}",
        correlation_id=row.correlation_id,
        text=f"Accounting of change {row.version} ({row.modification_kind}): {text}",
        details={"accounting_on": row.accounting_on.isoformat()},
        user=user,
    )


def undecided(contract: SubscriptionContract, entity: LegalEntity) -> StepError | None:
    """What finance is asked of a change whose company's revenue is the portal's, until two people agreed; nothing where
    another engine accounts for it.
    """
    row = ModificationTreatment.objects.filter(reference=contract.reference, version=contract.version).first()
    if row is None or row.in_force or engine_name(entity, on=row.accounting_on) != Engine.PORTAL:
        return None
    return StepError(UNDECIDED, field="Accounting", value=f"{row.modification_kind} agreed on {row.accounting_on}")

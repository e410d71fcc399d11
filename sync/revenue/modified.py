"""What a change of a contract does to the schedules of what was invoiced, by the accounting kind finance decided.

ASC 606-10-25-12 and -13, IFRS 15.20 and .21. What is invoiced for a change has schedules of its own; what was invoiced
before it ends, rests or runs to another day with the service. Nothing is guessed: until two people of finance agreed,
the schedules stay as they are, and what is invoiced for days before both sides agreed earns nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sync import clock
from sync.models import ContractLineRecord, ContractRecord, ModificationTreatment, RevenueChange, RevenueScheduleRecord
from sync.models.revenue import Effect, Engine
from sync.models.treatment import Treatment
from sync.pipelines.modifications import ENDING
from sync.revenue import changes, movements


@dataclass(frozen=True, kw_only=True)
class Change:
    """A numbered change of a contract as its accounting is known now."""

    treatment: ModificationTreatment
    #: last day of the contract after it
    ends_on: date
    #: products that were sold before it
    had: frozenset[str]

    @property
    def cause(self) -> str:
        return f"{self.treatment.reference}@{self.treatment.version}"


def changes_of(references: Collection[str]) -> dict[str, list[Change]]:
    """Contract reference -> its changes, in order. Needs a transaction.

    They stay locked: a decision approved meanwhile waits, and then finds the schedules that were made without it.
    """
    rows = list(
        ModificationTreatment.objects.select_for_update(of=("self",), no_key=True)
        .filter(reference__in=references)
        .order_by("reference", "version")
    )
    versions = {
        (one.reference, one.version): one
        for one in ContractRecord.objects.filter(reference__in={row.reference for row in rows})
    }
    had: dict[int, set[str]] = {}
    for contract, product in ContractLineRecord.objects.filter(contract__in=versions.values()).values_list(
        "contract", "crm_product"
    ):
        had.setdefault(contract, set()).add(product)
    found: dict[str, list[Change]] = {}
    for row in rows:
        now, before = versions.get((row.reference, row.version)), versions.get((row.reference, row.version - 1))
        if now is None or before is None:
            continue
        one = Change(treatment=row, ends_on=now.ends_on, had=frozenset(had.get(before.pk, ())))
        found.setdefault(row.reference, []).append(one)
    return found


def follow(treatment: ModificationTreatment) -> int:
    """Bring a contract's schedules to what was decided of a change; how many are another now. Needs a transaction."""
    rows = list(
        RevenueScheduleRecord.objects.select_for_update(of=("self",))
        .filter(contract_reference=treatment.reference, engine=Engine.PORTAL)
        .order_by("pk")
    )
    known = [
        one for one in changes_of([treatment.reference]).get(treatment.reference, ()) if one.treatment == treatment
    ]
    for row in rows:
        for values in of_row(row, known, documented_on=movements.document_of(row).day):
            RevenueChange.objects.update_or_create(
                schedule=row, cause=values.pop("cause"), line_id="", defaults={**values, "created_at": clock.now()}
            )
        if treatment.in_force:
            # what waited for it and follows its own dates waits no more
            row.changes.filter(effect=Effect.WAITS, cause=f"{treatment.reference}@{treatment.version}").delete()
    return changes.work_out(rows)


def of_row(row: RevenueScheduleRecord, known: Sequence[Change], *, documented_on: date) -> list[dict[str, Any]]:
    """What these changes do to one schedule; a change that does nothing to it is left out."""
    found = []
    for one in known:
        effect = _effect(row, one, documented_on=documented_on)
        if effect is None:
            continue
        of = one.treatment
        catches_up = of.in_force == Treatment.CATCH_UP and effect != Effect.CATCH_UP
        found.append(
            {
                "cause": one.cause,
                "effect": effect,
                "dated": of.accounting_on,
                "effective_on": _from(effect, of),
                "ends_on": one.ends_on if effect == Effect.SHORTER else None,
                "catches_up": catches_up,
            }
        )
    return found


def _from(effect: Effect, of: ModificationTreatment) -> date:
    """Nothing looks further back than the day both agreed, save what catches up."""
    if effect == Effect.AHEAD:
        return of.accounting_on
    return of.effective_on if of.in_force == Treatment.CATCH_UP else max(of.effective_on, of.accounting_on)


def _effect(row: RevenueScheduleRecord, one: Change, *, documented_on: date) -> Effect | None:
    of = one.treatment
    if row.ends_on < of.effective_on:
        return None
    if _is_dated_back(row, of, documented_on=documented_on):
        return _of_its_document(row, one)
    if not of.in_force:
        return None
    if of.modification_kind in ENDING:
        return Effect.END
    if of.modification_kind == "suspension":
        return Effect.REST
    if of.modification_kind == "reactivation":
        return Effect.RESUME
    if of.modification_kind == "co_term" and row.ends_on > one.ends_on:
        return Effect.SHORTER
    if documented_on >= of.accounting_on:
        return None
    return Effect.CATCH_UP if of.in_force == Treatment.CATCH_UP else Effect.LOOK_AHEAD


def _is_dated_back(row: RevenueScheduleRecord, of: ModificationTreatment, *, documented_on: date) -> bool:
    """Whether it was invoiced for this change, and for days before both sides agreed to it."""
    return (
        of.modification_kind in SELLING
        and documented_on >= of.accounting_on
        and of.effective_on <= row.starts_on < of.accounting_on
    )


#: kinds of change that are invoiced for what they add
SELLING = frozenset({"amendment", "upsell", "downsell", "co_term"})


def _of_its_document(row: RevenueScheduleRecord, one: Change) -> Effect | None:
    """Looking ahead, all of it is earned from the day both agreed; as a contract of its own, or caught up with, what
    was served before is earned with the document.
    """
    match one.treatment.in_force:
        case "":
            return Effect.WAITS
        case Treatment.PROSPECTIVE:
            return Effect.AHEAD
        case Treatment.MIXED:
            return Effect.AHEAD if row.obligation in one.had else None
    return None

"""Findings that stand, found, carried forward and healed like the breaks of a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from reconciliation import cases
from reconciliation.controls import breaks, sides
from reconciliation.controls.control import Control, Finding
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync import bulk, clock


def take_stock(row: ControlRun, control: Control, findings: Sequence[Finding]) -> None:
    """Open a break with its case for each new finding, heal those that are over, and write down how the run stands."""
    found = {one.reference: one for one in findings}
    with transaction.atomic():
        open_now = {
            one.reference: one
            for one in Break.objects.select_for_update().filter(control=control.name, entity=row.entity, healed_at=None)
        }
        # what is found otherwise than before is a new finding
        over = [one for reference, one in open_now.items() if not _is_still(one, found.get(reference))]
        stays = {one.reference for one in open_now.values()} - {one.reference for one in over}
        for one in over:
            one.healed_at, one.healed_in = clock.now(), row
        bulk.update(over, ["healed_at", "healed_in"])
        gone = ExceptionCase.objects.filter(break_row__in=over, status=ExceptionCase.Status.OPEN)
        cases.close(list(gone), note="It is not found any more")
        Break.objects.bulk_create(
            Break(
                control=control.name,
                entity=row.entity,
                kind=one.kind,
                reference=one.reference,
                currency=one.currency or row.entity.functional_currency,
                document_date=one.dated or row.business_date,
                label=one.label[:200],
                counterparty=one.customer[:200],
                left=one.left,
                right=one.right,
                difference=one.difference or 0,
                told_in_id=one.told_in,
                found_in=row,
                found_at=clock.now(),
            )
            for reference, one in found.items()
            if reference not in stays
        )
        standing = list(breaks.still_open(control, row.entity))
        _tell(standing, row, control, found)
        row.status = _status(found, standing)
        row.totals, row.finished_at = {}, clock.now()
        row.save()


def _tell(standing: Sequence[Break], row: ControlRun, control: Control, found: Mapping[str, Finding]) -> None:
    """A case for each of these nobody is told of: new ones, and those an accepted item accounts for no longer."""
    told = breaks.cases_of(standing, status=ExceptionCase.Status.OPEN)
    untold = [one for one in standing if one.pk not in told]
    system = _found_in(control, row) if untold else ""
    cases.open_cases([_opening(one, control, found[one.reference], system=system) for one in untold])


def _status(found: Mapping[str, Finding], standing: Sequence[Break]) -> str:
    if standing:
        return ControlRun.Status.OPEN_EXCEPTIONS
    return ControlRun.Status.TIED_WITH_ITEMS if found else ControlRun.Status.TIED


def _is_still(known: Break, found: Finding | None) -> bool:
    if found is None:
        return False
    return (known.kind, known.difference, known.told_in_id) == (found.kind, found.difference or 0, found.told_in)


def _found_in(control: Control, row: ControlRun) -> str:
    """The system whose list was read; a control that finds by itself reads none."""
    if control.judges is None:
        return ""
    return sides.source(
        row.entity, sides.routes(row.entity), control.right_role, on=row.business_date
    ).connection.system


def _opening(row: Break, control: Control, found: Finding, *, system: str) -> Any:
    return cases.Opening(
        target="break_row",
        row=row,
        reason=row.kind,
        system=system,
        reference=row.reference,
        entity_id=row.entity_id,
        customer_name=row.counterparty,
        document=f"{control.kind.capitalize()} {found.label}"[:200],
        effective_on=row.document_date,
        value=found.cause or found.label,
        field_name=control.kind,
        amount=found.difference,
        currency=row.currency,
        evidence={"left": found.left, "right": found.right} if found.left or found.right else {},
    )

"""Listing controls: findings that stand, found, carried forward and healed like the breaks of a comparison."""

from typing import Any

from django.db import transaction

from reconciliation import cases
from reconciliation.controls.control import Control
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync import bulk, clock


def take_stock(row: ControlRun, control: Control) -> None:
    """Open a break with its case for each new finding, heal those that are over, and write down how the run stands."""
    assert control.lists is not None
    found = {one.reference: one for one in control.lists(row.entity)}
    with transaction.atomic():
        open_now = {
            one.reference: one
            for one in Break.objects.select_for_update().filter(control=control.name, entity=row.entity, healed_at=None)
        }
        over = [one for reference, one in open_now.items() if reference not in found]
        for one in over:
            one.healed_at, one.healed_in = clock.now(), row
        bulk.update(over, ["healed_at", "healed_in"])
        gone = ExceptionCase.objects.filter(break_row__in=over, status=ExceptionCase.Status.OPEN)
        cases.close(list(gone), note="It is not found any more")
        fresh = Break.objects.bulk_create(
            Break(
                control=control.name,
                entity=row.entity,
                kind=one.kind,
                reference=one.reference,
                currency=one.currency or row.entity.functional_currency,
                document_date=one.dated or row.business_date,
                label=one.label,
                difference=one.amount,
                found_in=row,
                found_at=clock.now(),
            )
            for reference, one in found.items()
            if reference not in open_now
        )
        cases.open_cases([_opening(one, control) for one in fresh])
        row.status = ControlRun.Status.OPEN_EXCEPTIONS if found else ControlRun.Status.TIED
        row.totals, row.finished_at = {}, clock.now()
        row.save()


def _opening(found: Break, control: Control) -> Any:
    return cases.Opening(
        target="break_row",
        row=found,
        reason=found.kind,
        reference=found.reference,
        entity_id=found.entity_id,
        document=f"{control.kind.capitalize()} {found.label}",
        effective_on=found.document_date,
        value=found.label,
        field_name=control.kind,
        amount=found.difference or None,
        currency=found.currency,
    )

"""Who takes on what a sign-off leaves open, item by item: named in what is signed, so that nothing is anybody's."""

from collections.abc import Iterable

from reconciliation.controls.control import Control
from reconciliation.models import ExceptionCase, ReconcilingItem
from reconciliation.who import full_name
from sync.models import LegalEntity


def by_case(case: ExceptionCase | None) -> str:
    """The person who has the case and their team, or the team alone where nobody has taken it yet."""
    if case is None:
        return ""
    team = case.get_team_display()
    return f"{full_name(case.assignee)}, {team}" if case.assignee else team


def accepted(control: Control, entity: LegalEntity, references: Iterable[str]) -> dict[str, str]:
    """The two people who accepted an item that still stands, by document."""
    rows = ReconcilingItem.objects.filter(
        status=ReconcilingItem.Status.ACCEPTED,
        break_row__control=control.name,
        break_row__entity=entity,
        break_row__reference__in=set(references),
    ).select_related("break_row", "asked_by", "decided_by")
    return {
        row.break_row.reference: " and ".join(
            full_name(person) for person in (row.asked_by, row.decided_by) if person is not None
        )
        for row in rows.order_by("decided_at", "pk")
    }

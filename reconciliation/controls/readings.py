"""What both sides of a judged control said last, and what a system said before that."""

from collections.abc import Sequence
from datetime import date

from connectors.interface import ControlLine as Line
from reconciliation.models import ControlLine, ControlStage
from reconciliation.models.controls import Side
from sync.models import LegalEntity


def newest(control: str, entity: LegalEntity, side: Side) -> list[ControlLine]:
    """The lines of the readings in force, by date."""
    stages = ControlStage.objects.filter(control=control, entity=entity, side=side, is_current=True)
    pks = list(stages.values_list("pk", flat=True))
    return list(ControlLine.objects.filter(stage__in=pks).order_by("document_date", "pk"))


def changed(control: str, entity: LegalEntity, side: Side) -> Sequence[tuple[ControlLine, ControlLine]]:
    """Lines that say another status than in the reading before the newest one, each with its line of then."""
    stages = ControlStage.objects.filter(control=control, entity=entity, side=side).order_by("-read_at", "-pk")
    found = list(stages[:2])
    if len(found) < 2:
        return []
    now, then = ({line.reference: line for line in ControlLine.objects.filter(stage=stage)} for stage in found)
    pairs = ((then[reference], line) for reference, line in now.items() if reference in then)
    return [(before, line) for before, line in pairs if before.status != line.status]


def none_of_ours(entity: LegalEntity, day: date) -> list[Line]:
    """The left side of a control that judges what a system says by itself, or beside what is ours otherwise."""
    return []

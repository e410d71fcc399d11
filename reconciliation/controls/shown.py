"""What sellers are shown in the CRM is what is so: the fields we write, read back."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F

from connectors.canonical import shown_digest
from connectors.interface import ControlLine as Line
from reconciliation import attribution
from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models.controls import Side
from reconciliation.teams import Team
from sync import clock
from sync.models import CrmStatusRecord, Delivery, LegalEntity
from sync.states import UNFINISHED

NAME = "shown"
#: what changed more recently may be on its way
SETTLES = timedelta(minutes=15)


def wanted(entity: LegalEntity, day: date) -> list[Line]:
    """What each record should show by now, as one comparable word; what is on its way is left out."""
    rows = CrmStatusRecord.objects.filter(version=F("sent_version"), changed_at__lt=clock.now() - SETTLES)
    rows = rows.exclude(reference__in=Delivery.objects.filter(role="crm", condition__in=UNFINISHED).values("reference"))
    mine = attribution.own_references(rows.values_list("reference", flat=True), entity=entity, on=day)
    nothing = Decimal(0)
    return [
        Line(
            reference=row.reference,
            external_id=row.crm_record_id,
            document_date=day,
            currency=entity.functional_currency,
            net=nothing,
            tax=nothing,
            gross=nothing,
            label=row.reference,
            status=shown_digest(row.fields),
        )
        for row in rows.order_by("reference")
        if row.reference in mine
    ]


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each record that shows something else, or nothing."""
    held = {line.reference: line for line in readings.newest(NAME, entity, Side.RIGHT)}
    found = []
    for line in readings.newest(NAME, entity, Side.LEFT):
        there = held.get(line.reference)
        if there is not None and there.status == line.status:
            continue
        found.append(
            Finding(
                reference=f"shown:{line.reference}"[:120],
                kind="SHOWN_DIFFERS",
                label=there.label if there else line.external_id,
                cause="it shows something else than we wrote" if there else "it shows nothing of what we wrote",
                dated=line.document_date,
                left={"external_id": line.external_id, "status": line.status},
                right={"external_id": there.external_id, "status": there.status} if there else {},
            )
        )
    return found


SHOWN = Control(
    name=NAME,
    title="Sellers are shown what is so",
    leg="",
    kind="status",
    left_role="portal",
    left_kind="shown",
    right_role="crm",
    right_kind="shown",
    as_of=True,
    compares=(),
    date_basis="As of now, on both sides",
    assertion="Accuracy",
    owner=Team.INTEGRATION,
    is_key=False,
    left_reader=wanted,
    judges=findings,
)

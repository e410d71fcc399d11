"""What customers used is what billing counted, priced and invoiced, late usage included."""

from reconciliation.controls.control import Control
from reconciliation.teams import Team
from sync.models import LegalEntity, UsagePlanRecord
from sync.usage import billed


def _sells_by_use(entity: LegalEntity) -> bool:
    return UsagePlanRecord.objects.filter(legal_entity=entity).exists()


USAGE = Control(
    name="usage_billed",
    title="Usage is counted, priced and invoiced",
    leg="",
    kind="usage",
    left_role="portal",
    left_kind="usage",
    right_role="billing",
    right_kind="usage",
    as_of=True,
    compares=("net",),
    date_basis="As it stands: hours of use in UTC, invoiced periods of billing",
    assertion="Completeness and accuracy",
    owner=Team.BILLING_OPS,
    applies=_sells_by_use,
    left_reader=billed.lines,
)

"""Accounts that lost a merge in the CRM and are customers of ours: their contracts and debts wait for a decision."""

from collections.abc import Sequence

from reconciliation.controls import readings
from reconciliation.controls.control import Control, Finding
from reconciliation.models.controls import Side
from reconciliation.teams import Team
from sync.models import CustomerRecord, LegalEntity

NAME = "customer_merges"


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each customer whose account is part of another one now; what becomes of it, two people say."""
    merged = {line.reference: line for line in readings.newest(NAME, entity, Side.RIGHT)}
    names = {line.status for line in merged.values()}
    winners = dict(CustomerRecord.objects.filter(reference__in=names).values_list("reference", "name"))
    known = CustomerRecord.objects.filter(reference__in=merged, legal_entity=entity).order_by("reference")
    return [
        Finding(
            reference=f"merged:{row.reference}"[:120],
            kind="CUSTOMER_MERGED",
            label=row.name,
            cause=f"it is part of “{winners.get(merged[row.reference].status) or merged[row.reference].status}” now",
            customer=row.name,
            right={"external_id": merged[row.reference].external_id, "status": merged[row.reference].status},
        )
        for row in known
    ]


CUSTOMER_MERGES = Control(
    name=NAME,
    title="No customer of ours was merged away in the CRM",
    leg="",
    kind="customer",
    left_role="portal",
    left_kind="customer_merge",
    right_role="crm",
    right_kind="customer_merge",
    as_of=True,
    compares=(),
    date_basis="As of now in the CRM, its bin included",
    assertion="Existence",
    owner=Team.FINANCE,
    is_key=False,
    left_reader=readings.none_of_ours,
    judges=findings,
)

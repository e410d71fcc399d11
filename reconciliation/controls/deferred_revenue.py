"""Where the portal is the revenue engine: what its journals leave deferred is the balance of the ERP's account."""

from reconciliation.controls.control import Control, Type
from sync.models import LegalEntity, MappingRow, RevenueEngine
from sync.models.revenue import Engine
from sync.revenue import roll_forward


def is_ours(entity: LegalEntity) -> bool:
    """Whether the portal is or was the revenue engine of a company."""
    rows = RevenueEngine.objects.filter(entity=entity, engine=Engine.PORTAL, status=MappingRow.Status.APPROVED)
    return rows.exists()


DEFERRED_REVENUE = Control(
    name="deferred_revenue",
    title="Deferred revenue is the balance of its account",
    leg="",
    kind="deferred revenue",
    left_role="portal",
    left_kind="deferred",
    right_role="erp",
    right_kind="deferred",
    type=Type.BALANCE,
    as_of=True,
    compares=("net",),
    date_basis="Posting date on both sides, up to the business date",
    assertion="Completeness, accuracy, cut-off",
    applies=is_ours,
    left_reader=roll_forward.lines,
)

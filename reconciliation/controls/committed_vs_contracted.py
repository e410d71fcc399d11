"""Leg one: what the CRM calls committed is contracted in billing, deal by deal."""

from reconciliation.controls.control import Control
from reconciliation.teams import Team

COMMITTED_VS_CONTRACTED = Control(
    name="committed_vs_contracted",
    title="Committed deals are contracted in billing",
    leg="sold_to_billed",
    kind="contract",
    left_role="crm",
    left_kind="contract",
    right_role="billing",
    right_kind="contract",
    compares=("net",),
    date_basis="Signature date in the CRM; day of set-up in billing",
    assertion="Completeness and accuracy",
    owner=Team.BILLING_OPS,
)

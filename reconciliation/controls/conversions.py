"""Leg two: each side of what the gateway converted is in the ERP, in its own currency."""

from reconciliation.controls.control import Control
from sync.balances import clearing

CONVERSIONS = Control(
    name="conversions",
    title="Conversions by the gateway are booked",
    leg="billed_to_posted",
    kind="conversion",
    left_role="billing",
    left_kind="conversion",
    right_role="erp",
    right_kind="conversion",
    compares=("gross",),
    date_basis="The day the money moved, on both sides; fees of disputes included",
    assertion="Completeness, accuracy",
    applies=clearing.has_gateway,
)

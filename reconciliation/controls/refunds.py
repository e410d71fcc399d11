"""Leg two: every refund that left the gateway's balance, and every one that came home, is in the ERP."""

from reconciliation.controls.control import Control

REFUNDS = Control(
    name="refunds",
    title="Refunds are booked, and those that came back",
    leg="billed_to_posted",
    kind="refund",
    left_role="billing",
    left_kind="refund",
    right_role="erp",
    right_kind="refund",
    compares=("gross",),
    date_basis="The day the money moved, on both sides",
    assertion="Completeness and existence",
)

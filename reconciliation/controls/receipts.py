"""Leg two: every receipt of the gateway is cash in the ERP, gross."""

from reconciliation.controls.control import Control

RECEIPTS = Control(
    name="receipts",
    title="Payments received are booked as cash",
    leg="billed_to_posted",
    kind="receipt",
    left_role="billing",
    left_kind="receipt",
    right_role="erp",
    right_kind="receipt",
    compares=("gross",),
    date_basis="Value date on both sides",
    assertion="Completeness and existence",
)

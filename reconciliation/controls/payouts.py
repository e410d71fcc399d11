"""Leg two: every payout and every dispute of the gateway is in the ERP, by the day its money moved; and at the bank."""

from reconciliation.controls.control import Control

PAYOUTS = Control(
    name="payouts",
    title="Payouts are booked to the bank",
    leg="billed_to_posted",
    kind="payout",
    left_role="billing",
    left_kind="payout",
    right_role="erp",
    right_kind="payout",
    compares=("gross",),
    date_basis="The day it is due at the bank, on both sides",
    assertion="Completeness, accuracy",
)
DISPUTES = Control(
    name="disputes",
    title="Disputed money is booked as it moves",
    leg="billed_to_posted",
    kind="dispute",
    left_role="billing",
    left_kind="dispute",
    right_role="erp",
    right_kind="dispute",
    compares=("gross",),
    date_basis="The day the money moved, on both sides; fees included",
    assertion="Completeness, accuracy",
)
#: only where a bank's statements are connected
PAYOUTS_AT_BANK = Control(
    name="payouts_at_bank",
    title="Payouts have arrived at the bank",
    leg="billed_to_posted",
    kind="payout at the bank",
    left_role="billing",
    left_kind="bank_payout",
    right_role="bank",
    right_kind="payout",
    compares=("gross",),
    date_basis="Arrival at the gateway, value date at the bank",
    assertion="Existence",
)

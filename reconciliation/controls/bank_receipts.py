"""The other way round: every bank receipt finance applied in the ERP is known to billing, before it reminds anybody."""

from reconciliation.controls.control import Control

BANK_RECEIPTS = Control(
    name="bank_receipts",
    title="Bank receipts in the ERP are paid in billing",
    leg="billed_to_posted",
    kind="bank receipt",
    left_role="erp",
    left_kind="bank_receipt",
    right_role="billing",
    right_kind="bank_receipt",
    compares=("gross",),
    date_basis="Value date on both sides",
    assertion="Completeness and existence",
)

"""Leg two: every issued invoice is in the ERP's receivables with count, net, tax and gross."""

from reconciliation.controls.control import Control

INVOICES = Control(
    name="invoices",
    title="Issued invoices are posted",
    leg="billed_to_posted",
    kind="invoice",
    left_role="billing",
    left_kind="invoice",
    right_role="erp",
    right_kind="invoice",
    also_compares=("customer", "account", "period"),
    rule_version=2,
    date_basis="Document date on both sides",
    assertion="Completeness, accuracy, cut-off",
)

"""Leg two: every credit memo, void and write-off is in the ERP too, at the same amounts below zero."""

from reconciliation.controls.control import Control

CREDIT_MEMOS = Control(
    name="credit_memos",
    title="Credit memos are posted",
    leg="billed_to_posted",
    kind="credit_memo",
    left_role="billing",
    left_kind="credit_memo",
    right_role="erp",
    right_kind="credit_memo",
    date_basis="Document date on both sides",
    assertion="Completeness, accuracy, cut-off",
)
VOIDS = Control(
    name="voids",
    title="Voided documents are reversed",
    leg="billed_to_posted",
    kind="void",
    left_role="billing",
    left_kind="void",
    right_role="erp",
    right_kind="void",
    date_basis="Date of the void on both sides",
    assertion="Completeness, existence, cut-off",
)
WRITE_OFFS = Control(
    name="write_offs",
    title="Invoices given up are written off as decided",
    leg="billed_to_posted",
    kind="write_off",
    left_role="billing",
    left_kind="write_off",
    right_role="erp",
    right_kind="write_off",
    compares=("gross",),
    date_basis="Date given up in billing; posting date in the ERP",
    assertion="Existence and accuracy",
)

"""Leg one, the other part of a deal: services the CRM calls committed are ordered in the ERP that bills them."""

from reconciliation.controls.control import Control

SERVICES_ORDERED = Control(
    name="services_ordered",
    title="Committed services are ordered in the ERP",
    leg="sold_to_billed",
    kind="order",
    left_role="crm",
    left_kind="contract",
    right_role="erp",
    right_kind="sales_order",
    compares=("net",),
    date_basis="Signature date in the CRM; order date in the ERP",
    assertion="Completeness and accuracy",
)

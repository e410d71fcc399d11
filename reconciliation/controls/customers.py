"""Every account of the CRM is a customer in billing and in the ERP."""

from reconciliation.controls.control import Control
from reconciliation.teams import Team

CUSTOMERS_IN_BILLING = Control(
    name="customers_in_billing",
    title="Accounts are customers in billing",
    leg="",
    kind="customer",
    left_role="crm",
    left_kind="customer",
    right_role="billing",
    right_kind="customer",
    as_of=True,
    compares=(),
    date_basis="As they stand",
    assertion="Completeness",
    owner=Team.SALES_OPS,
    is_key=False,
)
CUSTOMERS_IN_ERP = Control(
    name="customers_in_erp",
    title="Accounts are customers in the ERP",
    leg="",
    kind="customer",
    left_role="crm",
    left_kind="customer",
    right_role="erp",
    right_kind="customer",
    as_of=True,
    compares=(),
    date_basis="As they stand",
    assertion="Completeness",
    owner=Team.FINANCE,
    is_key=False,
)

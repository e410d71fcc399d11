"""All controls by name, in the order of the board."""

from reconciliation.controls.bank_receipts import BANK_RECEIPTS
from reconciliation.controls.committed_vs_contracted import COMMITTED_VS_CONTRACTED
from reconciliation.controls.control import Control
from reconciliation.controls.corrections import CREDIT_MEMOS, VOIDS, WRITE_OFFS
from reconciliation.controls.customers import CUSTOMERS_IN_BILLING, CUSTOMERS_IN_ERP
from reconciliation.controls.deferred_revenue import DEFERRED_REVENUE
from reconciliation.controls.document_numbers import DOCUMENT_NUMBERS
from reconciliation.controls.invoices import INVOICES
from reconciliation.controls.payouts import DISPUTES, PAYOUTS, PAYOUTS_AT_BANK
from reconciliation.controls.receipts import RECEIPTS
from reconciliation.controls.refunds import REFUNDS
from reconciliation.controls.services_ordered import SERVICES_ORDERED
from reconciliation.controls.usage import USAGE
from sync.models import EntityRoute, LegalEntity

CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        CUSTOMERS_IN_BILLING,
        CUSTOMERS_IN_ERP,
        COMMITTED_VS_CONTRACTED,
        SERVICES_ORDERED,
        INVOICES,
        CREDIT_MEMOS,
        VOIDS,
        WRITE_OFFS,
        RECEIPTS,
        DOCUMENT_NUMBERS,
        USAGE,
        DEFERRED_REVENUE,
        RECEIPTS,
        REFUNDS,
        DISPUTES,
        PAYOUTS,
        PAYOUTS_AT_BANK,
        BANK_RECEIPTS,
    )
}


def controls_of(entity: LegalEntity) -> list[Control]:
    """What an entity is asked, in the order of the board."""
    return [control for control in CONTROLS.values() if control.applies(entity) and _is_connected(control, entity)]


def _is_connected(control: Control, entity: LegalEntity) -> bool:
    """Whether an entity has what a control reads at all: one without a bank's statements is not asked about them. What
    every entity must have counts as connected, so that its absence is a control that did not run.
    """
    needed = {control.left_role, control.right_role} - {"crm", "billing", "erp", "portal", ""}
    return all(EntityRoute.objects.filter(entity=entity, role=role, is_shadow=False).exists() for role in needed)

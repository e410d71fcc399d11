"""All controls by name, in the order of the board."""

from reconciliation.controls.committed_vs_contracted import COMMITTED_VS_CONTRACTED
from reconciliation.controls.control import Control
from reconciliation.controls.corrections import CREDIT_MEMOS, VOIDS, WRITE_OFFS
from reconciliation.controls.customers import CUSTOMERS_IN_BILLING, CUSTOMERS_IN_ERP
from reconciliation.controls.deferred_revenue import DEFERRED_REVENUE
from reconciliation.controls.document_numbers import DOCUMENT_NUMBERS
from reconciliation.controls.invoices import INVOICES
from reconciliation.controls.receipts import RECEIPTS
from reconciliation.controls.usage import USAGE
from sync.models import LegalEntity

CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        CUSTOMERS_IN_BILLING,
        CUSTOMERS_IN_ERP,
        COMMITTED_VS_CONTRACTED,
        INVOICES,
        CREDIT_MEMOS,
        VOIDS,
        WRITE_OFFS,
        RECEIPTS,
        DOCUMENT_NUMBERS,
        USAGE,
        DEFERRED_REVENUE,
    )
}


def controls_of(entity: LegalEntity) -> list[Control]:
    """What an entity is asked, in the order of the board."""
    return [control for control in CONTROLS.values() if control.applies(entity)]

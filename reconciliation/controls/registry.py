"""All controls by name, in the order of the board."""

from reconciliation.controls.bank_receipts import BANK_RECEIPTS
from reconciliation.controls.committed_vs_contracted import COMMITTED_VS_CONTRACTED
from reconciliation.controls.control import Control
from reconciliation.controls.customers import CUSTOMERS_IN_BILLING, CUSTOMERS_IN_ERP
from reconciliation.controls.invoices import INVOICES
from reconciliation.controls.payouts import DISPUTES, PAYOUTS, PAYOUTS_AT_BANK
from reconciliation.controls.receipts import RECEIPTS
from reconciliation.controls.refunds import REFUNDS

CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        CUSTOMERS_IN_BILLING,
        CUSTOMERS_IN_ERP,
        COMMITTED_VS_CONTRACTED,
        INVOICES,
        RECEIPTS,
        REFUNDS,
        DISPUTES,
        PAYOUTS,
        PAYOUTS_AT_BANK,
        BANK_RECEIPTS,
    )
}

"""All flows by the kind of shape they take."""

from sync.pipelines.cash_application import CASH_APPLICATION
from sync.pipelines.clearance import CLEARANCE
from sync.pipelines.closed_won_to_billing import CLOSED_WON_TO_BILLING
from sync.pipelines.conversion_to_erp import CONVERSION_TO_ERP
from sync.pipelines.credit_memo_to_erp import CREDIT_MEMO_TO_ERP
from sync.pipelines.customer_sync import CUSTOMER_SYNC
from sync.pipelines.dispute_closed import DISPUTE_CLOSED
from sync.pipelines.dispute_open import DISPUTE_OPEN
from sync.pipelines.dispute_to_erp import DISPUTE_TO_ERP
from sync.pipelines.dunning_to_crm import DUNNING_TO_CRM
from sync.pipelines.flow import Flow
from sync.pipelines.invoice_to_erp import INVOICE_TO_ERP
from sync.pipelines.payment_return import PAYMENT_RETURN
from sync.pipelines.payment_to_erp import PAYMENT_TO_ERP
from sync.pipelines.payout_failure_to_erp import PAYOUT_FAILURE_TO_ERP
from sync.pipelines.payout_to_erp import PAYOUT_TO_ERP
from sync.pipelines.refund_failure_to_erp import REFUND_FAILURE_TO_ERP
from sync.pipelines.refund_to_erp import REFUND_TO_ERP
from sync.pipelines.void_to_erp import VOID_TO_ERP
from sync.pipelines.write_off_to_erp import WRITE_OFF_TO_ERP

FLOWS: dict[str, Flow] = {
    flow.kind: flow
    for flow in (
        CUSTOMER_SYNC,
        CLOSED_WON_TO_BILLING,
        CLEARANCE,
        INVOICE_TO_ERP,
        PAYMENT_TO_ERP,
        CASH_APPLICATION,
        PAYMENT_RETURN,
        DUNNING_TO_CRM,
        CREDIT_MEMO_TO_ERP,
        VOID_TO_ERP,
        WRITE_OFF_TO_ERP,
        REFUND_TO_ERP,
        REFUND_FAILURE_TO_ERP,
        DISPUTE_OPEN,
        DISPUTE_TO_ERP,
        DISPUTE_CLOSED,
        CONVERSION_TO_ERP,
        PAYOUT_TO_ERP,
        PAYOUT_FAILURE_TO_ERP,
    )
}
BY_NAME: dict[str, Flow] = {flow.name: flow for flow in FLOWS.values()}

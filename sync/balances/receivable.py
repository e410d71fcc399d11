"""What customers owe by the ledger's receivables account: opening + invoiced - credited - received … = closing.

Of what we posted there. What people typed into the ERP themselves is in its own documents, and journals of theirs on
the account are a listing of their own.
"""

from datetime import date

from connectors.interface import ControlLine
from sync.balances.account import Account
from sync.models import LegalEntity

#: what is not applied yet lies on the account too, so a payment counts whole, and its application not at all
_MOVEMENTS: tuple[str, ...] = (
    "SELECT reference, legal_entity_id, currency, document_date, 'invoiced', total FROM sync_invoicerecord",
    "SELECT reference, legal_entity_id, currency, document_date, 'credited', -total FROM sync_creditmemorecord",
    "SELECT reference, legal_entity_id, currency, voided_on, 'voided',"
    " CASE voided_kind WHEN 'invoice' THEN -total ELSE total END FROM sync_voidrecord",
    # a proposal lowers nothing: only what was posted
    "SELECT w.reference, w.legal_entity_id, w.currency, w.written_off_on, 'written off', -w.amount"
    " FROM sync_writeoffrecord w JOIN sync_delivery d ON d.reference = w.reference"
    " WHERE d.role = 'erp' AND d.is_live AND d.condition = 'settled'",
    # what people book as a bank receipt is a document of theirs
    "SELECT reference, legal_entity_id, currency, received_on, 'received', -amount FROM sync_paymentrecord"
    " WHERE origin = 'gateway'",
    "SELECT reference, legal_entity_id, currency, refunded_on, 'refunded', amount FROM sync_refundrecord",
    "SELECT reference, legal_entity_id, currency, failed_on, 'refunded', -amount FROM sync_refundfailurerecord",
    "SELECT reference, legal_entity_id, currency, decided_on, 'disputes lost', amount FROM sync_disputelossrecord"
    " WHERE treatment <> 'bad_debt'",
    "SELECT reference, legal_entity_id, currency, booked_on, 'withheld', -amount FROM sync_withholdingrecord",
)
RECEIVABLE = Account(
    name="receivable",
    columns=(
        *("invoiced", "credited", "voided", "written off", "received", "refunded", "disputes lost"),
        "withheld",
    ),
    movements=_MOVEMENTS,
)


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """The portal's side of the control."""
    return RECEIVABLE.lines(entity, day, label="Receivables")

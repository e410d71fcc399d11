"""What the tax account holds by our documents: opening + charged - credited ∓ voided = closing, above zero what is owed
to the tax office. What is paid to it is booked in the ERP alone, and is no document of ours.
"""

from datetime import date

from connectors.interface import ControlLine
from sync.balances.account import Account
from sync.models import LegalEntity

TAX_PAYABLE = Account(
    name="tax",
    columns=("charged", "credited", "voided"),
    movements=(
        "SELECT reference, legal_entity_id, currency, document_date, 'charged', tax FROM sync_invoicerecord",
        "SELECT reference, legal_entity_id, currency, document_date, 'credited', -tax FROM sync_creditmemorecord",
        "SELECT reference, legal_entity_id, currency, voided_on, 'voided',"
        " CASE voided_kind WHEN 'invoice' THEN -tax ELSE tax END FROM sync_voidrecord",
    ),
)


def lines(entity: LegalEntity, day: date) -> list[ControlLine]:
    """The portal's side of the control."""
    return TAX_PAYABLE.lines(entity, day, label="Tax payable")

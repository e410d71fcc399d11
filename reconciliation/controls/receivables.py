"""Receivables and tax: document by document what is open, and the balances of the accounts they stand on."""

from reconciliation.controls.control import Control, Type
from sync.balances import open_documents, receivable, tax
from sync.models import InvoiceRecord, LegalEntity, PaymentRecord


def bills(entity: LegalEntity) -> bool:
    """Whether the company has ever issued an invoice through billing."""
    return InvoiceRecord.objects.filter(legal_entity=entity).exists()


def receives(entity: LegalEntity) -> bool:
    """Whether a receipt of the company is known."""
    return PaymentRecord.objects.filter(legal_entity=entity).exists()


OPEN_ITEMS = Control(
    name="open_items",
    title="What is open of each invoice is open in the ERP",
    leg="",
    kind="open item",
    left_role="portal",
    left_kind="open_item",
    right_role="erp",
    right_kind="open_item",
    as_of=True,
    compares=("net",),
    date_basis="As of the moment it is asked, of what was posted",
    assertion="Existence, accuracy, completeness",
    applies=bills,
    left_reader=open_documents.invoices,
    break_kind="OPEN_ITEM_DIFFERS",
    explained_by=("invoices",),
)
UNAPPLIED_CASH = Control(
    name="unapplied_cash",
    title="Cash that is applied to nothing is the same in the ERP",
    leg="",
    kind="receipt on account",
    left_role="portal",
    left_kind="unapplied",
    right_role="erp",
    right_kind="unapplied",
    as_of=True,
    compares=("net",),
    date_basis="As of the moment it is asked, of what was posted",
    assertion="Existence, accuracy, completeness",
    applies=receives,
    left_reader=open_documents.receipts,
    break_kind="UNAPPLIED_DIFFERS",
    explained_by=("receipts",),
)
RECEIVABLES = Control(
    name="receivables",
    title="Receivables are the balance of their account",
    leg="",
    kind="receivables account",
    left_role="portal",
    left_kind="receivable",
    right_role="erp",
    right_kind="receivable",
    type=Type.BALANCE,
    as_of=True,
    compares=("net",),
    date_basis="Posting date on both sides, up to the business date",
    assertion="Completeness, accuracy, existence",
    applies=bills,
    left_reader=receivable.lines,
    break_kind="BALANCE_DIFFERS",
)
TAX_PAYABLE = Control(
    name="tax_payable",
    title="Tax charged is the balance of its account",
    leg="",
    kind="tax account",
    left_role="portal",
    left_kind="tax",
    right_role="erp",
    right_kind="tax",
    type=Type.BALANCE,
    as_of=True,
    compares=("net",),
    date_basis="Posting date on both sides, up to the business date",
    assertion="Completeness, accuracy, cut-off",
    applies=bills,
    left_reader=tax.lines,
    break_kind="BALANCE_DIFFERS",
)

"""Receivables and tax: document by document what is open, and the balances of the accounts they stand on."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.interface import ControlLine
from reconciliation.controls.control import Control, Type
from reconciliation.models import Break
from sync.balances import open_documents, receivable, tax
from sync.balances.account import Account
from sync.models import InvoiceRecord, LegalEntity, PaymentRecord
from sync.money_text import money

#: controls of documents -> how the receivables account moves by what they list
_ON_RECEIVABLES = {
    "invoices": 1,
    "credit_memos": 1,
    "voids": 1,
    "write_offs": 1,
    # listed as money that came in: it lowers what is owed
    "receipts": -1,
    "refunds": -1,
}
_ON_TAX = {"invoices": 1, "credit_memos": 1, "voids": 1}
Reader = Callable[[LegalEntity, date], Sequence[ControlLine]]


def bills(entity: LegalEntity) -> bool:
    """Whether the company has ever issued an invoice through billing."""
    return InvoiceRecord.objects.filter(legal_entity=entity).exists()


def receives(entity: LegalEntity) -> bool:
    """Whether a receipt of the company is known."""
    return PaymentRecord.objects.filter(legal_entity=entity).exists()


def _without_known(account: Account, reader: Reader, *, moves: Mapping[str, int], column: str) -> Reader:
    """The account's balance less what documents are off by that are breaks already, each with a case or an accepted
    item of its own: every difference counts once.
    """

    def read(entity: LegalEntity, day: date) -> list[ControlLine]:
        off: dict[str, Decimal] = defaultdict(Decimal)
        for one in Break.objects.filter(control__in=moves, entity=entity, healed_at=None):
            left, right = (Decimal(side.get(column) or 0) for side in (one.left, one.right))
            if one.kind == "CURRENCY_MISMATCH":
                right = Decimal(0)  # of another currency: missing in this one, whole
            off[one.currency] += moves[one.control] * (left - right)
        return [
            _less(line, off[line.currency]) if line.reference == account.balance_of(line.currency) else line
            for line in reader(entity, day)
        ]

    return read


def _less(line: ControlLine, by: Decimal) -> ControlLine:
    if not by:
        return line
    known = f"{line.label}; less {money(by, line.currency)} of documents that are breaks of their own"
    return replace(line, net=line.net - by, gross=line.gross - by, label=known)


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
    kind="account",
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
    left_reader=_without_known(receivable.RECEIVABLE, receivable.lines, moves=_ON_RECEIVABLES, column="gross"),
    break_kind="BALANCE_DIFFERS",
)
TAX_PAYABLE = Control(
    name="tax_payable",
    title="Tax charged is the balance of its account",
    leg="",
    kind="account",
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
    left_reader=_without_known(tax.TAX_PAYABLE, tax.lines, moves=_ON_TAX, column="tax"),
    break_kind="BALANCE_DIFFERS",
)

"""What takes an issued document back as if it had never counted; the document keeps its number."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical
from connectors.canonical.credit_memo import CreditMemoLine


@dataclass(frozen=True, kw_only=True)
class DocumentVoid(Canonical):
    """An invoice or credit memo that was voided: posted as a reversal at the document's own amounts, so that its
    value is zero and its number stays. Amounts are those of the document, above zero.
    """

    kind: ClassVar[str] = "void"

    #: the document taken back
    voids: str
    #: `invoice` or `credit_memo`
    voided_kind: str
    #: its number, which it keeps
    number: str
    #: the invoice whose open balance changes
    invoice_reference: str
    customer_reference: str
    contract_reference: str
    voided_on: date
    posting_date: date
    net: Decimal
    tax: Decimal
    total: Decimal
    #: what it takes off (invoice) or gives back to (credit memo) the open balance of the invoice
    applied: Decimal
    #: why it may not be done without people, in a word: paid, credited, period; empty where nothing stands against it
    objection: str = ""
    lines: tuple[CreditMemoLine, ...] = ()

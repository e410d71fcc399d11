"""What lowers what a customer owes for a document that was wrong, or for price or service given back."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical
from connectors.canonical.invoice import InvoiceLine


@dataclass(frozen=True, kw_only=True)
class CreditMemoLine(InvoiceLine):
    """One line given back. Amounts above zero lower what is owed; tax as charged on the line it corrects."""

    #: the line of the document it corrects; empty where the memo names no line
    invoice_line_id: str = ""


@dataclass(frozen=True, kw_only=True)
class CreditMemo(Canonical):
    """A negative document that gives price or service back, with its tax. Amounts are positive: what is given."""

    kind: ClassVar[str] = "credit_memo"

    number: str
    billing_id: str
    customer_reference: str
    contract_reference: str
    #: the document it corrects; empty says "on account"
    refers_to: str = ""
    #: why, in the words of the system it comes from, e.g. `order_change`
    reason_code: str
    document_date: date
    posting_date: date
    tax_point: date
    net: Decimal
    tax: Decimal
    total: Decimal
    #: what it takes off the open balance of the document it corrects; the rest stays on the customer's account
    applied: Decimal
    status: str = "issued"
    legal_number: str = ""
    lines: tuple[CreditMemoLine, ...] = ()

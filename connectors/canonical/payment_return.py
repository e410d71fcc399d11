"""A bank receipt that did not hold: a returned debit, a bounced cheque."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import CashMovement


@dataclass(frozen=True, kw_only=True)
class PaymentReturn(CashMovement):
    """The ledger took a bank receipt back; what it had paid is open again. Of the whole receipt, or of the part of it
    that paid one invoice.
    """

    kind: ClassVar[str] = "payment_return"
    own_day: ClassVar[str] = "returned_on"

    gateway_id: str
    payment_reference: str
    customer_reference: str
    #: the invoice that is open again; empty for the receipt as a whole
    invoice_reference: str = ""
    returned_on: date
    #: above zero, major units
    amount: Decimal

"""Tax a customer withheld from an invoice: a claim on the tax office, proven by a certificate."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import CashMovement


@dataclass(frozen=True, kw_only=True)
class Withholding(CashMovement):
    """What of an invoice was paid to the tax office instead of us. Number and day of the certificate, or neither."""

    kind: ClassVar[str] = "withholding"
    own_day: ClassVar[str] = "booked_on"

    invoice_reference: str
    #: the invoice's number
    number: str
    customer_reference: str
    booked_on: date
    #: above zero, major units of the invoice's currency
    amount: Decimal
    certificate_number: str = ""
    certificate_date: date | None = None

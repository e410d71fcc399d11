"""Money received, and what it was applied to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import CashMovement


@dataclass(frozen=True, kw_only=True)
class Payment(CashMovement):
    """Money received, owed to the ERP at once as cash on account."""

    kind: ClassVar[str] = "payment"
    own_day: ClassVar[str] = "received_on"

    gateway_id: str
    customer_reference: str
    #: `gateway` or `bank`
    origin: str
    received_on: date
    #: gross, before the gateway's fee
    amount: Decimal
    fee: Decimal = Decimal("0")
    #: units of the company's own money for one of the payment's; 0 where both are the same
    exchange_rate: Decimal = Decimal("0")
    rate_type: str = ""
    rate_source: str = ""
    #: the day the rate was published for
    rate_as_of: date | None = None
    #: the document the payer named, where one was named
    pays_reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Allocation(CashMovement):
    """A part of a payment applied to one document; a delivery of its own."""

    kind: ClassVar[str] = "allocation"
    own_day: ClassVar[str] = "applied_on"

    payment_reference: str
    invoice_reference: str
    customer_reference: str
    applied_on: date
    amount: Decimal

"""Money received, and what it was applied to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class Payment(Canonical):
    """Money received, owed to the ERP at once as cash on account."""

    kind: ClassVar[str] = "payment"

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
class Allocation(Canonical):
    """A part of a payment applied to one document; a delivery of its own."""

    kind: ClassVar[str] = "allocation"

    payment_reference: str
    invoice_reference: str
    customer_reference: str
    applied_on: date
    amount: Decimal

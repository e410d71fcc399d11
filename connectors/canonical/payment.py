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

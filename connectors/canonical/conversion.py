"""Money a gateway converted by itself: it left the balance of one currency and stands in that of another."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import CashMovement


@dataclass(frozen=True, kw_only=True)
class Conversion(CashMovement):
    """One side of a conversion, in one currency; the other side is a document of its own. Amounts of the two are
    never one sum.
    """

    kind: ClassVar[str] = "conversion"
    own_day: ClassVar[str] = "moved_on"

    gateway_id: str
    #: the receipt, refund or dispute movement whose money was converted
    of_reference: str
    payment_reference: str
    moved_on: date
    #: as the balance of this currency moves, in its own digits
    amount: Decimal
    other_currency: str
    #: as the balance of the other currency moves, in that currency's digits
    other_amount: Decimal
    #: the gateway's own rate: units of what it settled in for one of what was charged
    gateway_rate: Decimal
    #: units of the company's own money for one of this currency; 0 where both are the same
    exchange_rate: Decimal = Decimal("0")
    #: what the gateway took for it in this currency; above zero a cost
    fee: Decimal = Decimal("0")

"""Money given back, and money given back that came home again."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import CashMovement


@dataclass(frozen=True, kw_only=True)
class Refund(CashMovement):
    """Money that left the gateway's balance for a customer. What it gives back is named, or it is nobody's."""

    kind: ClassVar[str] = "refund"
    own_day: ClassVar[str] = "refunded_on"

    gateway_id: str
    payment_reference: str
    customer_reference: str
    refunded_on: date
    #: above zero, major units
    amount: Decimal
    #: what it pays back: (reference of a credit memo or of an overpaid payment, amount as text); sums to the amount
    causes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RefundFailure(CashMovement):
    """A refund the bank sent back: the money stands in the gateway's balance again, the customer is owed it again."""

    kind: ClassVar[str] = "refund_failure"
    own_day: ClassVar[str] = "failed_on"

    gateway_id: str
    refund_reference: str
    customer_reference: str
    failed_on: date
    amount: Decimal
    #: the gateway's word, e.g. `lost_or_stolen_card`
    failure_reason: str = ""

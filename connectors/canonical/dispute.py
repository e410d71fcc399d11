"""A payment its customer disputes: opened, moved money, and how it ended."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical, CashMovement


@dataclass(frozen=True, kw_only=True)
class Dispute(Canonical):
    """A customer's bank questions a payment. The invoice stays paid; it is now paid and disputed."""

    kind: ClassVar[str] = "dispute"

    gateway_id: str
    payment_reference: str
    customer_reference: str
    opened_on: date
    amount: Decimal
    #: the network's reason, e.g. `product_not_received`
    dispute_reason: str = ""
    #: instant until which evidence counts, ISO 8601 in UTC; empty where none can be given
    evidence_due_at: str = ""


@dataclass(frozen=True, kw_only=True)
class DisputeMovement(CashMovement):
    """Money taken for a dispute (amount below zero), or given back (above)."""

    kind: ClassVar[str] = "dispute_movement"
    own_day: ClassVar[str] = "moved_on"

    gateway_id: str
    dispute_reference: str
    payment_reference: str
    customer_reference: str
    moved_on: date
    amount: Decimal
    #: above zero: a cost; below: a fee that was given back
    fee: Decimal = Decimal("0")


@dataclass(frozen=True, kw_only=True)
class DisputeLoss(CashMovement):
    """How finance ended a lost dispute: bad debt, since the document was right; or the receivable is the customer's
    again, to be cleared by the credit memo that gives the price back.
    """

    kind: ClassVar[str] = "dispute_loss"
    own_day: ClassVar[str] = "decided_on"

    gateway_id: str
    dispute_reference: str
    customer_reference: str
    decided_on: date
    amount: Decimal
    #: bad_debt or credit_memo
    treatment: str = "bad_debt"


@dataclass(frozen=True, kw_only=True)
class DisputeOutcome(Canonical):
    """How a dispute ended: won, lost, or closed without a judgement (an inquiry)."""

    kind: ClassVar[str] = "dispute_outcome"

    gateway_id: str
    dispute_reference: str
    payment_reference: str
    customer_reference: str
    #: won, lost or closed
    outcome: str
    amount: Decimal

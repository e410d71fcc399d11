"""What a gateway pays out to the bank, and what it consists of."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import CashMovement


@dataclass(frozen=True, kw_only=True)
class PayoutLine:
    """One movement of the gateway's balance that a payout settles; major units, signed as the balance moved."""

    line_id: str
    #: charge, refund, dispute, fee, reserve or returned
    category: str
    #: the receipt, refund or dispute movement it is, where it is one
    source_reference: str
    gross: Decimal
    #: above zero: a cost
    fee: Decimal
    #: gross less fee
    net: Decimal
    moved_on: date


@dataclass(frozen=True, kw_only=True)
class Payout(CashMovement):
    """One transfer to the bank: amount = charges + refunds + disputes + reserves + returned - dispute_fees - fees."""

    kind: ClassVar[str] = "payout"
    own_day: ClassVar[str] = "paid_on"

    gateway_id: str
    #: the day it is due at the bank
    paid_on: date
    #: what arrives at the bank; below zero where the gateway takes money back
    amount: Decimal
    charges: Decimal
    #: zero or below, refunds that came back counted against them
    refunds: Decimal
    #: zero or below, won ones counted against them
    disputes: Decimal
    #: above zero: a cost, booked with the dispute
    dispute_fees: Decimal
    #: above zero: a cost, booked with the payout
    fees: Decimal
    #: below zero: held back by the gateway
    reserves: Decimal = Decimal("0")
    #: earlier payouts that came back and are paid out again
    returned: Decimal = Decimal("0")
    #: what the bank's statement shows it under
    bank_trace: str = ""
    lines: tuple[PayoutLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PayoutFailure(CashMovement):
    """A payout the bank sent back: the money stands in the gateway's balance again."""

    kind: ClassVar[str] = "payout_failure"
    own_day: ClassVar[str] = "failed_on"

    gateway_id: str
    payout_reference: str
    failed_on: date
    amount: Decimal
    failure_reason: str = ""

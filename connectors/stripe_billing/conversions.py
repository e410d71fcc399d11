"""Money Stripe converted: a balance transaction in another currency than what it moved, as two sides.

A charge, refund or dispute is in the currency it was made in; what it does to the balance is in the currency the
account settles in, at Stripe's own rate: amount × exchange_rate = settled
(docs.stripe.com/api/balance_transactions/object).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import Conversion
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.reading import SYSTEM, currency_of, day_at, id_at, need

#: places a rate is kept with; Stripe gives fewer
PLACES = Decimal("1e-12")
MOST = Decimal(10**9)


def reference(transaction_id: str, currency: str) -> str:
    """The name of one side."""
    return f"conversion:stripe:{transaction_id}:{currency}"


def is_converted(moved: Mapping[str, Any], charged: str) -> bool:
    """Whether a balance transaction settled in another currency than what it moved."""
    return bool(moved.get("currency")) and currency_of(moved) != charged


def sides(
    moved: Mapping[str, Any],
    *,
    charged: str,
    amount: Decimal,
    of_reference: str,
    payment_reference: str,
    version: int,
    zone: ZoneInfo,
    fee_is_ours: bool = False,
) -> list[Conversion]:
    """Both sides of what a balance transaction converted; nothing where it converted nothing. Raises Rejected for one
    without a rate, or that comes to nothing.

    `amount` is what was charged, refunded or disputed, without a sign: the balance says which way it moved. With
    `fee_is_ours` the fee is booked here, else with the payout.
    """
    if not is_converted(moved, charged):
        return []
    own_id, settled_in = id_at(moved, "id"), currency_of(moved)
    settled = from_sent(need(moved, "amount", int), settled_in)
    if not settled or not amount:
        raise fields.unreadable("amount", settled, "is nothing, which no conversion comes to", system=SYSTEM)
    fee = from_sent(need(moved, "fee", int), settled_in) if fee_is_ours else settled - settled
    out = -amount if settled > 0 else amount
    shared: dict[str, Any] = {
        "gateway_id": own_id,
        "of_reference": of_reference,
        "payment_reference": payment_reference,
        "moved_on": day_at(moved, "created", zone),
        "gateway_rate": _rate(moved),
        "version": version,
        "correlation_id": "",
        "source_system": SYSTEM,
    }
    return [
        Conversion(
            reference=reference(own_id, charged), currency=charged, amount=out, other_currency=settled_in,
            other_amount=settled, **shared,
        ),
        Conversion(
            reference=reference(own_id, settled_in), currency=settled_in, amount=settled, other_currency=charged,
            other_amount=out, fee=fee, **shared,
        ),
    ]  # fmt: skip


def _rate(moved: Mapping[str, Any]) -> Decimal:
    """Raises Rejected for a conversion without a rate: it could not be told from a mistake."""
    value = moved.get("exchange_rate")
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value < MOST:
        raise fields.unreadable("exchange_rate", value, "must be the rate of the conversion", system=SYSTEM)
    rate = Decimal(value).quantize(PLACES)
    if not rate:
        raise fields.unreadable("exchange_rate", value, "is no rate", system=SYSTEM)
    return rate

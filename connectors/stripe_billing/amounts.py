"""Stripe's integers and our major units; its exceptions to ISO 4217 stand in one table."""

from decimal import Decimal

from connectors import money
from connectors.money import AmountError

#: Digits Stripe sends where they differ from ISO 4217 (docs.stripe.com/currencies, "Special cases").
#: ISK and UGX have no minor unit but are sent with two digits that must be 00; MGA is sent without its minor unit.
#: HUF and TWD are sent with two digits, as in ISO; only their payouts must be whole.
SENT_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0, "HUF": 2, "TWD": 2}
#: Three-digit currencies whose last digit must be 0 when sent.
LAST_DIGIT_ZERO = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
#: `unit_amount_decimal` takes at most this many digits after the point
UNIT_DIGITS = 12


def sent_digits(currency: str) -> int:
    """Digits after the point in Stripe's integers. Raises AmountError for a code that is no currency."""
    return SENT_DIGITS.get(currency, money.minor_units(currency))


def to_sent(value: Decimal, currency: str) -> int:
    """Major units as the integer Stripe wants (USD 12.34 -> 1234, ISK 5 -> 500). Raises AmountError where not exact."""
    exact = money.amount(value, currency)
    sent = exact.scaleb(sent_digits(currency))
    if sent != sent.to_integral_value():
        raise AmountError(f"amount: {exact} {currency} has a fraction, which Stripe does not take for {currency}")
    if currency in LAST_DIGIT_ZERO and sent % 10:
        raise AmountError(f"amount: {exact} {currency} must end in 0 for Stripe (two digits after the point)")
    return int(sent)


def from_sent(value: object, currency: str) -> Decimal:
    """Stripe's integer as major units. Raises AmountError for anything but a whole number, or a forbidden fraction."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise AmountError(f"amount: {value!r} must be a whole number of minor units")
    return money.amount(Decimal(value).scaleb(-sent_digits(currency)), currency)


def unit_price(total: Decimal, quantity: int, currency: str) -> dict[str, str]:
    """The price parameter that makes `quantity` units cost exactly `total`: whole minor units, else a decimal text.

    Raises AmountError where no price of at most 12 digits does it; nothing is rounded.
    """
    sent = to_sent(total, currency)
    whole, rest = divmod(sent, quantity)
    if not rest:
        return {"unit_amount": str(whole)}
    scaled, rest = divmod(sent * 10**UNIT_DIGITS, quantity)
    if rest:
        raise AmountError(f"amount: {total} {currency} cannot be divided into {quantity} equal unit prices")
    return {"unit_amount_decimal": format(Decimal(scaled).scaleb(-UNIT_DIGITS).normalize(), "f")}

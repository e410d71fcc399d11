"""An amount in parts: every part exact to the minor unit, and together exactly the amount."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from connectors.money import AmountError, from_minor, to_minor


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The amount (major units, of either sign) by these weights, each at least zero.

    Largest remainder: every part is rounded towards zero to the minor unit, and the units left over go one by one to
    the parts that lost most, the earlier one first where they lost the same. Raises AmountError where there is nothing
    to weigh by, or the amount has more digits than its currency.
    """
    total = sum(map(Fraction, weights), Fraction(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise AmountError("weights: give at least one above zero, and none below")
    minor = to_minor(amount, currency)
    sign, whole = (-1 if minor < 0 else 1), abs(minor)
    exact = [whole * Fraction(weight) / total for weight in weights]
    parts = [int(part) for part in exact]
    lost = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in lost[: whole - sum(parts)]:
        parts[place] += 1
    return [from_minor(sign * part, currency) for part in parts]

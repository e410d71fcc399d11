"""An amount in parts by weights that somebody keeps: refused where they cannot mean anything."""

from collections.abc import Sequence
from decimal import Decimal

from connectors.money import AmountError, shares


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The amount (major units, of either sign) by these weights, to the minor unit and summing to it (`money.shares`).

    Raises AmountError where there is nothing to weigh by, or the amount has more digits than its currency.
    """
    if not any(weights) or any(weight < 0 for weight in weights):
        raise AmountError("weights: give at least one above zero, and none below")
    return shares(amount, weights, currency)

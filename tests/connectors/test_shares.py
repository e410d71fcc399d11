"""Parts of an amount: they sum to it in every currency, of either sign, and none is off by a whole minor unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.money import AmountError, from_minor, minor_units
from connectors.shares import split

CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=100, places=4), min_size=1, max_size=12).filter(sum)


@given(minor=st.integers(-(10**12), 10**12), currency=CURRENCIES, weights=WEIGHTS)
@example(minor=-1, currency="JPY", weights=[Decimal("50"), Decimal("50")])
@example(minor=1, currency="KWD", weights=[Decimal("33.3333")] * 3)
def test_parts_sum_to_the_amount_and_each_is_within_one_minor_unit(
    minor: int, currency: str, weights: list[Decimal]
) -> None:
    amount = from_minor(minor, currency)
    parts = split(amount, weights, currency)
    assert sum(parts) == amount and len(parts) == len(weights)
    unit, total = Fraction(1, 10 ** minor_units(currency)), sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * Fraction(weight) / total) < unit
        assert part == 0 or (part > 0) == (amount > 0)
        assert -part.as_tuple().exponent == minor_units(currency)


@given(minor=st.integers(0, 10**9), currency=CURRENCIES, weights=WEIGHTS)
def test_what_is_taken_back_is_split_as_what_was_given(minor: int, currency: str, weights: list[Decimal]) -> None:
    amount = from_minor(minor, currency)
    assert [-part for part in split(amount, weights, currency)] == split(-amount, weights, currency)


def test_the_part_that_lost_most_gets_the_unit() -> None:
    halves = [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert split(Decimal("100.00"), halves, "USD") == halves
    assert split(Decimal("0.01"), [Decimal("49"), Decimal("51")], "USD") == [Decimal("0.00"), Decimal("0.01")]
    assert split(Decimal("100"), [Decimal(1)] * 3, "JPY") == [34, 33, 33]


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(2), Decimal(-1)]])
def test_nothing_to_weigh_by_is_refused(weights: list[Decimal]) -> None:
    with pytest.raises(AmountError):
        split(Decimal("1.00"), weights, "USD")

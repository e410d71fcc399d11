"""Stripe's integers: exact both ways, with its exceptions to ISO 4217."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.money import AmountError
from connectors.stripe_billing.amounts import from_sent, sent_digits, to_sent, unit_price


@given(st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"]), st.integers(-(10**12), 10**12))
def test_every_amount_comes_back_as_it_was_sent(currency: str, units: int) -> None:
    # given a whole number of what Stripe takes in this currency
    sent = units * 10 if currency == "KWD" else units
    # when it goes to major units and back
    amount = from_sent(sent, currency)
    # then nothing changed, and the digits are the currency's
    assert to_sent(amount, currency) == sent
    assert amount == Decimal(sent).scaleb(-sent_digits(currency))


@pytest.mark.parametrize(
    ("amount", "currency", "sent"),
    [
        ("12.34", "USD", 1234),
        ("500", "JPY", 500),
        ("1.230", "KWD", 1230),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("12.34", "HUF", 1234),
        ("12.34", "TWD", 1234),
        ("5.00", "MGA", 5),
    ],
)
def test_exceptions_to_iso_are_sent_as_stripe_wants_them(amount: str, currency: str, sent: int) -> None:
    assert to_sent(Decimal(amount), currency) == sent
    assert from_sent(sent, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency"), [("12.345", "USD"), ("0.5", "JPY"), ("1.234", "KWD"), ("5.20", "MGA"), ("1.00", "XXX")]
)
def test_what_stripe_cannot_take_exactly_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(AmountError):
        to_sent(Decimal(amount), currency)


@pytest.mark.parametrize("value", [1.5, "100", True, None, Decimal("1")])
def test_only_whole_numbers_are_read(value: object) -> None:
    with pytest.raises(AmountError):
        from_sent(value, "USD")


def test_a_forbidden_fraction_from_stripe_is_refused() -> None:
    with pytest.raises(AmountError):
        from_sent(550, "ISK")


@given(st.integers(0, 10**9), st.integers(1, 10**4))
def test_a_unit_price_times_quantity_is_the_line_or_there_is_none(minor: int, quantity: int) -> None:
    total = Decimal(minor).scaleb(-2)
    try:
        price = unit_price(total, quantity, "USD")
    except AmountError:
        # then no price of twelve digits exists
        assert minor * 10**12 % quantity
        return
    (text,) = price.values()
    assert Decimal(text) * quantity == minor
    assert ("unit_amount" in price) == (minor % quantity == 0)


def test_a_price_with_a_fraction_goes_as_decimal_text() -> None:
    assert unit_price(Decimal("0.01"), 8, "USD") == {"unit_amount_decimal": "0.125"}
    assert unit_price(Decimal("100.00"), 4, "USD") == {"unit_amount": "2500"}
    with pytest.raises(AmountError):
        unit_price(Decimal("100.00"), 3, "USD")

"""Amounts: strict reading, exact digits, whole minor units there and back."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import money
from sync import money_text

DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "BRL": 2}
currencies = st.sampled_from(sorted(DIGITS))
minor = st.integers(min_value=-(10**14), max_value=10**14)


@given(currency=currencies, units=minor)
def test_minor_units_come_back_as_they_went(currency: str, units: int) -> None:
    # given an amount in minor units, when it becomes major units and back, then nothing is lost
    major = money.from_minor(units, currency)
    assert money.to_minor(major, currency) == units
    assert -major.as_tuple().exponent == DIGITS[currency]


@given(currency=currencies, units=minor)
def test_an_amount_comes_back_from_its_text(currency: str, units: int) -> None:
    amount = money.from_minor(units, currency)
    text = money_text.plain(amount, currency)
    assert money.amount(text, currency) == amount
    # the same amount hashes and prints alike however it was written
    assert str(money.amount(text, currency)) == str(money.amount(amount, currency))


@given(
    currency=currencies,
    units=minor,
    more=st.integers(min_value=1, max_value=9),
    places=st.integers(min_value=1, max_value=3),
)
def test_more_digits_than_the_currency_has_are_refused_and_never_rounded(
    currency: str, units: int, more: int, places: int
) -> None:
    # given an amount with something behind the currency's last digit
    digits = DIGITS[currency]
    amount = money.from_minor(abs(units), currency) + Decimal(more).scaleb(-digits - places)
    # then it is refused, in each form it can come in
    for form in (amount, format(amount, "f"), -amount):
        with pytest.raises(money.AmountError, match="digits after the point"):
            money.amount(form, currency)
    with pytest.raises(money.AmountError):
        money.to_minor(amount, currency)


@given(currency=currencies, units=minor, zeros=st.integers(min_value=1, max_value=3))
def test_zeros_behind_the_last_digit_change_nothing(currency: str, units: int, zeros: int) -> None:
    amount = money.from_minor(units, currency)
    text = format(amount, "f")
    longer = (text if "." in text else f"{text}.") + "0" * zeros
    assert str(money.amount(longer, currency)) == str(amount + 0)


@given(currency=currencies, left=st.integers(-(10**12), 10**12), right=st.integers(-(10**12), 10**12))
def test_sums_are_exact(currency: str, left: int, right: int) -> None:
    total = money.from_minor(left, currency) + money.from_minor(right, currency)
    assert money.to_minor(total, currency) == left + right


@pytest.mark.parametrize("value", [1.0, True, None, [], b"1.00"])
def test_what_is_no_exact_number_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(money.AmountError, match="must be text"):
        money.amount(value, "USD")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1.00",
        "1.00\n",
        "+1.00",
        "1,000.00",
        "1e2",
        "1E9999999",
        "NaN",
        "Infinity",
        "-",
        ".5",
        "5.",
        "0x1",
        "１.00",
        "٣",
        "1_000",
        "9" * 16,
        "1.0000000",
    ],
)
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(money.AmountError, match="not a plain number"):
        money.amount(text, "USD")


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), Decimal("sNaN"), Decimal("1E+9999999"), Decimal("1E-9999999")]
)
def test_decimals_that_are_no_plain_number_are_refused_at_once(value: Decimal) -> None:
    with pytest.raises(money.AmountError):
        money.amount(value, "USD")


@pytest.mark.parametrize("currency", ["", "usd", "US", "XXX", "USDT", "U$D"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(money.AmountError, match="ISO 4217"):
        money.amount("1.00", currency)


def test_minus_nothing_is_nothing() -> None:
    assert str(money.amount("-0.00", "USD")) == "0.00" and str(money.amount("-0", "JPY")) == "0"


def test_amounts_are_printed_with_code_and_the_currencys_digits() -> None:
    printed = [
        money_text.money(Decimal(value), code) for value, code in (("12400", "USD"), ("-1.5", "KWD"), ("1234", "JPY"))
    ]
    assert printed == ["USD 12,400.00", "KWD −1.500", "JPY 1,234"]
    assert money_text.money(None, "USD") == ""


# -- every currency -----------------------------------------------------------------------------------
@pytest.mark.parametrize("currency", sorted(money.CURRENCIES))
def test_each_currency_has_exactly_its_own_digits(currency: str) -> None:
    # given the smallest unit and one tenth of it
    digits = money.minor_units(currency)
    smallest = Decimal(1).scaleb(-digits)
    # then the one is an amount and the other is never rounded to one
    assert money.to_minor(money.amount(format(smallest, "f"), currency), currency) == 1
    assert money.from_minor(1, currency) == smallest
    with pytest.raises(money.AmountError, match="digits after the point"):
        money.amount(format(smallest / 10, "f"), currency)
    for value in (smallest, format(smallest, "f"), 1):
        read = money.amount(value, currency)
        assert isinstance(read, Decimal) and -read.as_tuple().exponent == digits


@given(value=st.text(max_size=40) | st.integers() | st.floats() | st.decimals() | st.none() | st.binary(max_size=5))
def test_whatever_is_given_is_an_exact_amount_or_an_amount_error(value: object) -> None:
    for read in (lambda: money.amount(value, "USD"), lambda: money.quantity(value)):
        try:
            assert isinstance(read(), Decimal)
        except money.AmountError as error:
            assert str(error)


@pytest.mark.parametrize(
    "value",
    [Decimal("1E+999999999"), Decimal("1E-999999999"), Decimal("0E+999999999"), 10**100_000, "9" * 10_000_000],
    ids=["huge", "tiny", "nothing, huge", "whole", "text"],
)
def test_a_number_without_bounds_is_refused_in_no_time(value: object) -> None:
    started = time.perf_counter()
    for read in (lambda: money.amount(value, "USD"), lambda: money.quantity(value)):
        with pytest.raises(money.AmountError):
            read()
    # 5 ms would do; a busy machine gets more
    assert time.perf_counter() - started < 0.25


@pytest.mark.parametrize("value", [10**17, -(10**17), 10**4400], ids=["above", "below", "whole"])
def test_minor_units_beyond_all_sense_are_refused(value: int) -> None:
    with pytest.raises(money.AmountError):
        money.from_minor(value, "USD")

"""Amounts as Decimal with a currency: strict reading, minor units by ISO 4217, never a float."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

#: ISO 4217 (list one, 2026): currencies whose minor unit is not two digits.
MINOR_UNITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

#: ISO 4217 active codes of money people trade in (funds, metals and test codes left out).
CURRENCIES = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS
    VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG""".split()
)

#: ASCII digits only, at most 15 before and 6 after the point, no exponent: bounds before any arithmetic.
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)
#: quantities may be finer (hours, metered units)
_QUANTITY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
#: powers of ten beyond which nothing is even written out: 1E+999999999 would be a text of a gigabyte
_WRITABLE = 40


class AmountError(ValueError):
    """An amount or currency that cannot be taken as it stands; the message says what would be right."""


def minor_units(currency: str) -> int:
    """Digits after the point by ISO 4217. Raises AmountError for a code that is no currency."""
    if currency not in CURRENCIES:
        raise AmountError(f"currency: {currency!r} is not an ISO 4217 code such as USD")
    return MINOR_UNITS.get(currency, 2)


def amount(value: object, currency: str) -> Decimal:
    """Read an amount (text, int or Decimal; never float) in major units, with exactly the currency's digits.

    Raises AmountError when it is no plain number or has more digits than the currency; nothing is ever rounded.
    """
    digits = minor_units(currency)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise AmountError(f"amount: {repr(value)[:40]} must be text such as '100.00', not {type(value).__name__}")
    text = plain_text(value)
    if not _AMOUNT.fullmatch(text):
        raise AmountError(f"amount: {text[:40]!r} is not a plain number such as '100.00'")
    exact = Decimal(text).quantize(Decimal(1).scaleb(-digits))
    if exact != Decimal(text):
        raise AmountError(f"amount: {text} has more than {digits} digits after the point, which {currency} allows")
    return exact + 0  # turns -0.00 into 0.00, so that equal amounts hash alike


def quantity(value: object) -> Decimal:
    """Read a quantity (text, int or Decimal; never float), without useless zeros. Raises AmountError."""
    text = "" if isinstance(value, bool) or not isinstance(value, str | int | Decimal) else plain_text(value)
    if not _QUANTITY.fullmatch(text):
        raise AmountError(f"quantity: {(text or repr(value))[:40]!r} is not a plain number such as '12' or '0.5'")
    number = Decimal(text) + 0
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def plain_text(value: str | int | Decimal) -> str:
    """A number as text without an exponent, in bounded time and space; what is no such number stays recognisable."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        small = abs(value.adjusted()) <= _WRITABLE and len(value.as_tuple().digits) <= _WRITABLE
        return format(value, "f") if small else f"{value:.6E}"
    # Python refuses to write out integers of more than 4,300 digits, and no amount has 40
    return str(value) if isinstance(value, str) or abs(value) < 10**_WRITABLE else "a number of more than 40 digits"


def to_minor(value: Decimal, currency: str) -> int:
    """Major units to whole minor units (USD 12.34 -> 1234). Raises AmountError where that is not exact."""
    return int(amount(value, currency).scaleb(minor_units(currency)))


def from_minor(value: int, currency: str) -> Decimal:
    """Whole minor units to major units (JPY 500 -> 500, KWD 1234 -> 1.234). Raises AmountError beyond 15 digits."""
    digits = minor_units(currency)
    if abs(value) >= 10 ** (15 + digits):
        raise AmountError("amount: has more than 15 digits before the point")
    return Decimal(value).scaleb(-digits).quantize(Decimal(1).scaleb(-digits))


def shares(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """A total split by weights (zero or above) into exact amounts of the currency that sum to it: by largest remainder,
    the earlier share first where remainders are equal. Without any weight the first share takes all.
    """
    whole, sign = abs(to_minor(total, currency)), -1 if total < 0 else 1
    sum_of_weights = sum(weights, Decimal(0))
    if not sum_of_weights:
        parts = [whole, *[0] * (len(weights) - 1)]
    else:
        exact = [Fraction(weight) * whole / Fraction(sum_of_weights) for weight in weights]
        parts = [int(one) for one in exact]
        by_remainder = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
        for place in by_remainder[: whole - sum(parts)]:
            parts[place] += 1
    return [from_minor(sign * part, currency) for part in parts]

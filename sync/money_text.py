"""Amounts as people read them: ISO code always printed, the currency's own digits."""

from decimal import Decimal

from babel.numbers import format_decimal

from connectors.money import AmountError, minor_units


def money(amount: Decimal | None, currency: str, *, locale: str = "en_US") -> str:
    """`USD 12,400.00`; a true minus sign; an empty text for no amount."""
    if amount is None:
        return ""
    try:
        digits = minor_units(currency)
    except AmountError:
        digits = 2
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    number = format_decimal(abs(amount), format=pattern, locale=locale)
    return f"{currency} {'−' if amount < 0 else ''}{number}".strip()


def plain(amount: Decimal, currency: str) -> str:
    """Text for machines: exact digits of the currency, no grouping."""
    return format(amount.quantize(Decimal(1).scaleb(-minor_units(currency))), "f")

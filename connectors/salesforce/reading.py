"""Salesforce's fields read one by one: what is of another kind or beyond all sense is named."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors import fields, money
from connectors.errors import Rejected
from connectors.money import AmountError
from connectors.salesforce.ids import full_id, is_id

SYSTEM = "salesforce"
#: dates outside are typing errors
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
#: what a contract line can keep
MOST, QUANTITY_DIGITS = 10**12, 6

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9]{2}:?[0-9]{2})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def revision(record: Mapping[str, Any]) -> int:
    """SystemModstamp in milliseconds; 0 when the record does not carry it."""
    stamp = record.get("SystemModstamp")
    if not stamp:
        return 0
    try:
        return milliseconds(moment(stamp))
    except ValueError as error:
        raise unreadable(record, "SystemModstamp", str(error)) from error


def moment(text: object) -> datetime:
    """An instant such as 2026-05-14T09:31:07.000+0000. Raises ValueError saying what would be right."""
    wanted = "must be an instant with its zone, such as '2026-05-14T09:31:07.000Z'"
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError(f"{fields.short(text)[:40]!r} {wanted}")
    try:
        instant = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} {wanted}") from error
    # A revision of the year 9999 would make every later one look old.
    if not EARLIEST <= instant.date() < LATEST:
        raise ValueError(f"{text[:40]!r} {wanted}, between {EARLIEST.year} and {LATEST.year}")
    return instant


def milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970, exactly."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def record_id(record: Mapping[str, Any], field: str) -> str:
    if not is_id(record.get(field)):
        raise unreadable(record, field, "is not a Salesforce id")
    return full_id(record[field])


def day_of(record: Mapping[str, Any], field: str) -> date:
    text = record[field]
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if EARLIEST <= day < LATEST:
            return day
    raise unreadable(record, field, f"is not a date such as 2026-05-14, between {EARLIEST.year} and {LATEST.year}")


def number_of(record: Mapping[str, Any], field: str) -> Decimal:
    value = record.get(field)
    # Never a float: its digits are not the ones Salesforce sent.
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        text = money.plain_text(value)
        if _NUMBER.fullmatch(text):
            return Decimal(text) + 0  # turns -0 into 0, so that equal numbers hash alike
    raise unreadable(record, field, "is not a plain number")


def quantity_of(row: Mapping[str, Any]) -> Decimal:
    """How many are sold. What would be taken back is a modification of its own, never a negative line."""
    quantity = plain_number(number_of(row, "Quantity"))
    exact = quantity == round(quantity, QUANTITY_DIGITS)
    if quantity < 0 or quantity >= MOST or not exact:
        why = f"must be from 0 to below {MOST:,}, with at most {QUANTITY_DIGITS} digits after the point"
        raise unreadable(row, "Quantity", why)
    return quantity


def text_of(record: Mapping[str, Any], field: str) -> str:
    return fields.text(record, field, system=SYSTEM)


def plain_number(number: Decimal) -> Decimal:
    """The same number without useless zeros, so that 1.0 and 1 are written alike."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def amount_of(record: Mapping[str, Any], field: str, currency: str) -> Decimal:
    value: Decimal | str = plain_number(number_of(record, field))
    try:
        return money.amount(value, currency)
    except AmountError as error:
        reason = "ROUNDING"
        if currency not in money.CURRENCIES:
            reason, field, value = "CURRENCY_MISMATCH", "CurrencyIsoCode", currency
        raise Rejected(str(error), reason=reason, field=field, value=str(value), system=SYSTEM) from error


def unreadable(record: Mapping[str, Any], field: str, why: str) -> Rejected:
    shown = fields.short(record.get(field))
    return Rejected(
        f"{fields.short(record.get('Id'))}: {field}: {shown!r} {why}",
        reason="SCHEMA_CHANGE", field=field, value=shown, system=SYSTEM,
    )  # fmt: skip

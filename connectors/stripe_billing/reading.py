"""Stripe's objects read field by field: what is gone, of another kind or beyond all sense is named."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields, money
from connectors.errors import Rejected
from connectors.money import CURRENCIES, AmountError
from connectors.stripe_billing.amounts import from_sent

SYSTEM = "stripe_billing"
#: 2000 and 2100 in seconds since 1970
EARLIEST, LATEST = 946_684_800, 4_102_444_800
#: below this many of anything; it is what a line can keep
MOST = 10**12
_ID = re.compile(r"[A-Za-z0-9_]{1,80}", re.ASCII)


def need(record: Mapping[str, Any], path: str, kind: Any) -> Any:
    """A field that must be there, by dotted path. Raises Rejected SCHEMA_CHANGE naming it."""
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool) or value == "":
        raise Rejected(
            f"{fields.short(record.get('object', 'object'))} {fields.short(record.get('id'))}: "
            f"{path} is {fields.short(value)!r}",
            reason="SCHEMA_CHANGE",
            field=path,
            value=fields.short(record.get("id", "")),
            system=SYSTEM,
        )
    return value


def id_at(record: Mapping[str, Any], path: str) -> str:
    """An id that must be there, be the field expanded or not."""
    value = need(record, path, str | Mapping)
    found = str(need(value, "id", str) if isinstance(value, Mapping) else value)
    if not _ID.fullmatch(found):
        raise fields.unreadable(path, found, "is no id of Stripe's", system=SYSTEM)
    return found


def currency_of(record: Mapping[str, Any]) -> str:
    """The currency as ISO 4217 writes it. Raises Rejected CURRENCY_MISMATCH."""
    code = str(need(record, "currency", str)).upper()
    if code not in CURRENCIES:
        shown = fields.short(code)
        raise Rejected(
            f"{shown!r} is no currency", reason="CURRENCY_MISMATCH", field="currency", value=shown, system=SYSTEM
        )
    return code


def day_at(record: Mapping[str, Any], path: str, zone: ZoneInfo) -> date:
    """The date of a moment that must be there. Raises Rejected, also before 2000 and from 2100 on."""
    seconds = need(record, path, int)
    if not EARLIEST <= seconds < LATEST:
        raise fields.unreadable(path, seconds, "is no moment between 2000 and 2100", system=SYSTEM)
    return local_date(seconds, zone)


def quantity_of(line: Mapping[str, Any]) -> Decimal:
    """How many were billed; one where Stripe gives no number. Raises Rejected."""
    name = "quantity_decimal" if line.get("quantity_decimal") else "quantity"
    try:
        found = money.quantity(line.get(name) or 1)
    except AmountError as error:
        raise fields.unreadable(name, line.get(name), "is no plain number", system=SYSTEM) from error
    if not 0 <= found < MOST:
        raise fields.unreadable(name, found, f"must be from 0 to below {MOST:,}", system=SYSTEM)
    return found


def sum_of(record: Mapping[str, Any], name: str, currency: str) -> Decimal:
    """The amounts in a list of a record, in major units."""
    return total_of(fields.rows(record, name, system=SYSTEM), currency)


def total_of(parts: Sequence[Mapping[str, Any]], currency: str) -> Decimal:
    """The amounts of these parts, in major units."""
    return sum((from_sent(need(part, "amount", int), currency) for part in parts), from_sent(0, currency))


def local_date(seconds: int, zone: ZoneInfo) -> date:
    """The accounting date of a moment given in seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).date()

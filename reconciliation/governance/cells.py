"""One cell of a file as a value: strict, in words a business person can act on; nothing is guessed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.money import CURRENCIES, AmountError, amount
from sync.models import LegalEntity

#: what spreadsheet programs run instead of show (OWASP, CSV injection)
_RUNS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?", re.ASCII)


class CellError(ValueError):
    """A cell that cannot be used; the message says what would be right."""


Read = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a file."""

    name: str
    read: Read
    #: what stands where the cell is empty; without it the cell must be filled
    default: Any = None
    is_required: bool = True
    help: str = ""


def text(longest: int) -> Read:
    """Plain words: one line, nothing invisible, nothing a spreadsheet program would run."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise CellError(f"at most {longest} characters, not {len(cell)}")
        if not cell.isprintable():
            raise CellError("holds characters nobody can see")
        if cell.startswith(_RUNS):
            raise CellError(f"begins with {cell[0]!r}, which spreadsheet programs run as a formula")
        return cell

    return read


def day(cell: str) -> date:
    """A date such as 2026-01-31."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell, re.ASCII) and "2000" <= cell[:4] < "2100":
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise CellError("give a date such as 2026-01-31")


def number(cell: str) -> Decimal:
    """A plain number that is not below zero, such as 19.5."""
    if not _NUMBER.fullmatch(cell):
        raise CellError("give a plain number such as 19.5")
    return Decimal(cell)


def price(cell: str) -> Decimal:
    """An amount whose currency stands in the same row; its digits are checked with the row."""
    return number(cell)


def currency(cell: str) -> str:
    """ISO 4217, in capitals."""
    if cell not in CURRENCIES:
        raise CellError("give a currency by ISO 4217, such as USD")
    return cell


def one_of(*values: str) -> Read:
    """One of a few words."""

    def read(cell: str) -> str:
        if cell not in values:
            raise CellError(f"give one of {', '.join(values)}")
        return cell

    return read


def matching(pattern: str, *, such_as: str) -> Read:
    """Text of one form."""
    form = re.compile(pattern, re.ASCII)

    def read(cell: str) -> str:
        if not form.fullmatch(cell):
            raise CellError(f"give it as in {such_as}")
        return cell

    return read


def entity(cell: str) -> LegalEntity:
    """One of our companies by its code."""
    found = LegalEntity.objects.filter(code=cell).first() if cell.isprintable() else None
    if found is None:
        known = ", ".join(LegalEntity.objects.values_list("code", flat=True))
        raise CellError(f"no company of ours has this code; there are {known}")
    return found


def listed(read: Read) -> Read:
    """Several values, a semicolon between them."""

    def read_all(cell: str) -> list[Any]:
        parts = [part.strip() for part in cell.split(";")]
        if not all(parts):
            raise CellError("give values with one semicolon between them")
        return [read(part) for part in parts]

    return read_all


def exact(value: Decimal, code: str) -> Decimal:
    """An amount in its currency's own digits. Raises CellError."""
    try:
        return amount(value, code)
    except AmountError as error:
        raise CellError(str(error).partition(": ")[2]) from error

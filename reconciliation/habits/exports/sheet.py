"""What an export holds before it is written as any kind of file: columns, and rows of plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractUser

from connectors.money import AmountError, minor_units
from reconciliation.who import full_name
from sync.models import LegalEntity

#: rows of one file; a view with more is not cut but refused, so that a file is always the whole view
MOST = 5000


class TooMany(ValueError):
    """The view has more rows than one file takes; the message says how to narrow it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(
            f"This view has more than {MOST:,} {what}, and a file takes {MOST:,} rows at most. Nothing was cut off and"
            f" no file was made. {advice}"
        )


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount with its currency, which stands in a column of its own."""

    amount: Decimal
    currency: str

    @property
    def digits(self) -> int:
        """Digits after the point: the currency's own; more only where the amount has more."""
        own = -int(self.amount.normalize().as_tuple().exponent)
        try:
            return max(minor_units(self.currency), own)
        except AmountError:
            return max(own, 0)

    @property
    def text(self) -> str:
        """The raw number: no grouping, a plain minus, nothing rounded."""
        return format(self.exact, "f")

    @property
    def exact(self) -> Decimal:
        """The same number with exactly these digits."""
        return self.amount.quantize(Decimal(1).scaleb(-self.digits)) + 0


@dataclass(frozen=True, kw_only=True)
class Link:
    """A page of the portal or of another system, with its whole address."""

    address: str


Cell = str | int | date | datetime | Money | Link | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One view, ready to be written."""

    #: in the name of the file
    name: str
    title: str
    #: what the view is narrowed to, in words; empty where it is not
    narrowed: str
    #: address of the page with the same filters
    address: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def says(self) -> str:
        """Title and filters in one line."""
        return f"{self.title}; {self.narrowed}" if self.narrowed else self.title


def link(path: str) -> Link:
    """The whole address of a page of the portal."""
    return Link(address=settings.PORTAL_URL + path)


def money(amount: Decimal | None, currency: str) -> Money | None:
    """An amount, or nothing where there is none."""
    return None if amount is None else Money(amount=amount, currency=currency)


def person(user: AbstractUser | None) -> str:
    """A person's name, or nothing where there is nobody."""
    return full_name(user) if user else ""


def times(at: datetime | None, entity: LegalEntity | None) -> tuple[datetime | None, datetime | None]:
    """A time in UTC and on the company's own clock; the second is empty where it concerns no company."""
    if at is None:
        return None, None
    return at.astimezone(UTC), at.astimezone(entity.zone) if entity else None


def totals(sheet: Sheet) -> list[tuple[str, str, int, Money]]:
    """Column, currency, how many amounts and their sum: each currency for itself, in the order of the columns."""
    found: dict[tuple[int, str], list[Decimal]] = {}
    for row in sheet.rows:
        for place, cell in enumerate(row):
            if isinstance(cell, Money):
                found.setdefault((place, cell.currency), []).append(cell.amount)
    return [
        (sheet.columns[place], currency, len(amounts), Money(amount=_sum(amounts), currency=currency))
        for (place, currency), amounts in sorted(found.items())
    ]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))

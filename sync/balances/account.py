"""What an account of the ledger should hold by our own records: opening + what moved it = closing, per company and
currency; the balances of two currencies are never one sum. Amounts are in major units, above zero what is owed to us.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection as database

from connectors.interface import ControlLine
from connectors.money import amount
from sync.models import LegalEntity
from sync.money_text import plain

# a movement counts on the day the ledger counts it, which people may have moved into another period
_MOVED = """
WITH moved (reference, entity_id, currency, own_day, column_name, amount) AS ({movements}), mine AS (
    SELECT moved.*, posted.reference IS NOT NULL AS is_posted,
           coalesce(posted.posting_date, moved.own_day) AS counted_on
    FROM moved LEFT JOIN LATERAL (
        SELECT d.reference, d.posting_date FROM sync_delivery d
        WHERE d.reference = moved.reference AND d.role = 'erp' AND d.is_live AND d.condition = 'settled'
        ORDER BY d.id LIMIT 1
    ) posted ON true
    WHERE moved.entity_id = %(entity)s AND moved.amount <> 0
)
"""
_SUMS = """
SELECT currency, column_name, counted_on < %(since)s, sum(amount) FROM mine
WHERE is_posted AND counted_on <= %(until)s GROUP BY 1, 2, 3
"""
_NOT_POSTED = """
SELECT reference, currency, own_day, sum(amount) FROM mine
WHERE NOT is_posted AND own_day <= %(until)s GROUP BY 1, 2, 3 HAVING sum(amount) <> 0 ORDER BY 3, 1
"""


@dataclass(frozen=True, kw_only=True)
class RollForward:
    """One company, account and currency over a span of days: what is booked, signed as the account moves."""

    currency: str
    opening: Decimal
    #: column -> what it moved, in the order people read them
    moved: Mapping[str, Decimal]

    @property
    def closing(self) -> Decimal:
        return sum(self.moved.values(), self.opening)

    def words(self) -> str:
        """The roll-forward in one line; columns without movement are left out."""
        parts = [
            f"{'-' if value < 0 else '+'} {name} {plain(abs(value), self.currency)}"
            for name, value in self.moved.items()
            if value
        ]
        return " ".join(
            [f"opening {plain(self.opening, self.currency)}", *parts, f"= {plain(self.closing, self.currency)}"]
        )


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account whose balance follows from our records."""

    #: what a control's lines of it are called
    name: str
    #: the columns between opening and closing, in the order people read them
    columns: tuple[str, ...]
    #: selects of (reference, company, currency, own day, column, amount by which the account moves)
    movements: tuple[str, ...]

    def roll_forward(self, entity: LegalEntity, *, since: date, until: date) -> list[RollForward]:
        """Per currency, of all that is in the ledger, by the day it counts there; both days included."""
        opening: dict[str, Decimal] = {}
        moved: dict[str, dict[str, Decimal]] = {}
        for currency, column, is_earlier, value in self._rows(_SUMS, entity, since=since, until=until):
            sums = moved.setdefault(currency, dict.fromkeys(self.columns, Decimal(0)))
            if is_earlier:
                opening[currency] = opening.get(currency, Decimal(0)) + amount(value, currency)
            else:
                sums[column] += amount(value, currency)
        return [
            RollForward(currency=currency, opening=opening.get(currency, Decimal(0)), moved=sums)
            for currency, sums in sorted(moved.items())
        ]

    def balance_of(self, currency: str) -> str:
        """Reference of the line with the account's balance in a currency."""
        return f"{self.name}:{currency}"

    def lines(self, entity: LegalEntity, day: date, *, label: str) -> list[ControlLine]:
        """Our side of the account's control: per currency what the ledger was given, and each movement it does not have
        yet by itself.
        """
        waiting = [
            untaxed_line(reference, currency, amount(value, currency), moved_on, label="Not booked in the ERP")
            for reference, currency, moved_on, value in self._rows(_NOT_POSTED, entity, since=day, until=day)
        ]
        booked = [
            untaxed_line(self.balance_of(one.currency), one.currency, one.closing, day, label=f"{label}: {one.words()}")
            for one in self.roll_forward(entity, since=day, until=day)
        ]
        return [*waiting, *booked]

    def _rows(self, select: str, entity: LegalEntity, *, since: date, until: date) -> Iterable[tuple]:
        query = _MOVED.format(movements=" UNION ALL ".join(self.movements)) + select
        with database.cursor() as cursor:
            cursor.execute(query, {"entity": entity.pk, "since": since, "until": until})
            return cursor.fetchall()


def untaxed_line(reference: str, currency: str, value: Decimal, day: date, *, label: str) -> ControlLine:
    """Our side of one amount without tax, in major units."""
    return ControlLine(
        reference=reference,
        external_id="",
        document_date=day,
        currency=currency,
        net=value,
        tax=value - value,
        gross=value,
        label=label,
    )

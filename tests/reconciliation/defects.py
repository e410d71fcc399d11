"""Two sides of a control with as many lines as wanted, and errors planted in the right one: what they are, and how each
must be found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database

from reconciliation import staging
from reconciliation.models import ControlLine, ControlStage
from reconciliation.models.controls import Side
from sync import clock
from sync.models import Connection, LegalEntity

CONTROL = "invoices"
DAYS, CUSTOMERS = 28, 5_000
#: (reference, reason of the break, named cause)
Found = tuple[str, str, str]

# the right side comes in another order, as another system's list would; 7919 is a prime that divides no size used here
_LINES = """
INSERT INTO reconciliation_controlline
    (stage_id, business_date, reference, external_id, document_date, currency, net, tax, gross, label, status,
    counterparty, customer)
SELECT (%(stages)s::bigint[])[1 + g %% %(days)s], %(first)s::date + (g %% %(days)s)::int, 'invoice:' || g,
    %(prefix)s || g, %(first)s::date + (g %% %(days)s)::int, 'USD', 10 + g::numeric / 100, (g %% 900)::numeric / 100,
    10 + g::numeric / 100 + (g %% 900)::numeric / 100, 'INV-' || g, 'open', 'Customer ' || g %% %(customers)s,
    'customer:' || g %% %(customers)s
FROM (SELECT 1 + (n * %(step)s::bigint) %% %(lines)s AS g FROM generate_series(0, %(lines)s - 1) AS n) numbers
"""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One defect and every break it must lead to in this company's books."""

    kind: str
    breaks: frozenset[Found]


class Books:
    """Both sides' readings of one company, and another company's beside them."""

    def __init__(
        self, *, entity: LegalEntity, other: LegalEntity, sources: dict[Side, Connection], lines: int, first: date
    ) -> None:
        self.first, self.lines, self.planted = first, lines, 0
        for day in (first, first + timedelta(days=DAYS - 1)):
            staging.have_month(day)
        self.stages = {side: self._stages(entity, side, sources[side]) for side in Side}
        self.elsewhere = self._stages(other, Side.RIGHT, sources[Side.RIGHT])
        for side, step in ((Side.LEFT, 1), (Side.RIGHT, 7_919)):
            with database.cursor() as cursor:
                cursor.execute(
                    _LINES,
                    {
                        "stages": [row.pk for row in self.stages[side]],
                        "days": DAYS,
                        "customers": CUSTOMERS,
                        "prefix": f"{side}-",
                        "first": first,
                        "step": step,
                        "lines": lines,
                    },
                )
        with database.cursor() as cursor:
            cursor.execute("ANALYZE reconciliation_controlline")

    def _stages(self, entity: LegalEntity, side: Side, source: Connection) -> list[ControlStage]:
        return ControlStage.objects.bulk_create(
            ControlStage(
                control=CONTROL,
                entity=entity,
                business_date=self.first + timedelta(days=day),
                side=side,
                connection=source,
                read_at=clock.now(),
                sha256="0" * 64,
                # numbers from 1 to `lines` go to the days in turn
                line_count=0 if entity.pk is None else len(range(day or DAYS, self.lines + 1, DAYS)),
            )
            for day in range(DAYS)
        )

    def line(self, side: Side, number: int) -> ControlLine:
        return ControlLine.objects.get(stage=self.stages[side][number % DAYS], reference=f"invoice:{number}")

    def change(self, number: int, side: Side = Side.RIGHT, **values: Any) -> None:
        row = self.line(side, number)
        for name, value in values.items():
            setattr(row, name, value)
        row.save()

    def add(self, row: ControlLine, **values: Any) -> None:
        """One line more in the same reading."""
        row.pk, row._state.adding = None, True
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        self._count(row.stage, +1)

    def remove(self, number: int) -> ControlLine:
        row = self.line(Side.RIGHT, number)
        self._count(row.stage, -1)
        ControlLine.objects.filter(pk=row.pk).delete()
        return row

    def _count(self, stage: ControlStage, more: int) -> None:
        stage.refresh_from_db()
        stage.line_count += more
        stage.save()


def plant(books: Books, count: int) -> Iterator[Planted]:
    """So many defects, of every kind by turns, far apart."""
    apart = books.lines // count
    assert apart > 2, "give every defect its own documents"
    for place in range(count):
        kind = list(KINDS)[place % len(KINDS)]
        breaks = KINDS[kind](books, 1 + place * apart)
        yield Planted(kind=kind, breaks=frozenset((f"invoice:{name}", reason, cause) for name, reason, cause in breaks))


def _missing(books: Books, at: int) -> list[Found]:
    books.remove(at)
    return [(f"{at}", "MISSING_IN_TARGET", "")]


def _extra(books: Books, at: int) -> list[Found]:
    row = books.line(Side.RIGHT, at)
    books.add(row, reference=f"invoice:x{at}", gross=row.gross + 7_777_777, net=row.net + 7_777_777)
    return [(f"x{at}", "MISSING_IN_SOURCE", "")]


def _cent(books: Books, at: int) -> list[Found]:
    row, more = books.line(Side.RIGHT, at), Decimal("0.01") if at % 2 else Decimal("-0.01")
    books.change(at, gross=row.gross + more, net=row.net + more)
    return [(f"{at}", "AMOUNT_MISMATCH", "")]


def _entity(books: Books, at: int) -> list[Found]:
    row = books.remove(at)
    books.add(row, stage=books.elsewhere[at % DAYS])
    return [(f"{at}", "MISSING_IN_TARGET", "other_entity")]


def _twice(books: Books, at: int) -> list[Found]:
    books.add(books.line(Side.RIGHT, at), external_id=f"again-{at}")
    return [(f"{at}#2", "LISTED_TWICE", "")]


def _currency(books: Books, at: int) -> list[Found]:
    books.change(at, currency="EUR")
    return [(f"{at}", "CURRENCY_MISMATCH", "")]


def _sign(books: Books, at: int) -> list[Found]:
    row = books.line(Side.RIGHT, at)
    books.change(at, gross=-row.gross, net=-row.net, tax=-row.tax)
    return [(f"{at}", "AMOUNT_MISMATCH", "sign")]


def _offset(books: Books, at: int) -> list[Found]:
    """Two documents of one customer, off by as much in opposite directions: their sum is right."""
    one = books.line(Side.LEFT, at)
    for side in Side:
        books.change(at + 1, side, counterparty=one.counterparty, customer=one.customer)
    for number, more in ((at, 100 + at), (at + 1, -100 - at)):
        row = books.line(Side.RIGHT, number)
        books.change(number, gross=row.gross + more, net=row.net + more)
    return [(f"{at}", "AMOUNT_MISMATCH", "offset"), (f"{at + 1}", "AMOUNT_MISMATCH", "offset")]


def _tax(books: Books, at: int) -> list[Found]:
    row = books.line(Side.RIGHT, at)
    books.change(at, net=row.net - 1, tax=row.tax + 1)
    return [(f"{at}", "TAX_MISMATCH", "")]


def _other_document(books: Books, at: int) -> list[Found]:
    """What belongs on one document was put on another one of the same customer and amount."""
    one, other = books.line(Side.LEFT, at), at + 1
    same = {name: getattr(one, name) for name in ("net", "tax", "gross", "counterparty")}
    for side in Side:
        books.change(other, side, customer=one.customer, **same)
    row = books.line(Side.RIGHT, at)
    row.reference = f"invoice:{other}"
    row.save()
    return [(f"{at}", "MISSING_IN_TARGET", "other_document"), (f"{other}#2", "LISTED_TWICE", "other_document")]


def _customer(books: Books, at: int) -> list[Found]:
    """With another customer, at the same amount."""
    books.change(at, customer=f"customer:{(at + 1) % CUSTOMERS}")
    return [(f"{at}", "CUSTOMER_MISMATCH", "")]


def _account(books: Books, at: int) -> list[Found]:
    books.change(at, other_account="1190")
    return [(f"{at}", "ACCOUNT_MISMATCH", "")]


def _period(books: Books, at: int) -> list[Found]:
    """Posted a month later than it is dated."""
    books.change(at, document_date=books.line(Side.RIGHT, at).document_date + timedelta(days=31))
    return [(f"{at}", "PERIOD_MISMATCH", "")]


def _second_number(books: Books, at: int) -> list[Found]:
    books.add(books.line(Side.RIGHT, at), reference=f"invoice:again{at}", external_id=f"again-{at}")
    return [(f"again{at}", "MISSING_IN_SOURCE", "duplicate")]


KINDS: dict[str, Callable[[Books, int], list[Found]]] = {
    "missing": _missing,
    "extra": _extra,
    "amount by a cent": _cent,
    "another company's books": _entity,
    "twice under one reference": _twice,
    "currency": _currency,
    "sign": _sign,
    "two errors that offset each other": _offset,
    "tax split, equal gross": _tax,
    "another customer, same amount": _customer,
    "another account": _account,
    "another period": _period,
    "on the wrong document": _other_document,
    "twice under another number": _second_number,
}

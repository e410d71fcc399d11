"""Reads one side's own list for a day and stages it by COPY, with what an auditor asks of a reading."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db import connection as database
from django.db import transaction

from connectors.interface import ControlLine as Line
from connectors.money import MINOR_UNITS, amount, minor_units
from reconciliation import attribution
from reconciliation.controls.control import Control
from reconciliation.models import ControlStage
from reconciliation.models.controls import Side
from sync import clock, connections
from sync.models import Connection, ExternalIdentity, LegalEntity
from sync.models.connection import Role

_COPY = (
    "COPY reconciliation_controlline (stage_id, business_date, reference, external_id, document_date, currency, net,"
    " tax, gross, label, status, counterparty, customer, other_account) FROM STDIN"
)
#: rows handed to the database at a time
_BLOCK = 2_000
#: columns of `_cells` that were always asked
_ASKED_LATER = 10
_SPECIAL = re.compile(r"[\\\t\n\r]")
#: what a line is named by: reference, id, date, currency
_NAMED = itemgetter(0, 1, 2, 3)
#: per digits after the point, amounts that need no more than those digits; a minus before zero is read in full
_LOOKS_EXACT = {
    digits: re.compile(rf"(?!-0)-?[0-9]{{1,15}}(\.[0-9]{{{digits}}})?" if digits else "(?!-0)-?[0-9]{1,15}()", re.ASCII)
    for digits in {2, *MINOR_UNITS.values()}
}
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def read_side(
    control: Control, side: Side, *, entity: LegalEntity, business_date: date, source: Connection, company_code: str
) -> ControlStage:
    """Stage one side for one date; it replaces the earlier reading, which stays as evidence.

    Reads with the connection's read-only credential. Raises the connector's errors; nothing is staged then.
    """
    kind = control.left_kind if side == Side.LEFT else control.right_kind
    connector = connections.connector_for(source, read_only=True)
    lines: list[Line] = []
    pages, source_count = 0, None
    queries: dict[str, None] = {}
    for page in connector.list_day(kind=kind, entity=company_code, day=business_date):
        pages += 1
        lines += page.lines
        queries.setdefault(page.query)
        source_count = page.source_count if page.source_count is not None else source_count
    read_count = len({line.external_id for line in lines})
    if source.role == Role.CRM:
        lines = attribution.own_lines(control, lines, entity=entity, on=business_date)
    return stage(
        control,
        side,
        entity=entity,
        business_date=business_date,
        source=source,
        lines=_with_our_customers(lines, source=source),
        read_count=read_count,
        pages=pages,
        source_count=source_count,
        query="\n".join(queries),
    )


def _with_our_customers(lines: list[Line], *, source: Connection) -> list[Line]:
    """Whom a system means by its own ids, as our references: both sides can be held against each other by those only.

    Who is not known to us stays nobody, which differs from no one.
    """
    theirs = sorted({line.customer for line in lines if line.customer})
    if not theirs:
        return lines
    ours: dict[str, str] = {}
    for start in range(0, len(theirs), _BLOCK):
        rows = ExternalIdentity.objects.filter(
            connection=source, kind="customer", external_id__in=theirs[start : start + _BLOCK]
        )
        ours |= dict(rows.values_list("external_id", "reference"))
    return [
        replace(line, customer=ours.get(line.customer, line.customer if line.customer.startswith("customer:") else ""))
        for line in lines
    ]


def keep_own(control: Control, *, entity: LegalEntity, business_date: date, lines: Sequence[Line]) -> ControlStage:
    """Stage what our own records say: the left side of controls between the portal and a system."""
    return stage(
        control,
        Side.LEFT,
        entity=entity,
        business_date=business_date,
        source=None,
        lines=list(lines),
        pages=1,
        source_count=len(lines),
        query="the portal's own records",
    )


def stage(
    control: Control,
    side: Side,
    *,
    entity: LegalEntity,
    business_date: date,
    source: Connection | None,
    lines: list[Line],
    read_count: int | None = None,
    pages: int,
    source_count: int | None,
    query: str,
) -> ControlStage:
    """Write a reading. Amounts are brought to their currency's own digits first, so that equal sums compare equal."""
    rows = [_cells(line) for line in lines]
    digest = hashlib.sha256()
    ordered = _in_order(rows)
    for start in range(0, len(ordered), _BLOCK):
        digest.update("".join(["|".join(said(cells)) + "\n" for cells in ordered[start : start + _BLOCK]]).encode())
    have_month(business_date)
    with transaction.atomic():
        with database.cursor() as cursor:
            # two readings of one day at once: the later one replaces the earlier, instead of breaking on it
            name = f"reading:{control.name}:{entity.pk}:{side}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        current = ControlStage.objects.filter(control=control.name, entity=entity, side=side, is_current=True)
        # a reading of everything as it stands replaces all earlier ones; a day's reading only that day's
        (current if control.as_of else current.filter(business_date=business_date)).update(is_current=False)
        row = ControlStage.objects.create(
            control=control.name,
            entity=entity,
            business_date=business_date,
            side=side,
            connection=source,
            read_at=clock.now(),
            query=query[:4000],
            pages=pages,
            line_count=len(lines),
            read_count=len(lines) if read_count is None else read_count,
            source_count=source_count,
            sha256=digest.hexdigest(),
        )
        if rows:
            with database.cursor() as cursor, cursor.copy(_COPY) as copy:
                for start in range(0, len(rows), _BLOCK):
                    copy.write(_copied(row, rows[start : start + _BLOCK]))
    return row


def have_month(business_date: date) -> None:
    """Make the table that lines of this date's readings are kept in, where it is not there yet."""
    with database.cursor() as cursor:
        cursor.execute("SELECT reconciliation_reading_month(%s)", [business_date])


def _cells(line: Line) -> tuple[str, ...]:
    """A line as the text that is hashed and stored, in the order of the columns."""
    return (
        line.reference[:120],
        line.external_id,
        line.document_date.isoformat(),
        line.currency,
        _digits(line.net, line.currency),
        _digits(line.tax, line.currency),
        _digits(line.gross, line.currency),
        line.label[:200],
        line.status[:60],
        line.counterparty[:200],
        line.customer[:120],
        line.other_account[:60],
    )


def said(cells: tuple[str, ...]) -> tuple[str, ...]:
    """What is hashed and kept as evidence: a line of nobody we know, on no account of its own, says nothing of either.

    So a reading from before these were asked has the hash it was signed with.
    """
    return cells if any(cells[_ASKED_LATER:]) else cells[:_ASKED_LATER]


def _digits(value: Decimal, currency: str) -> str:
    """An amount as text with exactly its currency's digits. Raises AmountError as `connectors.money.amount` does.

    Nearly all come as they should be: those are told by their look, which costs a tenth of reading each anew.
    """
    digits = minor_units(currency)
    text = str(value) if type(value) is Decimal else ""
    found = _LOOKS_EXACT[digits].fullmatch(text)
    if found is None:
        return str(amount(value, currency))
    return text if found[1] or not digits else f"{text}.{'0' * digits}"


def _in_order(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """As they are hashed: by their columns, amounts as numbers. Evidence is written in this order."""
    ordered = sorted(rows, key=_NAMED)
    out: list[tuple[str, ...]] = []
    for _, alike in groupby(ordered, key=_NAMED):
        same = list(alike)
        out += same if len(same) == 1 else sorted(same, key=lambda cells: (*map(Decimal, cells[4:7]), cells[7:]))
    return out


def _copied(stage: ControlStage, rows: list[tuple[str, ...]]) -> str:
    """Rows in the text format of COPY (PostgreSQL 18, COPY, "Text Format"): tabs between, backslashes escaped."""
    if any(map(_SPECIAL.search, map("".join, rows))):
        rows = [tuple(cell.translate(_ESCAPES) for cell in cells) for cells in rows]
    before, between = f"{stage.pk}\t{stage.business_date.isoformat()}\t", "\t"
    return "".join([f"{before}{between.join(cells)}\n" for cells in rows])

"""A CSV file tried out row by row: every problem of every field at once, and nothing written."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciliation.governance.cells import CellError
from reconciliation.governance.table import Table, Values
from sync.models import MappingRow

#: a file beyond these is no work of hands
MOST_BYTES, MOST_ROWS, MOST_PROBLEMS = 2_000_000, 5_000, 500
FOREVER = date.max


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one field of one row; row 1 is the header, as a spreadsheet counts."""

    row: int
    field: str
    value: str
    text: str


@dataclass(kw_only=True)
class Tried:
    """What a file would do."""

    table: Table
    rows: list[Values] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: rows in force that end where a row of the file begins: id -> that day
    ends: dict[int, date] = field(default_factory=dict)
    #: rows of the file, good or not
    read: int = 0

    @property
    def is_good(self) -> bool:
        return bool(self.rows) and not self.problems


def try_out(table: Table, body: bytes) -> Tried:
    """Read a file against a table and what is in force. Writes nothing."""
    tried = Tried(table=table)
    cells = _read(body, tried)
    spans: dict[tuple[Any, ...], list[tuple[date, date, int]]] = {}
    for number, row in cells:
        tried.read += 1
        values = _values(table, row, number, tried.problems)
        if values is None:
            continue
        wrong = table.whole(values)
        wrong |= _span(values)
        if not wrong:
            wrong = _overlap(tried, values, spans, number)
        tried.problems += [
            Problem(row=number, field=name, value=row.get(name, "")[:80], text=words) for name, words in wrong.items()
        ]
        if not wrong:
            tried.rows.append(values)
        if len(tried.problems) >= MOST_PROBLEMS:
            tried.problems.append(_problem(number, "", "there are more problems; mend these first"))
            break
    if not tried.read and not tried.problems:
        tried.problems.append(_problem(1, "", "the file has no rows below its header"))
    return tried


def _read(body: bytes, tried: Tried) -> Sequence[tuple[int, dict[str, str]]]:
    """Rows under their header, numbered as a spreadsheet does; problems of the file as a whole are noted."""
    if len(body) > MOST_BYTES:
        tried.problems.append(_problem(1, "", f"the file is larger than {MOST_BYTES:,} bytes"))
        return []
    try:
        words = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        tried.problems.append(_problem(1, "", "the file is not written in UTF-8; save it as “CSV UTF-8”"))
        return []
    if "\x00" in words:
        tried.problems.append(_problem(1, "", "the file holds bytes that are no text"))
        return []
    first = words.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        tried.problems.append(_problem(1, "", f"the file is no CSV: {error}"))
        return []
    header = [name.strip() for name in rows[0]] if rows else []
    for name in tried.table.header:
        if name not in header and next(one for one in tried.table.columns if one.name == name).is_required:
            tried.problems.append(_problem(1, name, "the column is missing"))
    for name in header:
        if name not in tried.table.header:
            known = ", ".join(tried.table.header)
            tried.problems.append(_problem(1, name[:80], f"no such column; there are {known}"))
    if len(set(header)) != len(header):
        tried.problems.append(_problem(1, "", "a column stands there twice"))
    if len(rows) - 1 > MOST_ROWS:
        tried.problems.append(_problem(1, "", f"the file has more than {MOST_ROWS:,} rows"))
    if tried.problems:
        return []
    found = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            tried.problems.append(_problem(number, "", f"{len(row)} cells under {len(header)} columns"))
            continue
        found.append((number, {name: cell.strip() for name, cell in zip(header, row, strict=True)}))
    return found


def _values(table: Table, row: Mapping[str, str], number: int, problems: list[Problem]) -> Values | None:
    """The cells of a row as values; None where any of them is no such thing."""
    values: Values = {}
    before = len(problems)
    for column in table.columns:
        cell = row.get(column.name, "")
        if not cell:
            if column.is_required:
                problems.append(_problem(number, column.name, "must be filled"))
            values[column.name] = column.default
            continue
        try:
            values[column.name] = column.read(cell)
        except CellError as error:
            problems.append(Problem(row=number, field=column.name, value=cell[:80], text=str(error)))
    return values if len(problems) == before else None


def _span(values: Values) -> dict[str, str]:
    ends = values["valid_to"]
    return {"valid_to": "must come after valid_from"} if ends is not None and ends <= values["valid_from"] else {}


def _overlap(
    tried: Tried, values: Values, spans: dict[tuple[Any, ...], list[tuple[date, date, int]]], number: int
) -> dict[str, str]:
    """No two rows of one key on one day: neither in the file, nor with what is in force.

    A row that begins later than the one in force, and holds as long or longer, takes its place: that one ends the day
    the new one begins.
    """
    table = tried.table
    key = tuple(getattr(values[name], "pk", values[name]) for name in table.key)
    starts, ends = values["valid_from"], values["valid_to"] or FOREVER
    mine = spans.setdefault(key, [])
    for other_starts, other_ends, other in mine:
        if starts < other_ends and other_starts < ends:
            return {"valid_from": f"overlaps row {other} of this file"}
    mine.append((starts, ends, number))
    in_force = table.model._default_manager.filter(
        status=MappingRow.Status.APPROVED, **{name: values[name] for name in table.key}
    )
    replaced: dict[int, date] = {}
    for row in in_force:
        until = row.valid_to or FOREVER
        if starts >= until or row.valid_from >= ends:
            continue
        if row.valid_from >= starts:
            return {"valid_from": f"overlaps the row in force since {row.valid_from}; begin later than that one"}
        if until > ends:
            return {"valid_to": f"ends before the row in force since {row.valid_from} does, which would leave a hole"}
        replaced[row.pk] = starts
    tried.ends |= replaced
    return {}


def _problem(row: int, name: str, words: str) -> Problem:
    return Problem(row=row, field=name, value="", text=words)

"""Writes an export as CSV: commas, quotes where needed, UTF-8 with the mark by which Excel knows it."""

import csv
import io
from datetime import UTC, datetime

from reconciliation.habits.exports.harmless import harmless
from reconciliation.habits.exports.sheet import Cell, Link, Money, Sheet

CONTENT_TYPE = "text/csv; charset=utf-8"


def write(sheet: Sheet) -> bytes:
    """The first line names the columns and every other is a row, so that programs can read it too."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([harmless(title) for title in sheet.columns])
    lines.writerows([_text(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Money():
            return cell.text
        case Link():
            return harmless(cell.address)
        case datetime():
            return moment(cell)
        case str():
            return harmless(cell)
        case int():
            return str(cell)
    return cell.isoformat()


def moment(at: datetime) -> str:
    """A time to the second, with its distance from UTC: `2026-05-14T11:00:00+02:00`, `...Z`."""
    text = at.replace(microsecond=0).isoformat()
    return f"{text.removesuffix('+00:00')}Z" if at.tzinfo is UTC else text

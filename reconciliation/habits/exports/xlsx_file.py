"""Writes an export as XLSX: the rows under a frozen header, the totals per currency, and what the file is.

A spreadsheet keeps a number as a double, which holds any amount of up to fifteen digits exactly: so the amount goes
into the file digit by digit, never as a float, and is shown with its currency's own digits. An amount of more digits
would be changed by every spreadsheet, and is written as text.
"""

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from reconciliation.habits.exports.harmless import harmless
from reconciliation.habits.exports.sheet import MOST, Cell, Link, Money, Sheet, totals

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: digits a double keeps for certain
EXACT = 15
#: characters a cell holds, and years it can count
LONGEST, FIRST_YEAR = 32_767, 1900
#: characters of a column that are seen at once
WIDEST = 44
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


def write(sheet: Sheet, *, at: datetime, by: str) -> bytes:
    """The whole workbook; the same view at the same time gives the same bytes."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        book.set_properties(
            {"title": sheet.title, "author": by, "company": "Q2C Portal", "created": at.replace(tzinfo=None)}
        )
        pen = _Pen(book)
        pen.table("Rows", sheet.columns, sheet.rows)
        pen.table("Totals", ("Column", "Currency", "Amounts", "Total"), totals(sheet))
        pen.table("About this file", ("What", "In words"), _about(sheet, at, by), widest=100)
    return file.getvalue()


def _about(sheet: Sheet, at: datetime, by: str) -> list[tuple[Cell, ...]]:
    return [
        ("List", sheet.title),
        ("Narrowed to", sheet.narrowed or "everything on this list"),
        ("Rows", f"{len(sheet.rows):,}: all of the view. A view of more than {MOST:,} rows makes no file."),
        ("Taken at", f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, by {by}"),
        ("Times", "Each stands in UTC and, where it concerns a company, on that company's clock."),
        (
            "Amounts",
            f"Numbers in the currency beside them, with that currency's own digits. One of more than {EXACT} digits is"
            " text, because a spreadsheet would change its last digits. Totals are per currency and were summed"
            " before the file was written.",
        ),
        ("Apostrophes", "One was put before each text that a spreadsheet could have run as a formula."),
        ("The page", Link(address=sheet.address)),
    ]


class _Pen:
    """Puts values into cells, each in the way its kind needs."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats: dict[str, Any] = {}
        self._head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._link = book.get_default_url_format()
        self._right = book.add_format({"align": "right"})

    def table(self, name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, widest: int = WIDEST) -> None:
        """One sheet of the book: a header that stays in sight, and the rows."""
        page = self._book.add_worksheet(name)
        page.freeze_panes(1, 0)
        for place, title in enumerate(head):
            page.write_string(0, place, harmless(title), self._head)
            page.set_column(place, place, min(max([len(title), *(_length(row[place]) for row in rows)]) + 3, widest))
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                self._put(page, line, place, cell)
        if rows:
            page.autofilter(0, 0, len(rows), len(head) - 1)

    def _put(self, page: Any, line: int, place: int, cell: Cell) -> None:
        match cell:
            case None | "":
                return
            case Money() if len(cell.exact.as_tuple().digits) <= EXACT:
                page.write_number(line, place, cell.exact, self._shown(_digits(cell.digits)))
            case Money():
                # an apostrophe would not be needed: with fifteen digits and more no spreadsheet is asked to count
                page.write_string(line, place, cell.text, self._right)
            case Link():
                page.write_url(line, place, cell.address, self._link, string=harmless(cell.address))
            case datetime() if cell.year >= FIRST_YEAR:
                page.write_datetime(
                    line, place, cell.replace(tzinfo=None, microsecond=0), self._shown("yyyy-mm-dd hh:mm:ss")
                )
            case date() if cell.year >= FIRST_YEAR:
                page.write_datetime(line, place, cell, self._shown("yyyy-mm-dd"))
            case date():
                page.write_string(line, place, cell.isoformat())
            case int():
                page.write_number(line, place, cell)
            case str():
                page.write_string(line, place, _fitting(harmless(cell)))

    def _shown(self, pattern: str) -> Any:
        if pattern not in self._formats:
            self._formats[pattern] = self._book.add_format({"num_format": pattern})
        return self._formats[pattern]


def _length(cell: Cell) -> int:
    """About how many characters are seen."""
    match cell:
        case None:
            return 0
        case Money():
            return len(cell.text) * 4 // 3
        case Link():
            return len(cell.address)
        case datetime():
            return 19
    return len(str(cell))


def _digits(count: int) -> str:
    return "#,##0" + ("." + "0" * count if count else "")


def _fitting(text: str) -> str:
    """What a cell can hold; where that is less than the text, the cell says so."""
    said = f" … (a cell holds {LONGEST:,} characters; the CSV file has the whole text)"
    return text if len(text) <= LONGEST else text[: LONGEST - len(said)] + said

"""Files of exports: whatever text stands in them, no spreadsheet runs it, and no amount is changed by a digit."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciliation.habits.exports import csv_file, xlsx_file
from reconciliation.habits.exports.harmless import harmless
from reconciliation.habits.exports.sheet import Link, Money, Sheet, totals
from tests.reconciliation.exports.spreadsheets import Book, rows_of_csv

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
#: what a database row can hold: no NUL and no half of a pair; and often what spreadsheets run
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
NASTY = st.builds(
    "".join, st.lists(st.sampled_from([*"=+-@\t\r\n ;,\"'|%\u200b\ufeff\uff1d", "cmd", "_x0041_"]), max_size=8)
)
SIGNS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
bounded = settings(max_examples=150, deadline=None, database=None, derandomize=True)


def sheet(*rows: Any, columns: tuple[str, ...] = ("Title", "Currency", "Amount")) -> Sheet:
    return Sheet(name="x", title="Things", narrowed="", address="https://q2c.test/x", columns=columns, rows=rows)


def workbook(*rows: Any, **more: Any) -> Book:
    return Book(xlsx_file.write(sheet(*rows, **more), at=NOW, by="Somebody"))


@given(text=st.one_of(TEXTS, NASTY))
@example('=HYPERLINK("http://x","y")')
@example("<r><t>=1+1</t></r>")
@example(" \u200b=1+1")
@example("a;=1+1")
@example("a\r\n@SUM(1)")
@bounded
def test_whatever_stands_in_a_cell_is_read_back_and_never_run(text: str) -> None:
    # when any text is written as both kinds of file and read back
    row = rows_of_csv(csv_file.write(sheet((text, "USD", None))))[1]
    cell = workbook((text, "USD", None)).rows("Rows")[1][0]
    # then it is that text, but for apostrophes before what would have been run
    for found in (row[0], cell or ""):
        assert isinstance(found, str)
        assert found == harmless(text) and [one for one in found if one != "'"] == [one for one in text if one != "'"]
        # and it begins no formula: neither itself, nor after what another program takes for the end of a cell
        assert found[:1] not in tuple(SIGNS)
        for part in re.split(r"[;\t\r\n]", found):
            assert part.strip("\ufeff\u200b ")[:1] not in tuple(SIGNS)
    # and the rest of the row stands where it stood
    assert row[1:] == ["USD", ""]


@pytest.mark.parametrize("text", ["", "Cancity", "it's", "a-b", "1 = 1", "5", "x;y", "'=1"])
def test_text_that_is_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@given(amount=st.decimals(min_value=-(10**11), max_value=10**11, places=4, allow_nan=False))
@example(Decimal("9.95"))
@example(Decimal("-4821.35"))
@example(Decimal("0.1"))
@bounded
def test_an_amount_is_in_the_file_digit_by_digit(amount: Decimal) -> None:
    # when an amount is written, also a negative one
    text = rows_of_csv(csv_file.write(sheet(("x", "USD", Money(amount=amount, currency="USD")))))[1][2]
    cell = workbook(("x", "USD", Money(amount=amount, currency="USD"))).rows("Rows")[1][2]
    # then it is a number, exactly this one, and a double would not change it
    assert NUMBER.fullmatch(text) and Decimal(text) == amount
    assert isinstance(cell, Decimal) and cell == amount
    assert Decimal(f"{float(cell):.15g}") == amount


@pytest.mark.parametrize(
    ("amount", "currency", "text", "pattern"),
    [
        ("1234.5", "USD", "1234.50", "#,##0.00"),
        ("1234", "JPY", "1234", "#,##0"),
        ("-1.5", "KWD", "-1.500", "#,##0.000"),
        ("0.0000", "EUR", "0.00", "#,##0.00"),
        ("1.2345", "USD", "1.2345", "#,##0.0000"),
        ("7", "", "7", "#,##0"),
    ],
)
def test_an_amount_has_its_currencys_own_digits(amount: str, currency: str, text: str, pattern: str) -> None:
    money = Money(amount=Decimal(amount), currency=currency)
    assert rows_of_csv(csv_file.write(sheet(("x", currency, money))))[1][2] == text
    assert workbook(("x", currency, money)).pattern_of("C2") == pattern


def test_an_amount_no_spreadsheet_can_hold_is_text_and_loses_nothing() -> None:
    amount = "-123456789012345.67"
    book = workbook(("x", "USD", Money(amount=Decimal(amount), currency="USD")))
    assert book.rows("Rows")[1][2] == amount and book.rows("Totals")[1][3] == amount


def test_totals_are_per_currency_and_never_across() -> None:
    rows = [
        ("a", "USD", Money(amount=Decimal("0.10"), currency="USD")),
        ("b", "JPY", Money(amount=Decimal(5), currency="JPY")),
        ("c", "USD", Money(amount=Decimal("0.20"), currency="USD")),
        ("d", "", None),
    ]
    assert [(one[0], one[1], one[2], one[3].text) for one in totals(sheet(*rows))] == [
        ("Amount", "JPY", 1, "5"),
        ("Amount", "USD", 2, "0.30"),
    ]
    assert workbook(*rows).rows("Totals") == [
        ["Column", "Currency", "Amounts", "Total"],
        ["Amount", "JPY", Decimal(1), Decimal(5)],
        ["Amount", "USD", Decimal(2), Decimal("0.30")],
    ]


def test_dates_times_and_links_are_what_they_are() -> None:
    # given a date, a time in UTC and the same on a company's clock
    there = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    row = (date(2026, 5, 14), NOW, there, Link(address="https://q2c.test/x/EXC-1"))
    columns = ("Dated", "At (UTC)", "At (company time)", "Link")
    # then CSV has them as ISO 8601 writes them
    assert rows_of_csv(csv_file.write(sheet(row, columns=columns)))[1] == [
        "2026-05-14",
        "2026-05-14T09:30:00Z",
        "2026-05-14T11:30:00+02:00",
        "https://q2c.test/x/EXC-1",
    ]
    # and XLSX as dates and times that sort, and a link that opens
    book = workbook(row, columns=columns)
    dated, utc, company, shown = book.rows("Rows")[1]
    assert dated == Decimal(46156) and book.pattern_of("A2") == "yyyy-mm-dd"
    assert round((Decimal(str(company)) - Decimal(str(utc))) * 24, 6) == 2
    assert book.pattern_of("B2") == "yyyy-mm-dd hh:mm:ss"
    assert shown == "https://q2c.test/x/EXC-1" and book.links() == ["https://q2c.test/x/EXC-1"]


def test_the_header_stays_in_sight_and_the_file_says_what_it_is() -> None:
    book = workbook(("x", "USD", None))
    assert [book.frozen_rows(name) for name in ("Rows", "Totals")] == [1, 1]
    said = {str(row[0]): str(row[1]) for row in book.rows("About this file")[1:]}
    assert said["List"] == "Things" and said["Narrowed to"] == "everything on this list"
    assert said["Rows"].startswith("1: all of the view.") and said["Taken at"] == "2026-05-14 09:30:00 UTC, by Somebody"


def test_the_same_view_at_the_same_time_gives_the_same_bytes() -> None:
    one, other = (xlsx_file.write(sheet(("x", "USD", None)), at=NOW, by="Somebody") for _ in range(2))
    assert one == other
    # also at another time of the day it is written
    assert b"2026-05-14T09:30:00Z" in Book(one).file.read("docProps/core.xml")


def test_a_text_no_cell_can_hold_says_that_it_was_shortened() -> None:
    long = "x" * 40_000
    cell = workbook((long, "USD", None)).rows("Rows")[1][0]
    assert isinstance(cell, str) and len(cell) == 32_767 and cell.endswith("the CSV file has the whole text)")
    assert rows_of_csv(csv_file.write(sheet((long, "USD", None))))[1][0] == long

"""Reads exports back as a spreadsheet would, without the library that wrote them."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from typing import Any

from defusedxml import ElementTree

_NAME = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def rows_of_csv(content: bytes) -> list[list[str]]:
    """Every line of a CSV file, the header first."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def records(content: bytes) -> list[dict[str, str]]:
    """Every row of a CSV file by its columns' names."""
    head, *rows = rows_of_csv(content)
    return [dict(zip(head, row, strict=True)) for row in rows]


class Book:
    """An XLSX file."""

    def __init__(self, content: bytes) -> None:
        self.file = zipfile.ZipFile(io.BytesIO(content))
        assert self.file.testzip() is None
        names = [one.get("name") for one in self._tree("xl/workbook.xml").iter(f"{_NAME}sheet")]
        self.names = {name: number for number, name in enumerate(names, start=1)}
        self.texts: list[str] = []
        if "xl/sharedStrings.xml" in self.file.namelist():
            items = self._tree("xl/sharedStrings.xml").findall(f"{_NAME}si")
            self.texts = [_decoded("".join(part.text or "" for part in item.iter(f"{_NAME}t"))) for item in items]

    def _tree(self, name: str) -> Any:
        return ElementTree.fromstring(self.file.read(name))

    def sheet(self, name: str) -> Any:
        return self._tree(f"xl/worksheets/sheet{self.names[name]}.xml")

    def rows(self, name: str) -> list[list[str | Decimal | None]]:
        """The cells of a sheet: texts, numbers digit by digit as they stand in the file, and nothing."""
        found = []
        for row in self.sheet(name).iter(f"{_NAME}row"):
            cells: dict[int, str | Decimal] = {}
            for cell in row.iter(f"{_NAME}c"):
                assert cell.find(f"{_NAME}f") is None, "a formula"
                value = cell.findtext(f"{_NAME}v")
                if value is not None:
                    place = _place(cell.get("r"))
                    cells[place] = self.texts[int(value)] if cell.get("t") == "s" else Decimal(value)
            found.append([cells.get(place) for place in range(max(cells, default=-1) + 1)])
        return found

    def records(self, name: str = "Rows") -> list[dict[str, Any]]:
        """Every row by its columns' names."""
        head, *rows = self.rows(name)
        return [dict(zip(head, [*row, *[None] * (len(head) - len(row))], strict=True)) for row in rows]

    def frozen_rows(self, name: str = "Rows") -> int:
        """How many rows stay in sight."""
        pane = next(self.sheet(name).iter(f"{_NAME}pane"), None)
        return int(pane.get("ySplit")) if pane is not None and pane.get("state") == "frozen" else 0

    def pattern_of(self, place: str, name: str = "Rows") -> str:
        """How a cell's number is shown."""
        styles = self._tree("xl/styles.xml")
        patterns = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{_NAME}numFmt")}
        cell = next(one for one in self.sheet(name).iter(f"{_NAME}c") if one.get("r") == place)
        style = list(styles.find(f"{_NAME}cellXfs"))[int(cell.get("s", "0"))]
        return patterns.get(style.get("numFmtId"), {"3": "#,##0", "4": "#,##0.00"}.get(style.get("numFmtId"), ""))

    def links(self, name: str = "Rows") -> list[str]:
        """Where the links of a sheet lead."""
        tree = self._tree(f"xl/worksheets/_rels/sheet{self.names[name]}.xml.rels")
        return [one.get("Target") for one in tree]


def _place(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1


def _decoded(text: str) -> str:
    return _CODE.sub(lambda found: chr(int(found[1], 16)), text)

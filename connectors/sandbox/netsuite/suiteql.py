"""SuiteQL read as SQLite: a statement is translated word by word, run, and answered in NetSuite's strings."""

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.fields import RECORDS, TYPE_OF_SQL
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.tables import MARK, TABLES
from connectors.sandbox.netsuite.transactions import APPROVAL, STATUS

ROW_CAP = 100_000
_TOKEN = re.compile(
    r"(?P<space>\s+|--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<quoted>\"[^\"]*\")"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z_0-9$]*)|(?P<mark><>|<=|>=|!=|\|\||.)",
    re.DOTALL,
)
_DAY_LITERAL = re.compile(r"'(\d{1,2})/(\d{1,2})/(\d{4})'")
#: columns BUILTIN.DF can spell out, and the records they point at
SPELLED = {
    "entity": "customer",
    "customer": "customer",
    "currency": "currency",
    "subsidiary": "subsidiary",
    "department": "department",
    "class": "classification",
    "location": "location",
    "postingperiod": "accountingPeriod",
    "item": "item",
    "account": "account",
    "expenseaccount": "account",
    "terms": "term",
    "parent": "customer",
    "incomeaccount": "account",
    "createdfrom": "transaction",
    "transaction": "transaction",
}
_PATTERNS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S", "MON": "%b", "YY": "%y"}


class ExactSum:
    """SUM without binary fractions."""

    def __init__(self) -> None:
        self.total: Decimal | None = None

    def step(self, value: Any) -> None:
        if value is not None:
            self.total = (self.total or Decimal(0)) + Decimal(str(value))

    def inverse(self, value: Any) -> None:
        if value is not None and self.total is not None:
            self.total -= Decimal(str(value))

    def finalize(self) -> Any:
        return self.value()

    def value(self) -> Any:
        return None if self.total is None else int(self.total) if self.total == int(self.total) else float(self.total)


class SuiteQl:
    """Runs SuiteQL over the archive's tables."""

    def __init__(self, archive: Archive, *, absent: Callable[[], frozenset[str]] = frozenset) -> None:
        self.archive = archive
        #: tables of features this account does not have
        self.absent = absent
        self.connection = connection = archive.tables.connection
        connection.create_function("ns_df", 2, self._spell)
        connection.create_function("TO_DATE", 1, to_date, deterministic=True)
        connection.create_function("TO_DATE", 2, to_date, deterministic=True)
        connection.create_function("TO_TIMESTAMP", 2, to_date, deterministic=True)
        connection.create_function("TO_CHAR", 1, to_char, deterministic=True)
        connection.create_function("TO_CHAR", 2, to_char, deterministic=True)
        connection.create_function("TO_NUMBER", 1, to_number, deterministic=True)
        connection.create_function(
            "TRUNC", 1, lambda value: value[:11] if isinstance(value, str) else value and int(value), deterministic=True
        )
        connection.create_function("NVL", 2, lambda value, other: other if value is None else value, deterministic=True)
        connection.create_function(
            "NVL2", 3, lambda value, some, none: none if value is None else some, deterministic=True
        )
        connection.create_function("DECODE", -1, decode, deterministic=True)
        connection.create_window_function("SUM", 1, ExactSum)

    def _spell(self, column: str, value: Any) -> str | None:
        if value is None:
            return None
        value = str(value)
        if column == "status":
            sql_type, _, code = value.partition(":")
            kind = TYPE_OF_SQL.get(sql_type, "")
            return f"{RECORDS[kind].label} : {STATUS[kind].get(code, code)}" if kind else value
        if column in ("type", "recordtype"):
            kind = TYPE_OF_SQL.get(value, "")
            return RECORDS[kind].label if kind else value
        if column == "approvalstatus":
            return APPROVAL.get(value, value)
        return self.archive.named(SPELLED[column], value) or None if column in SPELLED else value

    def run(self, text: str, *, limit: int, offset: int) -> Document:
        """One page of a statement's rows. Raises Refusal (INVALID_PARAMETER) for what SuiteQL would not run."""
        for name in self.absent():
            if re.search(rf"\b{name}\b", text, re.IGNORECASE):
                raise Refusal("bad_query", reason=f"Record '{name}' was not found.")
        statement = translate(text)
        # Inside a FROM nothing but a query parses, so a statement can never write.
        page = f"SELECT * FROM ({statement}) LIMIT {limit + 1} OFFSET {offset}"
        try:
            cursor = self.connection.execute(page)
            found = cursor.fetchall()
            if len(found) <= limit and (found or not offset):
                total = offset + len(found)
            else:
                total = self.connection.execute(f"SELECT COUNT(*) FROM ({statement})").fetchone()[0]
        except (sqlite3.Error, ValueError) as error:
            raise Refusal("bad_query", reason=_reason(str(error))) from error
        names = [_column(column[0], place) for place, column in enumerate(cursor.description)]
        items = []
        for row in found[:limit]:
            item: Document = {"links": []}
            for name, value in zip(names, row, strict=True):
                # Oracle keeps no empty texts: they are nulls, and nulls are left out.
                if value is not None and value != "":
                    item[name] = shown(value)
            items.append(item)
        return {"items": items, "hasMore": len(found) > limit, "totalResults": min(total, ROW_CAP)}


def _column(name: str, place: int) -> str:
    return name.lower() if re.fullmatch(r"\w+", name) else f"expr{place + 1}"


def _reason(text: str) -> str:
    if found := re.fullmatch(r"no such table: (?:main\.)?(\w+)", text):
        return f"Record '{found[1]}' was not found."
    if found := re.fullmatch(r"no such column: ([\w.]+)", text):
        return f"Field '{found[1].rpartition('.')[2]}' was not found. Reason: NOT_EXISTS - Field does not exist"
    return f"Invalid or unsupported search ({text})."


def shown(value: Any) -> str:
    """A cell as SuiteQL answers it: always a string, dates as M/D/YYYY, status without its type."""
    if isinstance(value, str):
        if value.startswith(MARK):
            year, month, day = value[1:11].split("-")
            return f"{int(month)}/{int(day)}/{year}"
        kind, colon, code = value.partition(":")
        return code if colon and kind in TYPE_OF_SQL and len(code) == 1 else value
    if isinstance(value, float):
        digits = format(Decimal(repr(value)).quantize(Decimal("1e-8")).normalize(), "f")
        return "0" if digits == "-0" else digits
    return str(value)


# -- translation ------------------------------------------------------------------------------------
def translate(text: str) -> str:
    """A SuiteQL statement as SQLite reads it. Raises Refusal for LIMIT, for writing and for several statements."""
    words = [(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(text.strip().rstrip(";"))]
    words = [(kind, word) for kind, word in words if kind != "space"]
    if not words or words[0][1].upper() not in ("SELECT", "WITH"):
        raise Refusal("bad_query", reason="Invalid or unsupported search.")
    out: list[str] = []
    place, tail = 0, ""
    while place < len(words):
        kind, word = words[place]
        upper = word.upper()
        following = words[place + 1][1].upper() if place + 1 < len(words) else ""
        if word == ";" or (kind == "word" and (upper == "LIMIT" or upper.startswith(("SQLITE_", "PRAGMA_")))):
            raise Refusal("bad_query", reason=f"Invalid or unsupported search ('{word}').")
        if upper == "BUILTIN" and following == ".":
            place = _builtin(words, place, out)
            continue
        if upper == "TOP" and out and out[-1].upper() in ("SELECT", "DISTINCT"):
            tail, place = f" LIMIT {int(following)}", place + 2
            continue
        if upper == "FETCH" and following in ("FIRST", "NEXT"):
            tail, place = f" LIMIT {int(words[place + 2][1])}" + tail, place + 5
            continue
        if upper == "OFFSET" and words[place + 2 : place + 3] and words[place + 2][1].upper() in ("ROW", "ROWS"):
            tail, place = f" OFFSET {int(following)}", place + 3
            continue
        if kind == "text":
            out.append(_literal(word))
        elif kind == "word" and upper in ("SYSDATE", "CURRENT_DATE"):
            out.append(f"'{MARK}{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}'")
        elif kind in ("word", "quoted") and word.strip('"').lower() in TABLES:
            out.append(f"[{word.strip(chr(34)).lower()}]")
        else:
            out.append(word)
        place += 1
    if tail.startswith(" OFFSET"):
        tail = " LIMIT -1" + tail
    return " ".join(out) + tail


def _literal(word: str) -> str:
    if found := _DAY_LITERAL.fullmatch(word):
        return f"'{MARK}{found[3]}-{int(found[1]):02d}-{int(found[2]):02d}'"
    return word


def _builtin(words: list[tuple[str, str]], place: int, out: list[str]) -> int:
    """BUILTIN.DF(alias.column): the name behind a reference. Answers the place after it."""
    name = words[place + 2][1].upper() if place + 2 < len(words) else ""
    end = next((at for at in range(place + 3, len(words)) if words[at][1] == ")"), None)
    inner = [word for _, word in words[place + 4 : end]] if end else []
    if name != "DF" or not inner or not all(re.fullmatch(r"[\w\".]+", word) for word in inner):
        raise Refusal("bad_query", reason=f"Invalid or unsupported search (BUILTIN.{name}).")
    qualified = [f"[{word.lower()}]" if word.lower() in TABLES else word for word in inner]
    out.append(f"ns_df('{inner[-1].lower()}', {''.join(qualified)})")
    return int(end or 0) + 1


# -- functions --------------------------------------------------------------------------------------
def _pattern(text: str) -> str:
    return re.sub(r"YYYY|HH24|MON|MM|DD|MI|SS|YY", lambda found: _PATTERNS[found[0]], text.upper())


def to_date(value: Any, pattern: str = "MM/DD/YYYY") -> str | None:
    """Oracle's TO_DATE. Raises ValueError for a text that does not fit its pattern."""
    if value is None:
        return None
    found = datetime.strptime(str(value).strip(), _pattern(pattern))
    return MARK + (found.date().isoformat() if found.time() == found.min.time() else found.isoformat())


def to_char(value: Any, pattern: str = "MM/DD/YYYY") -> str | None:
    """Oracle's TO_CHAR for dates and numbers."""
    if not isinstance(value, str) or not value.startswith(MARK):
        return None if value is None else shown(value)
    return datetime.fromisoformat(value[1:]).strftime(_pattern(pattern))


def to_number(value: Any) -> Any:
    """A number from a text. Raises ValueError when it is none."""
    return None if value is None else float(value) if "." in str(value) else int(value)


def decode(value: Any, *pairs: Any) -> Any:
    """Oracle's DECODE: the result after the first equal value, else the odd last one."""
    for at in range(0, len(pairs) - 1, 2):
        if pairs[at] == value:
            return pairs[at + 1]
    return pairs[-1] if len(pairs) % 2 else None

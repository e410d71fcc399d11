"""The q= filter of record collections: email IS "a@b.c" AND tranDate ON_OR_AFTER "11/10/2026"."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.fields import RECORDS, is_custom
from connectors.sandbox.netsuite.refusals import Refusal

Test = Callable[[Document], bool]
_TOKEN = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|(\[)|(\])|([(),])|([^\s()\[\],"]+))""")


def _words(text: str) -> list[tuple[str, str]]:
    words: list[tuple[str, str]] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if not found:
            raise Refusal("bad_parameter", field="q", reason="Unbalanced quotes.", parameter="q")
        place = found.end()
        quoted, bracket, end, mark, word = found.groups()
        words.append(
            ("text", re.sub(r"\\(.)", r"\1", quoted))
            if quoted is not None
            else ("mark", bracket or end or mark)
            if word is None
            else ("word", word)
        )
    return words


def compile_filter(kind: str, text: str) -> Test:
    """A test for documents of one record type. Raises Refusal (INVALID_PARAMETER) for what it cannot read."""
    words = _words(text)
    test, rest = _any_of(kind, words)
    if rest:
        raise Refusal("bad_parameter", field="q", reason=f"Unexpected '{rest[0][1]}'.", parameter="q")
    return test


def _any_of(kind: str, words: list[tuple[str, str]]) -> tuple[Test, list[tuple[str, str]]]:
    tests: list[Test] = []
    while True:
        test, words = _all_of(kind, words)
        tests.append(test)
        if not words or words[0] != ("word", "OR"):
            return (lambda document: any(one(document) for one in tests)), words
        words = words[1:]


def _all_of(kind: str, words: list[tuple[str, str]]) -> tuple[Test, list[tuple[str, str]]]:
    tests: list[Test] = []
    while True:
        if words and words[0] == ("mark", "("):
            test, words = _any_of(kind, words[1:])
            if not words or words[0] != ("mark", ")"):
                raise Refusal("bad_parameter", field="q", reason="A closing parenthesis is missing.", parameter="q")
            words = words[1:]
        else:
            test, words = _condition(kind, words)
        tests.append(test)
        if not words or words[0] != ("word", "AND"):
            return (lambda document: all(one(document) for one in tests)), words
        words = words[1:]


def _condition(kind: str, words: list[tuple[str, str]]) -> tuple[Test, list[tuple[str, str]]]:
    if len(words) < 2 or words[0][0] != "word":
        raise Refusal("bad_parameter", field="q", reason="A condition reads: field OPERATOR value.", parameter="q")
    field, operator, rest = words[0][1], words[1][1].upper(), words[2:]
    field_kind = "text" if field == "id" else RECORDS[kind].fields.get(field)
    if field_kind is None and not is_custom(field):
        raise Refusal("bad_parameter", field="q", reason=f"Field '{field}' was not found.", parameter="q")
    values: list[str] = []
    if rest and rest[0] == ("mark", "["):
        end = rest.index(("mark", "]")) if ("mark", "]") in rest else len(rest)
        values = [word for sort, word in rest[1:end] if (sort, word) != ("mark", ",")]
        rest = rest[end + 1 :]
    elif operator not in ("EMPTY", "EMPTY_NOT") and rest:
        values, rest = [rest[0][1]], rest[1:]
    return _test(field, field_kind or "text", operator, values), rest


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("id", "")
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _day(text: str) -> str:
    parts = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    return (
        date(int(parts[3]), int(parts[1]), int(parts[2])).isoformat() if parts else date.fromisoformat(text).isoformat()
    )


_COMPARE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "IS": lambda own, given: own == given[0],
    "EQUAL": lambda own, given: own == given[0],
    "ON": lambda own, given: own == given[0],
    "GREATER": lambda own, given: own > given[0],
    "AFTER": lambda own, given: own > given[0],
    "GREATER_OR_EQUAL": lambda own, given: own >= given[0],
    "ON_OR_AFTER": lambda own, given: own >= given[0],
    "LESS": lambda own, given: own < given[0],
    "BEFORE": lambda own, given: own < given[0],
    "LESS_OR_EQUAL": lambda own, given: own <= given[0],
    "ON_OR_BEFORE": lambda own, given: own <= given[0],
    "BETWEEN": lambda own, given: given[0] <= own <= given[1],
    "WITHIN": lambda own, given: given[0] <= own <= given[1],
    "ANY_OF": lambda own, given: own in given,
    "CONTAIN": lambda own, given: given[0] in own,
    "START_WITH": lambda own, given: own.startswith(given[0]),
    "END_WITH": lambda own, given: own.endswith(given[0]),
}


def _test(field: str, kind: str, operator: str, given: list[str]) -> Test:
    negative = operator.endswith("_NOT")
    name = operator.removesuffix("_NOT")
    if name == "EMPTY":
        return lambda document: (_plain(document.get(field)) == "") != negative
    compare = _COMPARE.get(name)
    if compare is None or len(given) < (2 if name in ("BETWEEN", "WITHIN") else 1):
        raise Refusal("bad_parameter", field="q", reason=f"Operator '{operator}' cannot be used so.", parameter="q")
    read: Callable[[str], Any] = str.lower
    if kind in ("money", "number", "whole"):
        read = Decimal
    elif kind in ("date", "stamp"):
        read = _day
    try:
        values = [read(value) for value in given]
    except (ValueError, InvalidOperation) as error:
        raise Refusal(
            "bad_parameter", field="q", reason=f"'{given[0]}' is no value for {field}.", parameter="q"
        ) from error

    def test(document: Document) -> bool:
        own = _plain(document.get(field))
        if own == "":
            return negative
        return compare(read(own[:10] if kind == "stamp" else own), values) != negative

    return test

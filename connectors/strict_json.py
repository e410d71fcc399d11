"""JSON from outside, read without surprises: no floats, no NaN, no duplicate keys, no bottomless nesting."""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_DEPTH = 32
#: characters of a number; 15 digits before and 12 after the point is the most anyone needs
MAX_DIGITS = 40
#: powers of ten of a number written with an exponent: no amount lies beyond, and arithmetic stays instant
MIN_POWER, MAX_POWER = -400, 30

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_TEXT = re.compile(rb'"[^"]*(?:"|\Z)')
_NEITHER_QUOTE_NOR_BRACKET = bytes(byte for byte in range(256) if byte not in b'[]{}"')


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH, exponents: bool = False) -> Any:
    """The document, numbers as int or Decimal. Raises ValueError with words for the caller.

    `exponents` is for callers whose serialisers write 1.0E7; without it numbers must be written out.
    """
    _guard_depth(raw, max_depth)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"body: byte {error.start} is not UTF-8") from error
    try:
        return json.loads(
            text,
            parse_float=_with_exponent if exponents else _number,
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"body: not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:  # the depth guard makes this unreachable; kept so that no body can be a 500
        raise ValueError("body: nested too deeply") from error


def _guard_depth(raw: bytes, max_depth: int) -> None:
    """Count brackets outside texts before the parser recurses into them."""
    depth = 0
    for byte in _TEXT.sub(b"", _ESCAPED.sub(b"", raw).translate(None, _NEITHER_QUOTE_NOR_BRACKET)):
        if byte in b"[{":
            depth += 1
            if depth > max_depth:
                raise ValueError(f"body: nested more than {max_depth} levels; nothing deeper is read")
        else:
            depth -= 1


def _number(text: str) -> Decimal:
    if len(text) > MAX_DIGITS or "e" in text.lower():
        raise ValueError(f"body: the number {text[:40]} must be written out, with at most {MAX_DIGITS} characters")
    return Decimal(text)


def _with_exponent(text: str) -> Decimal:
    # Decimal itself refuses exponents of 19 digits, with an error that is no ValueError
    try:
        number = Decimal(text) if len(text) <= MAX_DIGITS else None
    except InvalidOperation:
        number = None
    if number is None or not MIN_POWER <= number.adjusted() <= MAX_POWER:
        raise ValueError(f"body: the number {text[:40]} is too long or lies beyond 10 to the power of {MAX_POWER}")
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"body: a whole number has more than {MAX_DIGITS} digits")
    return int(text)


def _refuse(name: str) -> None:
    raise ValueError(f"body: {name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"{shown(key)}: given twice in one object")
            seen.add(key)
    return document


def shown(text: str, limit: int = 60) -> str:
    """A text of someone else as it may stand in an answer: what cannot be seen, or not be encoded, is escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text[:limit]
    )


def refuse_unstorable(content: Any, *, max_depth: int = MAX_DEPTH) -> None:
    """Refuse what a database could not keep, however it was parsed: too deep nesting, NUL, half characters.

    Raises ValueError with words for the caller.
    """
    level: list[Any] = [content]
    depth = 0
    while level:
        depth += 1
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict | list):
                if depth > max_depth:
                    raise ValueError(f"body: nested deeper than {max_depth}")
                deeper.extend(item)
                if isinstance(item, dict):
                    deeper.extend(item.values())
            elif isinstance(item, str) and _unstorable(item):
                raise ValueError(f"{_path_to(content, _unstorable)}: a text contains NUL or half a character")
        level = deeper


def _path_to(content: Any, wanted: Callable[[str], bool]) -> str:
    """Where in a document the first such text stands, e.g. `data.object.name`; asked only once one was found."""
    places: list[tuple[str, Any]] = [("", content)]
    for where, item in places:
        if isinstance(item, dict):
            if any(wanted(name) for name in item):
                return where or "body"
            places.extend((f"{where}.{shown(name)}".lstrip("."), value) for name, value in item.items())
        elif isinstance(item, list):
            places.extend((f"{where}[{index}]", value) for index, value in enumerate(item))
        elif isinstance(item, str) and wanted(item):
            return where[:200] or "body"
    return "body"


def _unstorable(text: str) -> bool:
    return "\x00" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text))

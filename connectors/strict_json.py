"""JSON from outside, read without surprises: no floats, no NaN, no duplicate keys, no bottomless nesting."""

import json
from decimal import Decimal
from typing import Any

MAX_DEPTH = 32


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """The document, numbers as int or Decimal. Raises ValueError with words for the caller."""
    _guard_depth(raw, max_depth)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"body: byte {error.start} is not UTF-8") from error
    try:
        document = json.loads(
            text, parse_float=_number, parse_int=_integer, parse_constant=_refuse, object_pairs_hook=_unique
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"body: not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:  # the depth guard makes this unreachable; kept so that no body can be a 500
        raise ValueError("body: nested too deeply") from error
    return document


def _guard_depth(raw: bytes, max_depth: int) -> None:
    """Count brackets outside strings before the parser recurses into them."""
    depth, inside, escaped = 0, False, False
    for byte in raw:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            if depth > max_depth:
                raise ValueError(f"body: nested more than {max_depth} levels deep")
        elif byte in (0x5D, 0x7D):
            depth -= 1


def _number(text: str) -> Decimal:
    if len(text) > 40 or "e" in text.lower():
        raise ValueError(f"body: the number {text[:40]} must be written out, with at most 40 characters")
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text) > 40:
        raise ValueError("body: a whole number has more than 40 digits")
    return int(text)


def _refuse(name: str) -> None:
    raise ValueError(f"body: {name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"{key[:60]}: given twice")
        document[key] = value
    return document


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
            elif isinstance(item, str) and ("\x00" in item or _half(item)):
                raise ValueError("body: a text contains NUL or half a character")
        level = deeper


def _half(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)

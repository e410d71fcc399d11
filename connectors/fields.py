"""Reads a vendor's record field by field: absent is empty, another type than expected is a refusal that names it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors import strict_json
from connectors.errors import Rejected
from connectors.money import plain_text

_NOTHING: Mapping[str, Any] = {}


def group(record: Mapping[str, Any], path: str, *, system: str) -> Mapping[str, Any]:
    """The object at a dotted path, empty where it is absent. Raises Rejected SCHEMA_CHANGE."""
    value = _at(record, path, system=system)
    if value is None:
        return _NOTHING
    if not isinstance(value, Mapping):
        raise unreadable(path, value, "must be an object", system=system)
    return value


def rows(record: Mapping[str, Any], path: str, *, system: str) -> list[Mapping[str, Any]]:
    """The list of objects at a dotted path, empty where it is absent. Raises Rejected SCHEMA_CHANGE."""
    value = _at(record, path, system=system)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise unreadable(path, value, "must be a list", system=system)
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise unreadable(f"{path}[{index}]", item, "must be an object", system=system)
    return list(value)


def text(record: Mapping[str, Any], path: str, *, system: str) -> str:
    """The text or number at a dotted path, empty where it is absent. Raises Rejected SCHEMA_CHANGE."""
    value = _at(record, path, system=system)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise unreadable(path, value, "must be a text", system=system)
    return plain_text(value)


def storable(record: Mapping[str, Any], *, system: str) -> None:
    """Raise Rejected SCHEMA_CHANGE for what is no object or could not be kept: NUL, half characters, deep nesting."""
    if not isinstance(record, Mapping):
        raise unreadable("record", record, "must be an object", system=system)
    try:
        strict_json.refuse_unstorable(record)
    except ValueError as error:
        field, _, why = str(error).partition(": ")
        raise Rejected(
            f"{field}: {why}", reason="SCHEMA_CHANGE", field=field[:120], value=why, system=system
        ) from error


def unreadable(path: str, value: object, why: str, *, system: str) -> Rejected:
    """The refusal of a field that is not what it should be, its value shown safely and short."""
    return Rejected(
        f"{path}: {short(value)} {why}", reason="SCHEMA_CHANGE", field=path[:120], value=short(value), system=system
    )


def short(value: object) -> str:
    """A value as people may see it: nothing invisible, never long."""
    if isinstance(value, str):
        return strict_json.shown(value, 80)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | Decimal):
        return plain_text(value)[:80]
    return f"a {type(value).__name__}"


def _at(record: Mapping[str, Any], path: str, *, system: str) -> Any:
    value: Any = record
    walked: list[str] = []
    for name in path.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise unreadable(".".join(walked), value, "must be an object", system=system)
        value = value.get(name)
        walked.append(name)
    return value

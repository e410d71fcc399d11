"""Field values between the wire and the books: what NetSuite accepts, how it rests, how it is shown again."""

import json
import math
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.refusals import Refusal

#: what the sandbox notes on a document for itself and NetSuite does not show
HIDDEN = frozenset({"statusCode", "posts", "voided"})
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(T[\d:.]+(Z|[+-]\d\d:?\d\d)?)?")


def read_body(body: bytes) -> Document:
    """A JSON object with exact numbers. Raises Refusal when it is none."""
    try:
        found = json.loads(body or b"null", parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise Refusal("bad_json", reason=f"Invalid JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refusal("bad_json", reason="A JSON object is expected.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def take(kind: str, value: Any, *, field: str, path: str, archive: Archive) -> Any:
    """One value in the form the books keep. Raises Refusal (INVALID_CONTENT) for a value that cannot be."""
    if kind.startswith("ref:"):
        return take_reference(kind[4:], value, field=field, path=path, archive=archive)
    try:
        return _TAKE[kind](value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise Refusal("unknown_value", value=_shown(value), field=field, path=path) from error


def take_reference(target: str, value: Any, *, field: str, path: str, archive: Archive) -> Document:
    """A reference as {"id"}. NetSuite takes {"id"}, {"externalId"} or the bare id."""
    document = None
    if not isinstance(value, dict):
        value = {"id": _plain(value)}
    if value.get("id") is not None:
        document = archive.get(target, str(_plain(value["id"])))
    elif value.get("externalId") is not None:
        document = archive.by_external(target, str(_plain(value["externalId"])))
    if document is None:
        raise Refusal("unknown_value", value=_shown(value), field=field, path=path)
    return {"id": document["id"]}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in ("id", "externalId", "refName") if key in value), value)
    return str(value)


def _plain(value: Any) -> Any:
    """A number from the wire as its digits, everything else as it is."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise TypeError("text expected")
    return str(_plain(value))


def _day(value: Any) -> str:
    found = _DAY.fullmatch(str(value))
    if not found:
        raise ValueError("a date as YYYY-MM-DD is expected")
    return date.fromisoformat(found[1]).isoformat()


def exact(value: Any) -> Decimal:
    """A finite decimal from text or number. Raises InvalidOperation or ValueError for anything else."""
    if isinstance(value, bool):
        raise ValueError("a number is expected")
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= Decimal("1e15"):
        raise ValueError("out of range")
    return number


def _whole(value: Any) -> int:
    number = exact(value)
    if number != number.to_integral_value():
        raise ValueError("a whole number is expected")
    return int(number)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("T", "true", "TRUE"):
        return True
    if value in ("F", "false", "FALSE"):
        return False
    raise ValueError("true or false is expected")


def _code(value: Any) -> Document:
    if isinstance(value, dict):
        kept = {key: _text(value[key]) for key in ("id", "refName") if value.get(key) is not None}
        if not kept:
            raise ValueError("id or refName is expected")
        return {"id": kept.get("id", kept.get("refName", "")), **kept}
    if isinstance(value, bool):
        return {"id": "T" if value else "F"}
    return {"id": _text(value)}


def kept_open(value: Any) -> Any:
    """A subrecord or custom value as sent, its numbers as text."""
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, float):
        return str(value)
    if isinstance(value, dict):
        return {key: kept_open(inner) for key, inner in value.items()}
    return [kept_open(inner) for inner in value] if isinstance(value, list) else value


_TAKE: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "date": _day,
    "stamp": _text,
    "money": lambda v: format(exact(v), "f"),
    "number": lambda v: format(exact(v), "f"),
    "whole": _whole,
    "flag": _flag,
    "code": _code,
    "open": kept_open,
}


def show(kind: str, value: Any, *, base: str, archive: Archive, plain_codes: bool = False) -> Any:
    """One value as NetSuite's JSON has it; money and numbers as Decimal, for `write_json`."""
    if kind.startswith("ref:"):
        target = archive.kind_of(kind[4:], value["id"])
        link = f"{base}/services/rest/record/v1/{target}/{value['id']}"
        shown = {
            "links": [{"rel": "self", "href": link}],
            "id": value["id"],
            "refName": archive.named(target, value["id"]),
        }
        if (document := archive.get(target, value["id"])) and document.get("externalId"):
            shown["externalId"] = document["externalId"]
        return shown
    if kind in ("money", "number"):
        return Decimal(value)
    if kind == "code":
        return value["id"] if plain_codes else {"id": value["id"], "refName": value.get("refName", value["id"])}
    return value


def show_record(
    kind: str,
    document: Document,
    *,
    base: str,
    archive: Archive,
    expand: bool,
    only: Iterable[str] = (),
    plain_codes: bool = False,
) -> Document:
    """A whole record as GET answers it; sublists as links unless expanded."""
    record = RECORDS[kind]
    self_link = f"{base}/services/rest/record/v1/{kind}/{document['id']}"
    shown: Document = {"links": [{"rel": "self", "href": self_link}]}
    wanted = set(only)
    for name, value in document.items():
        if value is None or name in HIDDEN or (wanted and name not in wanted and name != "id"):
            continue
        if name in record.lines:
            if expand:
                shown[name] = show_lines(kind, name, value["items"], base=base, archive=archive, self_link=self_link)
            else:
                shown[name] = {"links": [{"rel": "self", "href": f"{self_link}/{name}"}]}
        else:
            shown[name] = show(
                record.fields.get(name, "open"), value, base=base, archive=archive, plain_codes=plain_codes
            )
    return shown


def show_lines(kind: str, name: str, lines: list[Document], *, base: str, archive: Archive, self_link: str) -> Document:
    """A sublist in NetSuite's collection shape."""
    sublist = RECORDS[kind].lines[name]
    items = []
    for line in lines:
        shown = {
            field: show(sublist.fields.get(field, "open"), value, base=base, archive=archive)
            for field, value in line.items()
            if value is not None
        }
        mark = line.get(sublist.key)
        items.append(
            {
                "links": [
                    {"rel": "self", "href": f"{self_link}/{name}/{mark['id'] if isinstance(mark, dict) else mark}"}
                ],
                **shown,
            }
        )
    return {
        "links": [{"rel": "self", "href": f"{self_link}/{name}"}],
        "count": len(items),
        "hasMore": False,
        "items": items,
        "offset": 0,
        "totalResults": len(items),
    }


def write_json(value: Any) -> str:
    """JSON whose numbers are exact: a Decimal is written digit by digit and never becomes a float."""
    if isinstance(value, Decimal):
        digits = format(value.normalize(), "f")
        return digits if "." in digits else digits + ".0"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{write_json(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(write_json(inner) for inner in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a JSON number")
    return json.dumps(value)

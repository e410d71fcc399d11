"""How lines sent by a client meet the lines a record has: merged by key, or replaced when the client asks for it."""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.fields import Lines, is_custom
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.values import kept_open, take

#: a new value on the left makes the values on the right be worked out again, unless they were sent too
WORKED_OUT = {
    "item": ("rate", "amount", "description", "tax1Amt", "grossAmt", "taxRate1", "taxCode"),
    "quantity": ("amount", "tax1Amt", "grossAmt"),
    "rate": ("amount", "tax1Amt", "grossAmt"),
    "amount": ("rate", "tax1Amt", "grossAmt"),
    "taxCode": ("taxRate1", "tax1Amt", "grossAmt"),
    "taxRate1": ("tax1Amt", "grossAmt"),
    "tax1Amt": ("grossAmt",),
}


def take_lines(
    name: str,
    sublist: Lines,
    sent: Any,
    *,
    before: list[Document],
    replace: bool,
    archive: Archive,
    strictness: str,
    record: str,
) -> list[Document]:
    """The lines after a write. Lines without the key of an existing one are added, as NetSuite does."""
    if isinstance(sent, dict):
        sent = sent.get("items", [])
    elif isinstance(sent, list):
        pass
    else:
        raise Refusal("unknown_value", value=sent, field=name, path=name)
    lines = [] if replace else [dict(line) for line in before]
    places = {_mark(line.get(sublist.key)): place for place, line in enumerate(lines)}
    counted = sublist.fields.get(sublist.key) == "whole"
    for index, raw in enumerate(sent):
        path = f"{name}.items[{index}]"
        if not isinstance(raw, dict):
            raise Refusal("unknown_value", value=raw, field=name, path=path)
        line = _take_line(sublist, raw, path=path, archive=archive, strictness=strictness, record=record)
        mark = _mark(line.get(sublist.key))
        if mark and mark in places:
            lines[places[mark]] = overlay(lines[places[mark]], line)
            continue
        if counted and not mark:
            line = {sublist.key: max((int(known[sublist.key]) for known in lines), default=0) + 1, **line}
            mark = _mark(line[sublist.key])
        places[mark] = len(lines)
        lines.append({field: value for field, value in line.items() if value is not None})
    return lines


def overlay(old: Document, new: Document) -> Document:
    """A line with new values; what follows from a changed value is dropped so that it is worked out again."""
    merged = {**old, **new}
    for field, followers in WORKED_OUT.items():
        if field in new and new[field] != old.get(field):
            for follower in followers:
                if follower not in new:
                    merged.pop(follower, None)
    return {field: value for field, value in merged.items() if value is not None}


def _mark(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("id")
    return "" if value is None else str(value)


def _take_line(sublist: Lines, raw: Document, *, path: str, archive: Archive, strictness: str, record: str) -> Document:
    line: Document = {}
    for field, value in raw.items():
        if field in ("links", "refName"):
            continue
        if is_custom(field):
            line[field] = kept_open(value)
        elif field not in sublist.fields:
            if strictness == "error":
                raise Refusal("unknown_property", record=record, field=field, path=f"{path}.{field}")
        elif value is None:
            line[field] = None
        else:
            line[field] = take(sublist.fields[field], value, field=field, path=f"{path}.{field}", archive=archive)
    return line

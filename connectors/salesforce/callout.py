"""JSON callbacks in our own form, sent by a Flow or by Apex: strict, with every problem named."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors import strict_json
from connectors.errors import NotAuthentic
from connectors.interface import Inbound, SourceEvent
from connectors.salesforce.ids import full_id, is_id, is_true_id
from connectors.salesforce.mapping import ACCOUNT_FIELDS, OPPORTUNITY_FIELDS, milliseconds, moment
from connectors.salesforce.rest import SYSTEM

MAX_BYTES, MAX_DEPTH, MOST = 1_000_000, 32, 200
#: set by our own front door after the caller's OAuth client was proven; never taken from outside
CLIENT_HEADER = "x-q2c-client"
FIELDS = ("eventId", "objectType", "recordId", "systemModstamp", "record")
#: problems named in one answer
MOST_PROBLEMS = 20
_EVENT_ID = re.compile(r"[!-~]{1,120}", re.ASCII)
_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}", re.ASCII)
_SPACE = re.compile(r"[ \t\r\n,]*")
#: with fewer fields a carried record is not the whole truth, and is fetched instead
_WHOLE = {
    "opportunity": frozenset(name for name in OPPORTUNITY_FIELDS if "." not in name)
    | {"OpportunityLineItems", "CurrencyIsoCode"},
    "account": frozenset(ACCOUNT_FIELDS),
}


def is_signed_in(headers: Mapping[str, str]) -> bool:
    """Whether the front door has proven who calls."""
    return bool(next((value.strip() for name, value in headers.items() if name.lower() == CLIENT_HEADER), ""))


def check_client(headers: Mapping[str, str]) -> None:
    """Raise NotAuthentic unless the front door has proven who calls."""
    if not is_signed_in(headers):
        raise NotAuthentic("the caller has not signed in", system=SYSTEM)


def read(body: bytes) -> Inbound:
    """One event, or 1 to 200 as {"events": [...]}. Raises ValueError naming each problem on a line of its own."""
    content, text = _read(body)
    batch = "events" in content
    problems: list[str] = []
    if not batch:
        found: list[Any] = [content]
        raws: Iterator[str] = iter([text.strip()])
    else:
        found = content["events"] if isinstance(content["events"], list) else []
        if unknown := sorted(set(content) - {"events"}):
            problems.append(f"{strict_json.shown(unknown[0])}: is not known beside events")
        if not 1 <= len(found) <= MOST:
            problems.append(f"events: must be a list of 1 to {MOST} events, not {_size(content['events'])}")
        raws = _slices(text)
    if not problems:
        for position, event in enumerate(found):
            problems += _problems(event, f"events[{position}]." if batch else "")
    if not problems:
        problems += _twice(found)
    if problems:
        left = len(problems) - MOST_PROBLEMS
        raise ValueError("\n".join(problems[:MOST_PROBLEMS] + ([f"and {left} more"] if left > 0 else [])))
    return Inbound(events=tuple(_event(event, raw) for event, raw in zip(found, raws, strict=True)))


def _event(event: Mapping[str, Any], raw: str) -> SourceEvent:
    changed_at = moment(event["systemModstamp"]) if event.get("systemModstamp") else None
    kind = event["objectType"].lower()
    record = event.get("record")
    # a change is read together with the deal it changes, which a carried record does not bring
    whole = (
        isinstance(record, Mapping) and kind in _WHOLE and _WHOLE[kind] <= record.keys() and not record.get("Amends__c")
    )
    return SourceEvent(
        event_id=event["eventId"],
        kind=kind,
        object_id=full_id(event["recordId"]),
        record=record if whole else None,
        raw=raw.encode(),
        revision=milliseconds(changed_at) if changed_at else 0,
        occurred_at=changed_at,
    )


def _problems(event: Any, where: str) -> list[str]:
    if not isinstance(event, Mapping):
        return [f"{where.rstrip('.')}: must be an object with {', '.join(FIELDS)}"]
    found = [
        f"{where}{_short(name)}: is not a field of an event; there are {', '.join(FIELDS)}"
        for name in event
        if name not in FIELDS
    ]
    if not isinstance(event.get("eventId"), str) or not _EVENT_ID.fullmatch(event["eventId"]):
        found.append(f"{where}eventId: {_short(event.get('eventId'))} must be 1 to 120 visible ASCII characters")
    if not isinstance(event.get("objectType"), str) or not _OBJECT.fullmatch(event["objectType"]):
        found.append(f"{where}objectType: {_short(event.get('objectType'))} must name an object such as 'Opportunity'")
    if not is_id(event.get("recordId")):
        found.append(f"{where}recordId: {_short(event.get('recordId'))} is not a Salesforce id of 15 or 18 characters")
    elif not is_true_id(event["recordId"]):
        found.append(f"{where}recordId: {_short(event['recordId'])} is no id: its last three characters do not fit")
    stamp, record = event.get("systemModstamp"), event.get("record")
    if stamp is not None:
        try:
            moment(stamp)
        except ValueError as error:
            found.append(f"{where}systemModstamp: {error}")
    if record is not None:
        if not isinstance(record, Mapping):
            found.append(f"{where}record: must be an object")
        elif "Id" in record and is_id(event.get("recordId")):
            if not is_id(record["Id"]) or full_id(record["Id"]) != full_id(event["recordId"]):
                found.append(f"{where}record.Id: {_short(record['Id'])} is not the recordId")
    return found


def _twice(events: list[Any]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for position, event in enumerate(events):
        first = seen.setdefault(event["eventId"], position)
        if first != position and event != events[first]:
            found.append(f"events[{position}].eventId: is the same as in events[{first}] with other content")
    return found


def _short(value: object) -> str:
    """A value as it may be shown in an answer."""
    return repr(value)[:60] if isinstance(value, str | int | Decimal) or value is None else f"a {type(value).__name__}"


def _size(value: object) -> str:
    return f"{len(value)}" if isinstance(value, list) else _short(value)


# -- strict JSON --------------------------------------------------------------------------------------
def _read(body: bytes) -> tuple[dict[str, Any], str]:
    if len(body) > MAX_BYTES:
        raise ValueError(f"body: {len(body)} bytes are more than {MAX_BYTES}")
    # Apex writes its Doubles as 1.0E7
    content = strict_json.loads(body, max_depth=MAX_DEPTH, exponents=True)
    if not isinstance(content, dict):
        raise ValueError('body: must be one event or {"events": [...]}')
    strict_json.refuse_unstorable(content, max_depth=MAX_DEPTH)
    return content, body.decode("utf-8")


def _slices(text: str) -> Iterator[str]:
    """Each event of a checked batch as it was written. The only key is `events`, so the first [ opens the list."""
    decoder = json.JSONDecoder()
    place = text.index("[") + 1
    while True:
        space = _SPACE.match(text, place)
        place = space.end() if space else place
        if text[place] == "]":
            return
        _, end = decoder.raw_decode(text, place)
        yield text[place:end]
        place = end

"""Takes usage events in: many in one call, each once, every bad one answered by its place and field.

What is answered as taken is committed. The door knows no money and calls nobody; sums are made by the queue `usage`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db import transaction

from connectors.money import AmountError, quantity
from sync import clock, nudges
from sync.models import UsagePlanRecord, UsageSource
from sync.usage import plans

#: events in one call
MOST = 5000
#: how far a source's clock may be ahead of ours
AHEAD = timedelta(minutes=5)
#: larger quantities are mistakes of units
LARGEST = Decimal(10) ** 12
_ID = re.compile(r"[\x21-\x7e]{1,80}", re.ASCII)
_METER = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)
_CONTRACT = re.compile(r"(contract:)?[A-Za-z0-9]{1,60}", re.ASCII)
_FIELDS = frozenset({"id", "contract", "meter", "quantity", "occurred_at"})
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One event that was not taken: its place in the call, the field, a code for machines and a sentence for people."""

    place: int
    id: str
    field: str
    code: str
    detail: str


@dataclass(kw_only=True)
class Taken:
    """What became of a call."""

    taken: int = 0
    #: were here before, word for word
    repeated: int = 0
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Event:
    place: int
    id: str
    plan: UsagePlanRecord
    quantity: Decimal
    occurred_at: datetime
    hour: datetime


class _Bad(ValueError):
    def __init__(self, field_name: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code, self.detail = field_name, code, detail


def take_in(source: str, rows: Sequence[Any]) -> Taken:
    """Take one call's events. Those without a problem are stored in one transaction; the others change nothing."""
    answer = Taken()
    known = _plans(rows)
    events: list[_Event] = []
    for place, row in enumerate(rows):
        try:
            events.append(_read(place, row, known))
        except _Bad as bad:
            own_id = row.get("id") if isinstance(row, Mapping) else None
            name = own_id if isinstance(own_id, str) and _ID.fullmatch(own_id) else ""
            answer.refused.append(Refusal(place=place, id=name, field=bad.field, code=bad.code, detail=bad.detail))
    if events:
        with transaction.atomic():
            _store(_source(source), events, answer)
    answer.refused.sort(key=lambda one: one.place)
    return answer


# -- reading ------------------------------------------------------------------------------------------
Known = dict[tuple[str, str], tuple[UsagePlanRecord, datetime, datetime]]


def _plans(rows: Iterable[Any]) -> Known:
    """Contract and meter -> plan, the noon it begins at, and the latest moment that is no mistake."""
    contracts = {
        _reference(value)
        for row in rows
        if isinstance(row, Mapping) and isinstance(value := row.get("contract"), str) and _CONTRACT.fullmatch(value)
    }
    found: Known = {}
    now = clock.now()
    for plan in UsagePlanRecord.objects.filter(contract_reference__in=contracts).select_related("legal_entity"):
        entity = plan.legal_entity
        # where business time is moved by hand, its day has not ended yet
        latest = _midnight(entity.business_date + plans.ONE_DAY, entity) if entity.business_date else now + AHEAD
        found[plan.contract_reference, plan.meter] = plan, plans.starts_at(plan, entity), latest
    return found


def _midnight(day: date, entity: Any) -> datetime:
    return datetime.combine(day, time(0), entity.zone)


def _reference(contract: str) -> str:
    return contract if contract.startswith("contract:") else f"contract:{contract}"


def _read(place: int, row: Any, known: Known) -> _Event:
    """One event. Raises _Bad with what is wrong first."""
    if not isinstance(row, Mapping):
        raise _Bad("", "NOT_AN_EVENT", "Give an object with id, contract, meter, quantity and occurred_at.")
    if unknown := sorted(str(name)[:40] for name in row if name not in _FIELDS):
        raise _Bad(unknown[0], "UNKNOWN_FIELD", "There is no such field; nothing is read from it.")
    own_id = _text(row, "id", _ID, "1 to 80 visible characters without spaces")
    contract = _text(row, "contract", _CONTRACT, "the CRM's id of the contract or deal")
    meter = _text(row, "meter", _METER, "the name of a meter")
    amount = _quantity(row.get("quantity"))
    occurred_at = _moment(row.get("occurred_at"))
    if (_reference(contract), meter) not in known:
        raise _Bad("contract", "NOT_SOLD", f"No contract {contract} with a meter {meter} is known here; send it again.")
    plan, first, latest = known[_reference(contract), meter]
    if amount != amount.quantize(Decimal(1).scaleb(-plan.scale)):
        raise _Bad("quantity", "TOO_FINE", f"{meter} is billed with {plan.scale} digits after the point at most.")
    if occurred_at >= latest:
        raise _Bad("occurred_at", "IN_THE_FUTURE", "It lies in the future.")
    day = occurred_at.astimezone(plan.legal_entity.zone).date()
    if not plan.starts_on <= day <= plan.ends_on:
        raise _Bad("occurred_at", "OUTSIDE_TERM", f"The contract runs from {plan.starts_on} to {plan.ends_on}.")
    hour = plans.billed_hour(occurred_at, first)
    return _Event(place=place, id=own_id, plan=plan, quantity=amount, occurred_at=occurred_at, hour=hour)


def _text(row: Mapping[str, Any], name: str, pattern: re.Pattern[str], wanted: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Bad(name, "NOT_USABLE", f"Give {wanted} as text.")
    return value


def _quantity(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise _Bad("quantity", "NOT_USABLE", "Give the quantity as text such as '12' or '0.25'.")
    try:
        found = quantity(value)
    except AmountError as error:
        raise _Bad("quantity", "NOT_USABLE", str(error).partition(": ")[2]) from error
    if abs(found) >= LARGEST or found != round(found, 6):
        raise _Bad("quantity", "NOT_USABLE", "At most 12 digits before and 6 after the point are taken.")
    return found


def _moment(value: Any) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _Bad("occurred_at", "NOT_USABLE", "Give a moment with its offset, such as 2026-03-02T14:05:00Z.")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _Bad("occurred_at", "NOT_USABLE", "There is no such moment.") from error


# -- storing ------------------------------------------------------------------------------------------
def _source(code: str) -> int:
    found = UsageSource.objects.filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        UsageSource.objects.bulk_create([UsageSource(code=code)], ignore_conflicts=True)
        found = UsageSource.objects.values_list("pk", flat=True).get(code=code)
    return found


_INSERT = """
INSERT INTO sync_usageevent (source_id, event_id, plan_id, quantity, occurred_at, hour, received_at)
SELECT %s, * , %s FROM unnest(%s::text[], %s::bigint[], %s::numeric[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (source_id, event_id) DO NOTHING RETURNING event_id
"""
# Two keys of an hour are unique, its name and its place. Where two begin an hour at once, an upsert by one of them
# may still stumble over the other, so that an hour is begun by whoever is first, and marked in a step of its own.
_BEGIN = """
INSERT INTO sync_usagesummaryrecord (reference, version, correlation_id, legal_entity_id, currency, source_system,
    source_event, plan_reference, contract_reference, customer_reference, meter, event_name, hour, quantity, scale,
    events, plan_id, starts_at, touched_at)
SELECT 'usage:' || substr(p.reference, 12) || ':' || to_char(h.starts_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24'), 0,
    p.correlation_id, p.legal_entity_id, p.currency, 'usage', '', p.reference, p.contract_reference,
    p.customer_reference, p.meter, p.event_name, to_char(h.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    0, p.scale, 0, p.id, h.starts_at, %s
FROM unnest(%s::bigint[], %s::timestamptz[]) AS h(plan_id, starts_at) JOIN sync_usageplanrecord p ON p.id = h.plan_id
ORDER BY h.plan_id, h.starts_at
ON CONFLICT DO NOTHING
"""
_TOUCH = """
WITH mine AS (
    SELECT s.id FROM sync_usagesummaryrecord s
    JOIN unnest(%s::bigint[], %s::timestamptz[]) AS h(plan_id, starts_at) USING (plan_id, starts_at)
    ORDER BY s.plan_id, s.starts_at FOR UPDATE OF s)
UPDATE sync_usagesummaryrecord SET touched_at = %s FROM mine WHERE sync_usagesummaryrecord.id = mine.id
"""


def _store(source: int, events: Sequence[_Event], answer: Taken) -> None:
    """Insert what is new and mark its hours; compare what was here before. Needs a transaction."""
    now = clock.now()
    first: dict[str, _Event] = {}
    for event in events:
        if event.id in first:
            _compare(event, _content(first[event.id]), answer)
        else:
            first[event.id] = event
    rows = list(first.values())
    with database.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                source,
                now,
                [event.id for event in rows],
                [event.plan.pk for event in rows],
                [event.quantity for event in rows],
                [event.occurred_at for event in rows],
                [event.hour for event in rows],
            ],
        )
        fresh = {own_id for (own_id,) in cursor.fetchall()}
        answer.taken = len(fresh)
        before = [event for event in rows if event.id not in fresh]
        if before:
            cursor.execute(
                "SELECT event_id, plan_id, quantity, occurred_at FROM sync_usageevent"
                " WHERE source_id = %s AND event_id = ANY(%s)",
                [source, [event.id for event in before]],
            )
            stored = {own_id: tuple(content) for own_id, *content in cursor.fetchall()}
            for event in before:
                _compare(event, stored[event.id], answer)
        hours = sorted({(event.plan.pk, event.hour) for event in rows if event.id in fresh})
        if hours:
            of_plans, starts = [plan for plan, _ in hours], [hour for _, hour in hours]
            cursor.execute(_BEGIN, [now, of_plans, starts])
            cursor.execute(_TOUCH, [of_plans, starts, now])
            nudges.nudge("usage")


def _content(event: _Event) -> tuple[Any, ...]:
    return event.plan.pk, event.quantity, event.occurred_at


def _compare(event: _Event, stored: tuple[Any, ...], answer: Taken) -> None:
    """A repeat is harmless; the same id with other content is one of two facts, and the first one stays."""
    if _content(event) == stored:
        answer.repeated += 1
    else:
        detail = "This id was taken before with other content; the first one stays. Send a correction as a new event."
        answer.refused.append(
            Refusal(place=event.place, id=event.id, field="id", code="CONFLICTING_DUPLICATE", detail=detail)
        )

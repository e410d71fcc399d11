"""Puts and clears blocks: the fact is saved first, then the news goes out in the same transaction."""

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from sync import clock, nudges, signals
from sync.models import Block, Connection, Delivery, SourceEvent, WorkItem
from sync.states import Condition


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why one thing cannot go on."""

    reason: str
    work_item: WorkItem | None = None
    delivery: Delivery | None = None
    connection: Connection | None = None
    event: SourceEvent | None = None
    field: str = ""
    value: str = ""
    evidence: dict[str, Any] = dataclasses.field(default_factory=dict)


def put(stops: Sequence[Stop]) -> None:
    """Save one block per stop and tell who listens. A block that is open already is said again, not doubled."""
    if not stops:
        return
    now = clock.now()
    rows = Block.objects.bulk_create(
        [
            Block(
                work_item=stop.work_item,
                delivery=stop.delivery,
                connection=stop.connection,
                event=stop.event,
                reason=stop.reason,
                field=stop.field[:120],
                value=stop.value[:300],
                evidence=stop.evidence,
                opened_at=now,
            )
            for stop in stops
        ],
        ignore_conflicts=True,
    )
    # ignore_conflicts leaves rows without ids, so read what is open now
    open_now = list(
        _open(
            work_items=[row.work_item_id for row in rows if row.work_item_id],
            deliveries=[row.delivery_id for row in rows if row.delivery_id],
            connections=[row.connection_id for row in rows if row.connection_id],
            events=[row.event_id for row in rows if row.event_id],
        ).select_related("work_item__entity", "delivery__entity", "delivery__target", "connection", "event__connection")
    )
    said = {(row.work_item_id, row.delivery_id, row.connection_id, row.event_id, row.reason) for row in rows}
    signals.blocked.send(
        sender=Block,
        blocks=[b for b in open_now if (b.work_item_id, b.delivery_id, b.connection_id, b.event_id, b.reason) in said],
    )


def clear(
    *,
    work_items: Iterable[int] = (),
    deliveries: Iterable[int] = (),
    connections: Iterable[int] = (),
    events: Iterable[int] = (),
    note: str,
    user: Any = None,
    keep: dict[int, set[tuple[str, str]]] | None = None,
    reasons: Collection[str] | None = None,
    but: Collection[str] = (),
) -> None:
    """Clear every open block of these things, or those of these reasons, and say how; those in `keep` (work item
    id -> reason and value) and those of the reasons in `but` stay open.
    """
    rows = list(
        _open(
            work_items=list(work_items), deliveries=list(deliveries), connections=list(connections), events=list(events)
        )
    )
    rows = [
        row
        for row in rows
        if (reasons is None or row.reason in reasons)
        and row.reason not in but
        and (row.reason, row.value) not in (keep or {}).get(row.work_item_id or 0, set())
    ]
    if not rows:
        return
    Block.objects.filter(pk__in=[row.pk for row in rows]).update(cleared_at=clock.now())
    signals.unblocked.send(sender=Block, blocks=rows, note=note, user=user)


def try_again(flow: str, *, reason: str, **which: Any) -> int:
    """Items of a flow that are stopped for a reason which what was heard since may have removed are due; how many. One
    that is stopped still is the case it was. Needs a transaction.
    """
    stopped = Block.objects.filter(work_item__flow=flow, reason=reason, cleared_at=None).values("work_item")
    freed = WorkItem.objects.filter(pk__in=stopped, condition=Condition.BLOCKED, **which).update(
        condition=Condition.DUE, due_at=clock.now()
    )
    if freed:
        nudges.nudge("ingest")
    return freed


def _open(
    *, work_items: list[int], deliveries: list[int], connections: list[int], events: list[int]
) -> QuerySet[Block]:
    wanted = Q(pk__in=[])
    if work_items:
        wanted |= Q(work_item__in=work_items)
    if deliveries:
        wanted |= Q(delivery__in=deliveries)
    if connections:
        wanted |= Q(connection__in=connections)
    if events:
        wanted |= Q(event__in=events)
    return Block.objects.filter(wanted, cleared_at=None)

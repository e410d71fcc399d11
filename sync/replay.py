"""Reads events of the inbox once more; what was carried stays as it is, and nothing is posted again.

A replay goes the way every event goes: fetched, translated, heard. An object that was heard at this revision is
known, a delivery that is owed is owed already, so that replaying everything changes nothing. What never got through
(the source did not have it, our own code could not read it) gets through. Posting something once more is a round,
which two people decide: see sync.rounds.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Count, Q, QuerySet, Value, When

from sync import clock, journal, nudges
from sync.models import Delivery, SourceEvent, WorkItem
from sync.states import Condition, Lifecycle

#: events that are read, or that stopped; the others are about to be read anyway
READ = (Condition.SETTLED, Condition.BLOCKED)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which events: those that fit everything given here. Nothing given chooses nothing."""

    #: tracking ids, as callers were told
    tracking_ids: Collection[str] = ()
    #: objects: every event that told of them
    references: Collection[str] = ()
    #: stories: every event of every object in them
    correlation_ids: Collection[str] = ()
    #: work items and events by their rows, as a problem's cases have them
    work_items: Collection[int] = ()
    events: Collection[int] = ()
    #: when they came in
    since: datetime | None = None
    until: datetime | None = None
    #: how it was chosen, in words, for the journal
    words: str = ""

    @property
    def is_empty(self) -> bool:
        named = (self.tracking_ids, self.references, self.correlation_ids, self.work_items, self.events)
        return not any(named) and self.since is None and self.until is None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a replay touches: counts, and what it leaves alone."""

    events: int
    #: of these: stopped before, so that reading may lead to something new
    blocked_events: int
    #: chosen, and about to be read anyway
    under_way: int
    work_items: int
    deliveries: int
    #: deliveries their targets hold: skipped; and how many of these are in a ledger
    held: int
    posted: int
    #: deliveries that still have a way to go: left to the outbox or to their cases
    unfinished: int
    #: per connection: how many events
    sources: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The plan in sentences."""
        from_where = ", ".join(f"{label} {count}" for label, count in self.sources.items())
        return [
            f"{_several(self.events, 'event')} read again{f' ({from_where})' if from_where else ''};"
            f" {self.blocked_events} of them had stopped.",
            f"{self.under_way} more of the chosen events: about to be read anyway.",
            f"{_several(self.work_items, 'work item')} hanging on them: what went through keeps its result.",
            f"{_several(self.deliveries, 'delivery', 'deliveries')} of these: {self.posted} already posted, will be"
            f" skipped; {self.held - self.posted} already at their targets, will be skipped; {self.unfinished} still on"
            " their way, left as they are.",
        ]


def _several(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def choose(choice: Choice) -> QuerySet[SourceEvent]:
    """The events of a choice. Raises ValueError when nothing was given: everything is said by a time range."""
    if choice.is_empty:
        raise ValueError("Say which events: by event, object, correlation id, problem or time.")
    chosen = SourceEvent.objects.all()
    if choice.tracking_ids:
        chosen = chosen.filter(tracking_id__in=list(choice.tracking_ids))
    named = [
        Q(work_items__reference__in=list(choice.references)) if choice.references else None,
        Q(work_items__correlation_id__in=list(choice.correlation_ids)) if choice.correlation_ids else None,
    ]
    for wanted in named:
        if wanted is not None:
            chosen = chosen.filter(pk__in=_all_about(SourceEvent.objects.filter(wanted)))
    if choice.work_items or choice.events:
        chosen = chosen.filter(Q(work_items__in=list(choice.work_items)) | Q(pk__in=list(choice.events)))
    if choice.since is not None:
        chosen = chosen.filter(received_at__gte=choice.since)
    if choice.until is not None:
        chosen = chosen.filter(received_at__lt=choice.until)
    return SourceEvent.objects.filter(pk__in=chosen.order_by().values("pk"))


def _all_about(events: QuerySet[SourceEvent]) -> list[int]:
    """These events and all others about the same objects at the same sources: an item names only its latest one."""
    wanted = Q(pk__in=[])
    for connection, object_id in events.order_by().values_list("connection", "object_id").distinct():
        wanted |= Q(connection=connection, object_id=object_id)
    return list(SourceEvent.objects.filter(wanted).values_list("pk", flat=True))


def plan(choice: Choice) -> Plan:
    """What replaying this choice would touch; nothing is changed."""
    events = choose(choice)
    again = events.filter(condition__in=READ)
    items = WorkItem.objects.filter(event__in=again.order_by().values("pk"))
    if choice.references:
        items = items.filter(reference__in=list(choice.references))
    deliveries = Delivery.objects.filter(work_item__in=items.order_by().values("pk"))
    held = deliveries.filter(
        condition=Condition.SETTLED, state__in=[Lifecycle.ACKNOWLEDGED, Lifecycle.POSTED, Lifecycle.RECONCILED]
    )
    sources = again.order_by().values_list("connection__label").annotate(n=Count("pk")).order_by("connection__label")
    return Plan(
        events=again.count(),
        blocked_events=again.filter(condition=Condition.BLOCKED).count(),
        under_way=events.exclude(condition__in=READ).count(),
        work_items=items.count(),
        deliveries=deliveries.count(),
        held=held.count(),
        posted=held.filter(posted_at__isnull=False).count(),
        unfinished=deliveries.exclude(
            condition__in=[Condition.SETTLED, Condition.WITHDRAWN, Condition.SUPERSEDED]
        ).count(),
        sources=dict(sources),
    )


def run(choice: Choice, *, user: User) -> Plan:
    """Let this choice be read again by the workers, and write down who asked for how much; what it touches."""
    with transaction.atomic():
        touched = plan(choice)
        # what stopped before may kill its reader again: it is read alone
        alone = Case(When(Q(condition=Condition.BLOCKED), then=Value(1)), default=Value(0))
        SourceEvent.objects.filter(pk__in=choose(choice).values("pk"), condition__in=READ).update(
            condition=Condition.DUE, due_at=clock.now(), crashes=alone
        )
        journal.note(
            [
                journal.Fact(
                    action="replayed",
                    object_kind="replay",
                    object_key=choice.words[:200] or "events",
                    user=user,
                    text=f"{user} had {_several(touched.events, 'event')} read again:"
                    f" {choice.words or 'chosen by hand'}.",
                    details={
                        "events": touched.events,
                        "work_items": touched.work_items,
                        "deliveries": touched.deliveries,
                        "skipped_posted": touched.posted,
                        "skipped_held": touched.held - touched.posted,
                    },
                )
            ]
        )
        nudges.nudge("ingest")
    return touched

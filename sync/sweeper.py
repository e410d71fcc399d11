"""Finds by SQL what nudges, workers and beats have missed: the broker is not trusted."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection as database
from django.db import transaction

from sync import (
    blocks,
    bulk,
    calendar,
    clock,
    connections,
    feedback,
    gaps,
    nudges,
    outbox,
    owing,
    poison,
    reading,
    waiting,
    work,
)
from sync.errors import raise_if_away
from sync.halting import always
from sync.models import (
    Attempt,
    Delivery,
    DeliveryNeed,
    Heartbeat,
    SourceEvent,
    WorkItem,
)
from sync.states import Condition

log = logging.getLogger(__name__)
#: work that is due this long without anybody taking it is carried here
PATIENCE = timedelta(seconds=5)
_LOCK = 7_281_944_001


def sweep() -> dict[str, int]:
    """One pass: end leases, wake what was held, heal missed releases. One sweeper at a time; others return at once."""
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return {}
        found = {name: _apart(name, part) for name, part in parts().items()}
        Heartbeat.objects.update_or_create(name="sweeper", defaults={"seen_at": clock.now()})
    return found


def parts() -> dict[str, Callable[[], int]]:
    """What one pass of sweeping does, each part by itself."""
    return {
        "events": partial(_end_leases, SourceEvent),
        "work items": partial(_end_leases, WorkItem),
        "in doubt": _doubt_lost_deliveries,
        "given up": _give_up_deadly_look_ups,
        "woken": wake_held,
        "scheduled": owing.wake_scheduled,
        "released deliveries": _release_deliveries,
        "released items": _release_items,
        "missing modifications": gaps.ask_for_missing,
        "released holds": calendar.release_holds,
        "unreachable": connections.note_unreachable,
    }


def _apart(name: str, part: Callable[[], int]) -> int:
    """Do one part by itself: what fails there is logged, undone, and holds up no other part."""
    try:
        with transaction.atomic():
            return part()
    except Exception as error:
        raise_if_away(error)
        log.exception("sweeping %s failed; the next pass tries again", name)
        return 0


def carry_what_lies() -> int:
    """Do the work that has been due for a while and that nobody took: with the broker gone, everything still
    completes.
    """
    now, done = clock.now(), 0
    late = now - PATIENCE
    if SourceEvent.objects.filter(condition=Condition.DUE, due_at__lte=late).exists():
        done += reading.read_due()
    if WorkItem.objects.filter(condition=Condition.DUE, due_at__lte=late).exists():
        done += work.work_due()
    for queue in (
        Delivery.objects.filter(condition=Condition.DUE, due_at__lte=late)
        .values_list("queue", flat=True)
        .distinct()
        .order_by("queue")
    ):
        done += outbox.carry_due(queue)
    return done


def nudge_what_lies() -> None:
    """Say again where work lies, for nudges that were lost: without a sweeper process the workers still find it."""
    now = clock.now()
    late = now - PATIENCE
    due = {"condition": Condition.DUE, "due_at__lte": late}
    queues = set(Delivery.objects.filter(**due).values_list("queue", flat=True).distinct().order_by("queue"))
    if SourceEvent.objects.filter(**due).exists() or WorkItem.objects.filter(**due).exists():
        queues.add("ingest")
    nudges.nudge(*sorted(queues))


def wake_held() -> int:
    """Held deliveries whose time has come are due again; how many."""
    rows = Delivery.objects.filter(condition=Condition.HELD, held_until__lte=clock.now())
    return rows.exclude(held_because=owing.EFFECTIVE_LATER).update(
        condition=Condition.DUE, held_until=None, held_because="", due_at=clock.now()
    )


def _end_leases(model: type[SourceEvent] | type[WorkItem]) -> int:
    """A worker died over these: they are due again, each alone. The third death over the same one makes it a case:
    claims were counted before, so a row that kills its worker cannot go on for ever.
    """
    now = clock.now()
    rows: list[Any] = list(
        model._default_manager.select_for_update(skip_locked=True, of=("self",))
        .filter(condition=Condition.CLAIMED, lease_until__lt=now)
        .order_by("pk")[:2000]
    )
    deadly = [row for row in rows if row.crashes >= work.POISON_AFTER]
    for row in rows:
        row.condition, row.lease_until, row.due_at = Condition.DUE, None, now
    for row in deadly:
        row.condition = Condition.BLOCKED
    bulk.update(rows, ["condition", "lease_until", "due_at"])
    blocks.put(
        [
            blocks.Stop(
                **{"event" if isinstance(row, SourceEvent) else "work_item": row},
                reason="POISON",
                evidence={"text": poison.DIED},
            )
            for row in deadly
        ]
    )
    return len(rows)


def _doubt_lost_deliveries() -> int:
    """A delivery whose worker died may have been sent: it is looked up, never sent blindly."""
    now = clock.now()
    rows = list(
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(condition=Condition.CLAIMED, lease_until__lt=now)
        .select_related("target")[:500]
    )
    for row in rows:
        row.condition, row.in_doubt_since, row.fence = Condition.IN_DOUBT, now, row.fence + 1
        row.lease_until, row.due_at = None, now + connections.kind_of(row.target).settle_time
    bulk.update(rows, ["condition", "in_doubt_since", "fence", "lease_until", "due_at"])
    Attempt.objects.filter(delivery__in=rows, outcome=Attempt.Outcome.SENT).update(
        outcome=Attempt.Outcome.UNKNOWN, finished_at=now, text="The worker died before an answer was written down."
    )
    return len(rows)


def _give_up_deadly_look_ups() -> int:
    """A delivery whose look-up keeps killing the worker becomes a case; it is looked up again before it is sent."""
    rows = list(
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(condition=Condition.IN_DOUBT, lease_until__lt=clock.now(), crashes__gte=work.POISON_AFTER)
        .select_related("target")[:200]
    )
    poison.give_up_look_ups(rows)
    return len(rows)


def _release_deliveries() -> int:
    """A release that fell between two commits: what waits for something its target holds already."""
    pairs = (
        DeliveryNeed.objects.filter(delivery__condition=Condition.WAITING)
        .extra(
            tables=["sync_delivery"],
            where=[
                "sync_delivery.id = sync_deliveryneed.delivery_id",
                "EXISTS (SELECT 1 FROM sync_externalidentity i WHERE i.connection_id = sync_delivery.target_id"
                " AND i.reference = sync_deliveryneed.reference)",
            ],
        )
        .values_list("delivery__target_id", "reference")[:2000]
    )
    return outbox.release_needs(pairs)


def _release_items() -> int:
    """Items that wait for an object we have: its record was stored while they were being parked."""
    names = set(
        WorkItem.objects.filter(condition=Condition.WAITING).values_list("waits_for", flat=True).distinct()[:2000]
    )
    return waiting.release_held(names)


def send_feedback(*, goes_on: Callable[[], bool] = always) -> int:
    """Owe and carry what the CRM should show."""
    owed = feedback.owe_due()
    return owed + outbox.carry_due("notify", goes_on=goes_on)

"""Missing modifications: what came too early is parked where people see it, the source is asked, and late is a case."""

import json
from datetime import datetime, timedelta

from django.db import transaction

from connectors.interface import SourceEvent as Arrived
from sync import blocks, bulk, clock, inbox, keys, versions, waiting
from sync.models import Connection, WorkItem
from sync.states import Condition

#: how long a missing modification may be on its way before its source is asked, and how often it is asked after that
ASK_AFTER = timedelta(minutes=15)
#: how long we ask before people are asked
CASE_AFTER = timedelta(hours=1)
#: how events we asked for ourselves came in
ASKED = "asked"


def park(item: WorkItem, *, missing: int, is_known: bool, now: datetime) -> blocks.Stop | None:
    """Let an item wait for an earlier modification. A stop where nobody has ever told us of that one for too long;
    one that is known and stands somewhere has its own case.
    """
    item.waits_for, item.condition = keys.modification(item.reference, missing), Condition.WAITING
    if is_known:
        item.gap_since = None
        return None
    item.gap_since, item.due_at = item.gap_since or now, now + ASK_AFTER
    return _late(item, now) if now - item.gap_since >= CASE_AFTER else None


def _late(item: WorkItem, now: datetime) -> blocks.Stop:
    assert item.gap_since is not None
    item.condition = Condition.BLOCKED
    _, _, missing = item.waits_for.rpartition("@")
    return blocks.Stop(
        work_item=item,
        reason="EVENT_GAP",
        field="modification number",
        value=f"change {missing} of {item.title or item.reference}; change {item.version} is here and waits for it",
        evidence={
            "missing": int(missing),
            "here": item.version,
            "missing_since": item.gap_since.isoformat(),
            "object": item.event.object_id,
        },
    )


def ask_for_missing(limit: int = 200) -> int:
    """Ask the sources of parked items for what is missing before them, and open a case where asking does not help;
    how many items still miss something. What is asked for comes in as an event like any other; of a paused source
    nothing is asked: it has its case, and what is missing may well be there.
    """
    now = clock.now()
    with transaction.atomic():
        items = list(
            WorkItem.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(gap_since__isnull=False, due_at__lte=now, condition__in=[Condition.WAITING, Condition.BLOCKED])
            .exclude(event__connection__health__paused_at__isnull=False)
            .select_related("event__connection")
            .order_by("due_at", "pk")[:limit]
        )
        known = set(
            WorkItem.objects.filter(reference__in={item.reference for item in items}).values_list(
                "flow", "reference", "version"
            )
        )
        stops: list[blocks.Stop] = []
        asked: dict[Connection, dict[str, Arrived]] = {}
        heard_of: list[WorkItem] = []
        for item in items:
            item.due_at = now + ASK_AFTER
            reference, missing = versions.parse_modification(item.waits_for) or (item.reference, 0)
            if (item.flow, reference, missing) in known:
                # it has come meanwhile and stands somewhere itself: no gap any more
                item.gap_since, item.condition = None, Condition.WAITING
                heard_of.append(item)
                continue
            question = _question(item, missing, now)
            asked.setdefault(item.event.connection, {})[f"{question.kind}:{question.object_id}"] = question
            if item.gap_since is not None and now - item.gap_since >= CASE_AFTER:
                stops.append(_late(item, now))
        bulk.update(items, ["due_at", "gap_since", "condition"])
        blocks.clear(work_items=[item.pk for item in heard_of], note="The missing change has come")
        blocks.put(stops)
        for connection, questions in asked.items():
            inbox.take_in(connection, list(questions.values()), via=ASKED)
    waiting.release_held({item.waits_for for item in heard_of})
    return len(items) - len(heard_of)


def _question(item: WorkItem, missing: int, now: datetime) -> Arrived:
    """An event of our own making, so that reading it fetches the object with all the source has of it."""
    name = keys.modification(item.reference, missing)
    words = {"asked_for": name, "because": f"{keys.modification(item.reference, item.version)} waits for it"}
    return Arrived(
        event_id=f"{ASKED}:{name}:{now:%Y%m%dT%H%M%S}",
        kind=item.event.kind,
        object_id=item.event.object_id,
        raw=json.dumps(words).encode(),
    )

"""Works items through their pipelines: in batches, all problems in one pass, records and deliveries in one commit."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import DatabaseError, transaction
from django.db.models import F

from connectors.canonical import WriteOff, load
from sync import blocks, bulk, clock, feedback_facts, gaps, journal, keys, nudges, outbox, taken_numbers, versions
from sync.heard import register
from sync.lookups import look_up
from sync.mappings import Tables
from sync.models import WorkItem
from sync.pipelines.flow import Flow, Passed, run
from sync.pipelines.registry import BY_NAME
from sync.pipelines.write_off_to_erp import WRITE_OFF_TO_ERP
from sync.states import POISON_AFTER, SUSPECTS_A_PASS, Condition, Lifecycle, further
from sync.waiting import release_held, release_waiting

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
__all__ = [
    "POISON_AFTER",
    "SUSPECTS_A_PASS",
    "register",
    "release_held",
    "release_waiting",
    "work",
    "work_due",
]


def work_due(limit: int = 200) -> int:
    """Claim and work items that are due; how many were worked. What did not come to an end before is worked last and
    alone, so that an item that kills its worker takes no other with it.
    """
    items = _claim(limit)
    if items:
        work(items)
    done = len(items)
    for _ in range(SUSPECTS_A_PASS):
        alone = _claim(1, suspects=True)
        if not alone:
            break
        work(alone)
        done += 1
    return done


def _claim(limit: int, *, suspects: bool = False) -> list[WorkItem]:
    """Claim what is due. Each claim counts as a crash beforehand, in its own commit: only an end takes it back."""
    now = clock.now()
    with transaction.atomic():
        items = list(
            WorkItem.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(condition=Condition.DUE, due_at__lte=now, **({"crashes__gt": 0} if suspects else {"crashes": 0}))
            .order_by("crashes", "due_at", "pk")[:limit]
        )
        claim(items)
    return items


def claim(items: Sequence[WorkItem]) -> None:
    """Mark these items as ours until their lease ends. Needs a transaction that holds them."""
    lease = clock.now() + LEASE
    WorkItem.objects.filter(pk__in=[item.pk for item in items]).update(
        condition=Condition.CLAIMED, lease_until=lease, fence=F("fence") + 1, crashes=F("crashes") + 1
    )
    for item in items:
        item.condition, item.lease_until = Condition.CLAIMED, lease
        item.fence, item.crashes = item.fence + 1, item.crashes + 1


def work(items: Sequence[WorkItem]) -> None:
    """Work a batch in one transaction; where that fails, one by one, so that one bad item stops only itself."""
    counted = {item.pk for item in items if item.condition == Condition.CLAIMED}
    try:
        with transaction.atomic():
            _work(items)
        return
    except DatabaseError:
        if not transaction.get_connection().is_usable():
            raise
        log.exception("a batch of %s work items failed; trying one by one", len(items))
    except Exception:
        log.exception("a batch of %s work items failed; trying one by one", len(items))
    for item in items:
        try:
            with transaction.atomic():
                _work([_as_stored(item)])
        except Exception as error:
            log.exception("work item %s failed", item.pk)
            _count_crash(item, error, is_counted=item.pk in counted)


def _as_stored(item: WorkItem) -> WorkItem:
    """The item as it is in the database, under the fence it was claimed with: what failed has changed the copy."""
    stored = WorkItem.objects.select_related("event__connection", "entity").get(pk=item.pk)
    stored.fence = item.fence
    return stored


def _count_crash(item: WorkItem, error: Exception, *, is_counted: bool) -> None:
    """A bug of ours opens a case too."""
    with transaction.atomic():
        row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if row.fence != item.fence:
            return  # somebody else has it by now
        row.crashes += 0 if is_counted else 1
        row.lease_until = None
        if row.crashes >= POISON_AFTER:
            row.condition = Condition.BLOCKED
            blocks.put([blocks.Stop(work_item=row, reason="POISON", evidence={"text": repr(error)[:600]})])
        else:
            row.condition, row.due_at = Condition.DUE, clock.now() + timedelta(seconds=5 * row.crashes)
        row.save()


def _work(items: Sequence[WorkItem]) -> None:
    versions.hold(
        # the caps of small differences are shared by all of them: one batch at a time
        WriteOff.kind if item.flow == WRITE_OFF_TO_ERP.name else item.reference
        for item in items
        if item.flow == WRITE_OFF_TO_ERP.name or versions.FLOW_KINDS[item.flow].state_like
    )
    items = _leave_out_older(_still_ours(items))
    # parents before children: what one flow stores, the next may look up in the same batch
    order = list(BY_NAME)
    by_flow: dict[str, list[WorkItem]] = {}
    for item in versions.in_order(items):
        by_flow.setdefault(item.flow, []).append(item)
    released: list[WorkItem] = []
    tables = Tables()
    for name in sorted(by_flow, key=order.index):
        for wave in versions.waves(name, by_flow[name]):
            released += _work_flow(BY_NAME[name], wave, tables)
    if released:
        nudges.nudge("ingest")


def _still_ours(items: Sequence[WorkItem]) -> list[WorkItem]:
    """Lock the items whose lease nobody else has taken over; a worker that slept too long acts on nothing."""
    held = {
        pk: (fence, condition)
        for pk, fence, condition in WorkItem.objects.select_for_update()
        .filter(pk__in=[item.pk for item in items])
        .order_by("pk")
        .values_list("pk", "fence", "condition")
    }
    ours = [
        item
        for item in items
        if held[item.pk][0] == item.fence and held[item.pk][1] in (Condition.DUE, Condition.CLAIMED)
    ]
    if len(ours) < len(items):
        log.warning("%s work items were taken over by somebody else meanwhile", len(items) - len(ours))
    return ours


def _leave_out_older(items: Sequence[WorkItem]) -> list[WorkItem]:
    """Without versions older than the newest we have heard of: carried now, they would overwrite it at the targets."""
    newest = versions.newest_of((item.flow, item.reference) for item in items)
    older = [item for item in items if item.version < newest.get((item.flow, item.reference), item.version)]
    for item in older:
        item.condition, item.lease_until, item.crashes = Condition.SUPERSEDED, None, 0
    if older:
        bulk.update(older, ["condition", "lease_until", "crashes"])
        blocks.clear(work_items=[item.pk for item in older], note="Superseded by a newer version")
    return [item for item in items if item.condition != Condition.SUPERSEDED]


def _work_flow(flow: Flow, items: Sequence[WorkItem], tables: Tables) -> list[WorkItem]:
    subjects = {item.pk: load(item.subject) for item in items}
    lookups = look_up(subjects.values(), tables=tables)
    now = clock.now()
    passed: dict[int, Passed] = {item.pk: run(flow, subjects[item.pk], lookups) for item in items}
    early = versions.too_early(
        flow.name, items, goes_through={pk: result.went_through for pk, result in passed.items()}
    )
    through = [item for item in items if passed[item.pk].went_through and item.pk not in early]
    if through:
        flow.store([passed[item.pk].subject for item in through], lookups)
    owed: list[tuple[WorkItem, outbox.Owed]] = []
    stops: list[blocks.Stop] = []
    for item in items:
        result = passed[item.pk]
        item.lease_until, item.waits_for, item.crashes = None, "", 0
        if result.problems:
            item.condition, item.gap_since = Condition.BLOCKED, None
            stops += [
                blocks.Stop(work_item=item, reason=p.reason, field=p.field, value=p.value, evidence=p.evidence)
                for p in result.problems
            ]
            continue
        item.validated_at = item.validated_at or now
        item.state = further(item.state, Lifecycle.VALIDATED)
        # before what it waits for: that is mostly the very modification that is missing
        if item.pk in early:
            missing, is_known = early[item.pk]
            stop = gaps.park(item, missing=missing, is_known=is_known, now=now)
            stops += [stop] if stop else []
            continue
        if result.waits_for:
            item.condition, item.waits_for, item.gap_since = Condition.WAITING, result.waits_for, None
            continue
        item.state, item.condition, item.transformed_at = Lifecycle.TRANSFORMED, Condition.SETTLED, now
        item.gap_since = None
        item.entity = lookups.entities[result.subject.legal_entity]
        item.correlation_id = result.subject.correlation_id
        for name, value in flow.describe(result.subject).items():
            if value not in ("", None):
                setattr(item, name, value)
        owed += [(item, entry) for entry in flow.owes(result.subject, lookups)]
        stops += [
            blocks.Stop(work_item=item, reason=p.reason, field=p.field, value=p.value, evidence=p.evidence)
            for p in flow.notices(result.subject, lookups)
        ]
    for item in items:
        if not item.customer_name and item.customer_reference in lookups.customers:
            item.customer_name = lookups.customers[item.customer_reference].name
    bulk.update(
        items,
        [
            "condition",
            "waits_for",
            "state",
            "validated_at",
            "transformed_at",
            "entity",
            "correlation_id",
            "lease_until",
            "title",
            "customer_reference",
            "customer_name",
            "amount",
            "currency",
            "effective_on",
            "due_at",
            "gap_since",
            "crashes",
        ],
    )
    stopped: dict[int, set[tuple[str, str]]] = {}
    for one in stops:
        assert one.work_item is not None
        stopped.setdefault(one.work_item.pk, set()).add((one.reason, one.value[:300]))
    # another change that wants the number of this one is not over because this one went through
    other = frozenset({taken_numbers.REASON})
    blocks.clear(work_items=[item.pk for item in items if item.pk not in stopped], note="Went through", but=other)
    # what stands as it stood stays open; another value of the same reason is another problem
    mended = "This is mended; something else still stops it"
    blocks.clear(work_items=list(stopped), note=mended, keep=stopped, but=other)
    blocks.put(stops)
    outbox.owe(owed, lookups.tables)
    flow.afterwards([passed[item.pk].subject for item in through], lookups)
    if through:
        journal.note(
            journal.Fact(
                action="carried",
                object_kind=flow.kind,
                object_key=item.reference,
                correlation_id=item.correlation_id,
                text=f"{item.title} was checked, mapped and handed to the outbox.",
            )
            for item in through
        )
        feedback_facts.after_work([(item, passed[item.pk].subject) for item in through])
    parked = {item.waits_for for item in items if item.condition == Condition.WAITING}
    if parked:
        # what is waited for may have been stored while this was being written: neither saw the other's row
        transaction.on_commit(partial(release_held, parked))
    names = [item.reference for item in through]
    if flow.name in versions.NUMBERED:
        names += [keys.modification(item.reference, item.version) for item in through]
    return release_waiting(names)

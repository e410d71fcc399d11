"""Works items through their pipelines: in batches, all problems in one pass, records and deliveries in one commit."""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import DatabaseError, transaction

from connectors.canonical import KINDS, Canonical, dump, load
from sync import blocks, bulk, clock, feedback, journal, nudges, outbox
from sync.mappings import Tables
from sync.models import ContractRecord, CustomerRecord, InvoiceRecord, LegalEntity, SourceEvent, WorkItem
from sync.pipelines.flow import Flow, Lookups, Passed, run
from sync.pipelines.registry import BY_NAME, FLOWS
from sync.states import Condition, Lifecycle, further

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)
#: after so many crashes an item is quarantined as a case; others go on
POISON_AFTER = 3
FLOW_KINDS = {flow.name: KINDS[flow.kind] for flow in FLOWS.values()}


def register(heard: Sequence[tuple[SourceEvent, Canonical]]) -> tuple[list[WorkItem], dict[int, list[str]]]:
    """Work items for what events said, and per event a note on each object. Needs a transaction.

    The same object in the same version is one item, however many events speak of it: the newest revision counts.
    """
    notes: dict[int, list[str]] = {}
    newest: dict[tuple[str, str, int], tuple[SourceEvent, Canonical]] = {}
    for event, shape in heard:
        key = (FLOWS[shape.kind].name, shape.reference, shape.version)
        notes.setdefault(event.pk, [])
        if key not in newest or _revision(event, shape) > _revision(*newest[key]):
            newest[key] = (event, shape)
    names = _customer_names([shape for _, shape in newest.values()])
    unchanged = _unchanged_state([shape for _, shape in newest.values() if shape.state_like])
    now = clock.now()
    fresh = [
        WorkItem(
            flow=flow,
            reference=reference,
            version=version,
            record_revision=_revision(event, shape),
            correlation_id=shape.correlation_id,
            event=event,
            subject=dump(shape),
            due_at=now,
            created_at=now,
            **_described(FLOWS[shape.kind], shape, names),
        )
        for (flow, reference, version), (event, shape) in newest.items()
        if shape.reference not in unchanged
    ]
    for event, shape in newest.values():
        notes[event.pk].append(
            f"{shape.reference} is unchanged in what matters"
            if shape.reference in unchanged
            else f"{shape.reference} is carried"
        )
    WorkItem.objects.bulk_create(fresh, ignore_conflicts=True)
    known = {
        (item.flow, item.reference, item.version): item
        for item in WorkItem.objects.select_for_update(of=("self",))
        .filter(reference__in=[item.reference for item in fresh])
        .select_related("event__connection", "entity")
        .order_by("pk")
    }
    made: list[WorkItem] = []
    for fresh_item in fresh:
        key = (fresh_item.flow, fresh_item.reference, fresh_item.version)
        event, shape = newest[key]
        item = known[key]
        # ours when this very event made it just now
        if item.event_id == event.pk and item.state == Lifecycle.RECEIVED and item.created_at == now:
            made.append(item)
        else:
            changed, note = _hear_again(item, event, shape, names)
            notes[event.pk][-1] = note
            if changed:
                made.append(item)
    _retire_older([item for item in made if FLOW_KINDS[item.flow].state_like])
    return made, notes


def _revision(event: SourceEvent, shape: Canonical) -> int:
    return max(event.revision, getattr(shape, "record_revision", 0))


def _hear_again(item: WorkItem, event: SourceEvent, shape: Canonical, names: dict[str, str]) -> tuple[bool, str]:
    """Another event about an item we have: an older revision has no effect; newer content is read while
    nothing was carried.
    """
    revision = _revision(event, shape)
    if revision <= item.record_revision:
        return False, f"{shape.reference} was read before at this revision"
    same = _content(dump(shape)) == _content(item.subject)
    item.record_revision = revision
    if item.state in (Lifecycle.TRANSFORMED, Lifecycle.RECONCILED) or same:
        item.save(update_fields=["record_revision"])
        if same:
            return False, f"{shape.reference} is unchanged in what matters"
        blocks.put([blocks.Stop(work_item=item, reason="DEAL_CHANGED_AFTER_BILLING", evidence={"now": dump(shape)})])
        return False, f"{shape.reference} was changed after it was carried"
    item.event, item.subject, item.condition, item.due_at = event, dump(shape), Condition.DUE, clock.now()
    for name, value in _described(FLOWS[shape.kind], shape, names).items():
        setattr(item, name, value)
    item.save()
    return True, f"{shape.reference} is read again with its newer content"


def _unchanged_state(shapes: Sequence[Canonical]) -> set[str]:
    """State-like objects without numbered modifications whose newest item says the same: our own echo, mostly."""
    wanted = {shape.reference: shape for shape in shapes if not hasattr(shape, "modification_number")}
    newest: dict[str, WorkItem] = {}
    for item in WorkItem.objects.filter(reference__in=list(wanted)).order_by("version"):
        newest[item.reference] = item
    return {
        reference
        for reference, item in newest.items()
        if item.version < wanted[reference].version and _content(item.subject) == _content(dump(wanted[reference]))
    }


def _customer_names(shapes: Sequence[Canonical]) -> dict[str, str]:
    references = {value for shape in shapes if (value := getattr(shape, "customer_reference", ""))}
    return dict(CustomerRecord.objects.filter(reference__in=references).values_list("reference", "name"))


def _described(flow: Flow, shape: Canonical, names: dict[str, str]) -> dict:
    described = flow.describe(shape)
    described.setdefault("customer_name", names.get(described.get("customer_reference", ""), ""))
    return described


def _content(subject: dict) -> dict:
    return {key: value for key, value in subject.items() if key not in ("record_revision", "source_event", "version")}


def _retire_older(items: Sequence[WorkItem]) -> None:
    """A newer version of a state-like object makes older unfinished items pointless; their cases close by
    themselves.
    """
    for item in items:
        older = list(
            WorkItem.objects.select_for_update()
            .filter(flow=item.flow, reference=item.reference, version__lt=item.version)
            .exclude(condition__in=[Condition.SETTLED, Condition.SUPERSEDED, Condition.WITHDRAWN])
            .values_list("pk", flat=True)
        )
        if older:
            WorkItem.objects.filter(pk__in=older).update(condition=Condition.SUPERSEDED)
            blocks.clear(work_items=older, note=f"Superseded by version {item.version}")


def work_due(limit: int = 200) -> int:
    """Claim and work items that are due; how many were worked."""
    items = _claim(limit)
    if items:
        work(items)
    return len(items)


def _claim(limit: int) -> list[WorkItem]:
    now = clock.now()
    with transaction.atomic():
        items = list(
            WorkItem.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(condition=Condition.DUE, due_at__lte=now)
            .order_by("due_at", "pk")[:limit]
        )
        WorkItem.objects.filter(pk__in=[item.pk for item in items]).update(
            condition=Condition.CLAIMED, lease_until=now + LEASE
        )
    return items


def work(items: Sequence[WorkItem]) -> None:
    """Work a batch in one transaction; where that fails, one by one, so that one bad item stops only itself."""
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
                _work([item])
        except Exception as error:
            log.exception("work item %s failed", item.pk)
            _count_crash(item, error)


def _count_crash(item: WorkItem, error: Exception) -> None:
    """A bug of ours opens a case too."""
    with transaction.atomic():
        item = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        item.crashes += 1
        if item.crashes >= POISON_AFTER:
            item.condition = Condition.BLOCKED
            blocks.put([blocks.Stop(work_item=item, reason="POISON", evidence={"text": repr(error)[:600]})])
        else:
            item.condition, item.due_at = Condition.DUE, clock.now() + timedelta(seconds=5 * item.crashes)
        item.save()


def _work(items: Sequence[WorkItem]) -> None:
    # parents before children: what one flow stores, the next may look up in the same batch
    order = list(BY_NAME)
    by_flow: dict[str, list[WorkItem]] = {}
    for item in items:
        by_flow.setdefault(item.flow, []).append(item)
    released: list[WorkItem] = []
    tables = Tables()
    for name in sorted(by_flow, key=order.index):
        released += _work_flow(BY_NAME[name], by_flow[name], tables)
    if released:
        nudges.nudge("ingest")


def _work_flow(flow: Flow, items: Sequence[WorkItem], tables: Tables) -> list[WorkItem]:
    subjects = {item.pk: load(item.subject) for item in items}
    lookups = look_up(subjects.values(), tables=tables)
    now = clock.now()
    passed: dict[int, Passed] = {item.pk: run(flow, subjects[item.pk], lookups) for item in items}
    through = [item for item in items if passed[item.pk].went_through]
    if through:
        flow.store([passed[item.pk].subject for item in through], lookups)
    owed: list[tuple[WorkItem, outbox.Owed]] = []
    stops: list[blocks.Stop] = []
    for item in items:
        result = passed[item.pk]
        item.lease_until, item.waits_for = None, ""
        if result.problems:
            item.condition = Condition.BLOCKED
            stops += [
                blocks.Stop(work_item=item, reason=p.reason, field=p.field, value=p.value, evidence=p.evidence)
                for p in result.problems
            ]
            continue
        item.validated_at = item.validated_at or now
        item.state = further(item.state, Lifecycle.VALIDATED)
        if result.waits_for:
            item.condition, item.waits_for = Condition.WAITING, result.waits_for
            continue
        item.state, item.condition, item.transformed_at = Lifecycle.TRANSFORMED, Condition.SETTLED, now
        item.entity = lookups.entities[result.subject.legal_entity]
        item.correlation_id = result.subject.correlation_id
        for name, value in flow.describe(result.subject).items():
            if value not in ("", None):
                setattr(item, name, value)
        owed += [(item, entry) for entry in flow.owes(result.subject, lookups)]
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
        ],
    )
    stopped = {
        item.pk: {(p.reason, p.value[:300]) for p in passed[item.pk].problems}
        for item in items
        if passed[item.pk].problems
    }
    blocks.clear(work_items=[item.pk for item in items if item.pk not in stopped], note="Went through")
    # what stands as it stood stays open; another value of the same reason is another problem
    blocks.clear(work_items=list(stopped), note="This is mended; something else still stops it", keep=stopped)
    blocks.put(stops)
    outbox.owe(owed, lookups.tables)
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
        feedback.after_work([(item, passed[item.pk].subject) for item in through])
    parked = {item.waits_for for item in items if item.condition == Condition.WAITING}
    if parked:
        # what is waited for may have been stored while this was being written: neither saw the other's row
        transaction.on_commit(partial(release_held, parked))
    return release_waiting([item.reference for item in through])


def release_held(references: set[str]) -> int:
    """Items that wait for objects we have by now are due; how many."""
    held: set[str] = set()
    for model in (CustomerRecord, ContractRecord, InvoiceRecord):
        held |= set(model._default_manager.filter(reference__in=references).values_list("reference", flat=True))
    if not held:
        return 0
    with transaction.atomic():
        released = release_waiting(sorted(held))
        if released:
            nudges.nudge("ingest")
    return len(released)


def release_waiting(references: Sequence[str]) -> list[WorkItem]:
    """Items that waited for these objects are due; the oldest effective date first."""
    waiting = list(
        WorkItem.objects.select_for_update(of=("self",))
        .filter(condition=Condition.WAITING, waits_for__in=references)
        .order_by("effective_on", "reference")
    )
    now = clock.now()
    for place, item in enumerate(waiting):
        item.condition, item.waits_for, item.due_at = Condition.DUE, "", now + timedelta(microseconds=place)
    bulk.update(waiting, ["condition", "waits_for", "due_at"])
    return waiting


def look_up(subjects: Iterable[Canonical], *, tables: Tables | None = None) -> Lookups:
    """Everything the steps of these subjects may ask for, in a handful of queries."""
    subjects = list(subjects)
    invoices = {
        row.reference: row
        for row in InvoiceRecord.objects.select_related("legal_entity").filter(
            reference__in=_named(subjects, "pays_reference", "invoice_reference")
        )
    }
    contracts: dict[str, ContractRecord] = {}
    for row in (
        ContractRecord.objects.select_related("legal_entity")
        .prefetch_related("lines")
        .filter(reference__in=_named(subjects, "contract_reference"))
        .order_by("version")
    ):
        contracts[row.reference] = row
    wanted = _named(subjects, "customer_reference")
    wanted |= {row.customer_reference for row in invoices.values()} | {
        row.customer_reference for row in contracts.values()
    }
    return Lookups(
        tables=tables or Tables(),
        entities={row.code: row for row in LegalEntity.objects.all()},
        customers={
            row.reference: row
            for row in CustomerRecord.objects.select_related("legal_entity").filter(reference__in=wanted)
        },
        contracts=contracts,
        invoices=invoices,
        commitment=frozenset(getattr(settings, "Q2C_COMMITMENT", ())),
    )


def _named(subjects: Iterable[Canonical], *fields: str) -> set[str]:
    return {value for subject in subjects for name in fields if (value := getattr(subject, name, ""))}

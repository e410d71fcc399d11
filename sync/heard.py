"""Makes work items of what events said: one per object and version, the newest content of each, older ones noted."""

from collections.abc import Sequence

from django.db.models import QuerySet

from connectors.canonical import Canonical, SubscriptionContract, dump
from sync import blocks, clock, taken_numbers, versions
from sync.models import ContractRecord, CustomerRecord, SourceEvent, WorkItem
from sync.pipelines.flow import Flow
from sync.pipelines.registry import FLOWS
from sync.states import Condition, Lifecycle
from sync.taken_numbers import Key, is_unsold, record_of


def register(heard: Sequence[tuple[SourceEvent, Canonical]]) -> tuple[list[WorkItem], dict[int, list[str]]]:
    """Work items for what events said, and per event a note on each object. Needs a transaction.

    The same object in the same version is one item, however many events speak of it: the newest revision counts. A
    change that comes with the number of another one is none: people see both.
    Of an object that is only ever as it is now, an older version than one we know of has no effect.
    """
    versions.hold(shape.reference for _, shape in heard if shape.state_like)
    #: per event, in order: what is said about each of its objects
    notes: dict[int, dict[Key, str]] = {}
    said: dict[Key, dict[str, tuple[SourceEvent, Canonical]]] = {}
    for event, shape in heard:
        records = said.setdefault((FLOWS[shape.kind].name, shape.reference, shape.version), {})
        notes.setdefault(event.pk, {})
        record = record_of(shape)
        if record not in records or _revision(event, shape) > _revision(*records[record]):
            records[record] = (event, shape)
    newest, late = taken_numbers.sort_out(said)
    for one in late:
        notes[one.event.pk][one.key[0], f"{one.shape.reference} by {one.record}", one.key[2]] = one.note
    _leave_out_older(newest, notes)
    _leave_out_unsold(newest, notes)
    names = _customer_names([shape for _, shape in newest.values()])
    unchanged = _unchanged_state([shape for _, shape in newest.values() if shape.state_like])
    now = clock.now()
    fresh = versions.in_order(
        [
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
    )
    for key, (event, shape) in newest.items():
        same = shape.reference in unchanged
        notes[event.pk][key] = f"{shape.reference} is {'unchanged in what matters' if same else 'carried'}"
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
            notes[event.pk][key] = note
            if changed:
                made.append(item)
    _retire_older([item for item in made if item.flow in versions.REPLACED])
    left_out = _retire_other_splits([shape for _, shape in newest.values() if isinstance(shape, SubscriptionContract)])
    made = [item for item in made if item.pk not in left_out]
    taken_numbers.tell(late, said)
    return made, {pk: list(said.values()) for pk, said in notes.items()}


def _leave_out_older(newest: dict[Key, tuple[SourceEvent, Canonical]], notes: dict[int, dict[Key, str]]) -> None:
    """Take out versions older than the newest we know of or have just been told of, and say so."""
    latest = versions.newest_of((flow, reference) for flow, reference, _ in newest)
    for flow, reference, version in newest:
        if flow in versions.REPLACED:
            latest[flow, reference] = max(version, latest.get((flow, reference), version))
    for flow, reference, version in list(newest):
        if version < latest.get((flow, reference), version):
            event, _ = newest.pop((flow, reference, version))
            notes[event.pk][flow, reference, version] = f"{reference} is older than what we know: no effect"


def _leave_out_unsold(newest: dict[Key, tuple[SourceEvent, Canonical]], notes: dict[int, dict[Key, str]]) -> None:
    """Take out deals that are not won and that we have never heard of as won: they concern nobody here."""
    unsold = {key for key, (_, shape) in newest.items() if is_unsold(shape)}
    if not unsold:
        return
    rows = WorkItem.objects.filter(reference__in={reference for _, reference, _ in unsold})
    for key in unsold - set(rows.values_list("flow", "reference", "version")):
        event, shape = newest.pop(key)
        notes[event.pk][key] = f"{shape.reference} is not won: nothing to do"


def _revision(event: SourceEvent, shape: Canonical) -> int:
    return max(event.revision, getattr(shape, "record_revision", 0))


def _hear_again(item: WorkItem, event: SourceEvent, shape: Canonical, names: dict[str, str]) -> tuple[bool, str]:
    """Another event about an item we have: an older revision has no effect; newer content is read while
    nothing was carried.
    """
    revision = _revision(event, shape)
    # what was stopped may be read again because its source says more by now, without counting that as a revision
    again = event.pk == item.event_id and item.state not in (Lifecycle.TRANSFORMED, Lifecycle.RECONCILED)
    # another record takes over a number whose record was taken back before it was carried
    other = record_of(shape) != taken_numbers.record_of_item(item)
    if not other and (revision < item.record_revision or (revision == item.record_revision and not again)):
        return False, f"{shape.reference} was read before at this revision"
    same = _content(dump(shape)) == _content(item.subject)
    carried = item.state in (Lifecycle.TRANSFORMED, Lifecycle.RECONCILED)
    item.record_revision = revision
    # what was left out for another way of splitting its deal counts again
    if carried or (same and item.condition != Condition.SUPERSEDED):
        # what it is read with is kept as it was when it was carried
        item.subject = item.subject if carried else dump(shape)
        item.save(update_fields=["record_revision", "subject"])
        if same:
            blocks.clear(work_items=[item.pk], note="It is again as it was carried", reasons=_EDITED)
            return False, f"{shape.reference} is unchanged in what matters"
        blocks.put([_edited(item, shape)])
        return False, f"{shape.reference} was changed after it was carried"
    item.event, item.subject, item.condition, item.due_at = event, dump(shape), Condition.DUE, clock.now()
    item.crashes, item.lease_until = 0, None
    for name, value in _described(FLOWS[shape.kind], shape, names).items():
        setattr(item, name, value)
    item.save()
    return True, f"{shape.reference} is read again with its newer content"


#: what an edit of a deal that was carried already can be
_EDITED = frozenset({"DEAL_CHANGED_AFTER_BILLING", "DEAL_REOPENED", "CUSTOMER_MERGED"})


#: what names an account on a deal
_WHOSE = frozenset({"customer_reference", "sold_to_reference", "ship_to_reference", "payer_reference"})


def _edited(item: WorkItem, shape: Canonical) -> blocks.Stop:
    """What somebody did to it in the CRM: taken back, moved to the account it was merged into, or changed."""
    before, after = _content(item.subject), _content(dump(shape))
    changed = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    reason, field = "DEAL_CHANGED_AFTER_BILLING", ", ".join(sorted(changed))
    value = "; ".join(_change_in_words(name, *sides) for name, sides in sorted(changed.items()))
    if is_unsold(shape):
        reason, field = "DEAL_REOPENED", "stage"
        value = dict(getattr(shape, "commitment", ())).get("stage", "")
    elif "customer_reference" in changed and set(changed) <= _WHOSE:
        # a merge in the CRM moves the loser's deals to the account that stays
        reason, value = "CUSTOMER_MERGED", after["customer_reference"]
    return blocks.Stop(
        work_item=item, reason=reason, field=field, value=value, evidence={"now": dump(shape), "changed": changed}
    )


def _change_in_words(name: str, before: object, after: object) -> str:
    plain = name.replace("_", " ")
    return f"{plain} changed" if isinstance(after, list | dict) else f"{plain} {before} is now {after}"


def _unchanged_state(shapes: Sequence[Canonical]) -> set[str]:
    """State-like objects without numbered modifications whose newest item says the same: our own echo, mostly."""
    wanted = {shape.reference: shape for shape in shapes if not hasattr(shape, "modification_number")}
    newest: dict[str, WorkItem] = {}
    for item in WorkItem.objects.filter(reference__in=list(wanted)).order_by("version", "pk"):
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


#: what says how and with what else an object was read, not what it is
_READING = frozenset({"record_revision", "source_event", "version", "parts"})


def _content(subject: dict) -> dict:
    return {key: value for key, value in subject.items() if key not in _READING}


def _retire_older(items: Sequence[WorkItem]) -> None:
    """A newer version of a state-like object makes older unfinished items pointless; their cases close by
    themselves.
    """
    for item in items:
        older = WorkItem.objects.select_for_update().filter(
            flow=item.flow, reference=item.reference, version__lt=item.version
        )
        _supersede(older, note=f"Superseded by version {item.version}")


def _retire_other_splits(contracts: Sequence[SubscriptionContract]) -> set[int]:
    """While nothing of a deal was carried, only the newest way it is split over accounts counts; keys of the items that
    no longer do.
    """
    newest: dict[str, SubscriptionContract] = {}
    for one in sorted(contracts, key=lambda one: one.record_revision):
        if one.modification_kind == "new":
            newest[one.correlation_id] = one
    carried = ContractRecord.objects.filter(correlation_id__in=newest).values_list("correlation_id", flat=True)
    left_out: set[int] = set()
    for deal in newest.keys() - set(carried):
        others = (
            WorkItem.objects.select_for_update()
            .filter(flow=FLOWS[SubscriptionContract.kind].name, correlation_id=deal)
            .filter(subject__modification_kind="new")
            .exclude(reference__in=newest[deal].parts or [newest[deal].reference])
        )
        left_out |= _supersede(others, note="The deal is billed to other accounts by now")
    return left_out


def _supersede(items: QuerySet[WorkItem], *, note: str) -> set[int]:
    """Items that no longer count, where they have not come to an end; their cases close by themselves. Their keys."""
    unfinished = items.exclude(condition__in=[Condition.SETTLED, Condition.SUPERSEDED, Condition.WITHDRAWN])
    found = set(unfinished.values_list("pk", flat=True))
    if found:
        WorkItem.objects.filter(pk__in=found).update(condition=Condition.SUPERSEDED)
        blocks.clear(work_items=found, note=note)
    return found

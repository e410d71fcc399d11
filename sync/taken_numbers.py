"""Changes of a contract that come with a number another record of the CRM has: people see both, nothing is carried.

No number is passed over, so a number at or below what is live is always one that was heard of before: either its own
record says it again, which is an edit, or another record came with it, which is this.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.canonical import Canonical, SubscriptionContract, dump
from sync import blocks, versions
from sync.models import Block, SourceEvent, WorkItem
from sync.states import Lifecycle

REASON = "STALE_VERSION"
#: flow, reference, version: what one work item is about
Key = tuple[str, str, int]
Heard = tuple[SourceEvent, Canonical]
#: per work item, what each record of the source said of it
Said = Mapping[Key, Mapping[str, Heard]]

_CARRIED = (Lifecycle.TRANSFORMED, Lifecycle.RECONCILED)


@dataclass(frozen=True, kw_only=True)
class Late:
    """A change that is left out, and whose number it came with."""

    key: Key
    event: SourceEvent
    shape: SubscriptionContract
    #: what stands at the event that told of it
    note: str
    #: it came with a number that is taken; otherwise it concerns nobody, or hangs on a change that did
    is_told: bool = True

    @property
    def record(self) -> str:
        return self.shape.crm_opportunity_id


def record_of(shape: Canonical) -> str:
    """The record of the source that a shape was read from, where several may speak of one version."""
    return getattr(shape, "crm_opportunity_id", "")


def is_unsold(shape: Canonical) -> bool:
    """Whether it is a deal that is not won, or not any more."""
    return isinstance(shape, SubscriptionContract) and _unsold(shape.commitment)


def _unsold(commitment: Iterable[Sequence[str]]) -> bool:
    return any(tuple(fact) == ("is_won", "false") for fact in commitment)


# -- who has the number ---------------------------------------------------------------------------------
def sort_out(said: Said) -> tuple[dict[Key, Heard], list[Late]]:
    """What counts of what was said of each version, and the changes that came with a number another record has.

    The record that was carried has its number; so has the one heard first while it is won. Of several in one moment it
    is the one signed first. Needs `versions.hold`.
    """
    holders = _holders(key for key in said if key[0] in versions.NUMBERED and key[2] > 1)
    newest: dict[Key, Heard] = {}
    late: list[Late] = []
    for key, records in said.items():
        whose = _whose(records, holders.get(key))
        for record, (event, shape) in records.items():
            if record == whose:
                newest[key] = event, shape
            elif isinstance(shape, SubscriptionContract):
                is_sold = not is_unsold(shape)
                note = (
                    f"has another change {key[2]} already: nothing is carried"
                    if is_sold
                    else "is not won: nothing to do"
                )
                late.append(Late(key=key, event=event, shape=shape, note=f"{shape.reference} {note}", is_told=is_sold))
    return newest, [*late, *_what_hangs_on(late, newest)]


def _holders(keys: Iterable[Key]) -> dict[Key, tuple[str, bool, bool]]:
    """Per version we know: the record it was read from, whether it was carried, and whether it is won."""
    wanted = set(keys)
    if not wanted:
        return {}
    rows = WorkItem.objects.filter(reference__in={reference for _, reference, _ in wanted}, version__gt=1)
    return {
        (flow, reference, version): (record or "", state in _CARRIED, not _unsold(commitment or ()))
        for flow, reference, version, state, record, commitment in rows.values_list(
            "flow", "reference", "version", "state", "subject__crm_opportunity_id", "subject__commitment"
        )
    }


def _whose(records: Mapping[str, Heard], holder: tuple[str, bool, bool] | None) -> str:
    if holder:
        record, is_carried, is_sold = holder
        if record in records:
            is_sold = not is_unsold(records[record][1])
        if is_carried or is_sold:
            return record
    sold = [shape for _, shape in records.values() if not is_unsold(shape)]
    if not sold:
        return holder[0] if holder else next(iter(records))
    return min((str(getattr(shape, "signed_on", "")), record_of(shape)) for shape in sold)[1]


def _what_hangs_on(late: Sequence[Late], newest: dict[Key, Heard]) -> list[Late]:
    """Take out the contracts that late assignments would begin for their new customers."""
    assigned = {one.record for one in late if one.is_told and one.shape.modification_kind == "assignment"}
    found = []
    for key, (event, shape) in list(newest.items()):
        if isinstance(shape, SubscriptionContract) and shape.continues_reference and record_of(shape) in assigned:
            del newest[key]
            note = f"{shape.reference} begins with a change whose number is taken: nothing is carried"
            found.append(Late(key=key, event=event, shape=shape, note=note, is_told=False))
    return found


# -- people ---------------------------------------------------------------------------------------------
def tell(late: Sequence[Late], said: Said) -> None:
    """Put a stop on each version whose number another record came with, with all that record says; take back those
    that have a number of their own by now, or are not won any more. What was decided is asked again only once the
    record was edited. Needs a transaction, and the items of what was heard.
    """
    told = [one for one in late if one.is_told]
    _let_go(told, said)
    by_key: dict[Key, list[Late]] = {}
    for one in told:
        by_key.setdefault(one.key, []).append(one)
    if not by_key:
        return
    items = {
        (item.flow, item.reference, item.version): item
        for item in WorkItem.objects.filter(reference__in={reference for _, reference, _ in by_key})
        .select_related("event__connection", "entity")
        .order_by("version")
    }
    live = {reference: version for (_, reference, version), item in items.items() if item.state in _CARRIED}
    before: dict[int, list[Block]] = {}
    for block in Block.objects.filter(reason=REASON, work_item__in=[items[key].pk for key in by_key]).order_by("pk"):
        before.setdefault(block.work_item_id or 0, []).append(block)
    for key, ones in by_key.items():
        item = items[key]
        _tell_of(item, ones, before.get(item.pk, []), live=live.get(item.reference, 0))


def _tell_of(item: WorkItem, ones: Sequence[Late], before: Sequence[Block], *, live: int) -> None:
    open_now: dict[str, Any] = next((block.evidence["late"] for block in before if block.cleared_at is None), {})
    read = {
        record: subject["record_revision"] for block in before for record, subject in block.evidence["late"].items()
    }
    fresh = {one.record: dump(one.shape) for one in ones if one.shape.record_revision > read.get(one.record, -1)}
    fresh = {record: subject for record, subject in fresh.items() if not _same(subject, open_now.get(record))}
    if fresh:
        _put(item, {**open_now, **fresh}, live=live, note="The late change says something else by now")


def _same(subject: dict[str, Any], other: dict[str, Any] | None) -> bool:
    ours = {name: value for name, value in subject.items() if name not in ("record_revision", "source_event")}
    return other is not None and all(other.get(name) == value for name, value in ours.items())


def _put(item: WorkItem, late: dict[str, dict[str, Any]], *, live: int, note: str) -> None:
    """One stop with all changes that want the number; one that is open with others is over."""
    blocks.clear(work_items=[item.pk], reasons={REASON}, note=note)
    evidence: dict[str, Any] = {"late": late, "live": live}
    if [one["currency"] for one in late.values()] == [item.currency]:
        evidence["amount"] = next(iter(late.values()))["amount"]
    blocks.put(
        [
            blocks.Stop(
                work_item=item, reason=REASON, field="modification number", value=_words(item, late), evidence=evidence
            )
        ]
    )


def _words(item: WorkItem, late: dict[str, dict[str, Any]]) -> str:
    names = [f"{one['name'][:50]} ({record})".strip() for record, one in late.items()]
    holder = f"{item.subject.get('name', '')[:50]} ({record_of_item(item)})".strip()
    return f"change {item.version} is {holder}; {', '.join(names)} came with the same number"


def record_of_item(item: WorkItem) -> str:
    """The record of the source that has this version."""
    return str(item.subject.get("crm_opportunity_id", ""))


def _let_go(late: Sequence[Late], said: Said) -> None:
    """Stops over changes that were edited and do not want the number any more."""
    heard: dict[str, int] = {}
    for records in said.values():
        for record, (_, shape) in records.items():
            heard[record] = max(heard.get(record, -1), getattr(shape, "record_revision", -1))
    heard.pop("", None)
    if not heard:
        return
    wanted = {(one.record, one.key[1], one.key[2]) for one in late}
    rows = Block.objects.filter(reason=REASON, cleared_at=None, evidence__late__has_any_keys=sorted(heard))
    for block in rows.select_related("work_item__event__connection", "work_item__entity"):
        item, before = block.work_item, block.evidence["late"]
        assert item is not None
        left = {
            record: subject
            for record, subject in before.items()
            if record not in heard
            or (record, item.reference, item.version) in wanted
            or (heard[record] <= subject["record_revision"] and record != record_of_item(item))
        }
        if not left:
            blocks.clear(work_items=[item.pk], reasons={REASON}, note="The late change wants this number no more")
        elif len(left) < len(before):
            _put(item, left, live=block.evidence["live"], note="One of the late changes wants this number no more")

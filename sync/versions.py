"""Which version of an object counts: one writer at a time, no effect of older ones, modifications in order."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection as database
from django.db.models import Max

from connectors.canonical import KINDS, Canonical
from sync.models import WorkItem
from sync.pipelines.registry import FLOWS
from sync.states import Condition, Lifecycle

FLOW_KINDS: dict[str, type[Canonical]] = {flow.name: KINDS[flow.kind] for flow in FLOWS.values()}
#: flows whose versions are numbered modifications: each is an event of its own, none is ever skipped
NUMBERED = frozenset(
    name for name, kind in FLOW_KINDS.items() if "modification_number" in getattr(kind, "__dataclass_fields__", {})
)
#: flows of objects that are only ever as they are now: a newer version makes an older one pointless
REPLACED = frozenset(name for name, kind in FLOW_KINDS.items() if kind.state_like) - NUMBERED
#: conditions after which a modification holds nothing up any more
_OVER = (Condition.SETTLED, Condition.SUPERSEDED, Condition.WITHDRAWN)


def hold(references: Iterable[str]) -> None:
    """Be the only one who registers or works these objects until the transaction ends.

    Always taken before any row is locked and in one order, so that two workers wait for each other only one way.
    """
    numbers = sorted({_number(reference) for reference in references})
    if numbers:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS number", [numbers])


def _number(reference: str) -> int:
    return int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8], signed=True)


def newest_of(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(flow, reference) -> the newest version we have heard of, for objects where only the newest counts."""
    wanted = {(flow, reference) for flow, reference in pairs if flow in REPLACED}
    if not wanted:
        return {}
    rows = (
        WorkItem.objects.filter(flow__in={flow for flow, _ in wanted}, reference__in={key for _, key in wanted})
        .order_by()
        .values_list("flow", "reference")
        .annotate(newest=Max("version"))
    )
    return {(flow, reference): newest for flow, reference, newest in rows}


# -- modifications --------------------------------------------------------------------------------------
def parse_modification(name: str) -> tuple[str, int] | None:
    """Reference and number of a modification's name; None for the name of a whole object."""
    reference, at, number = name.rpartition("@")
    return (reference, int(number)) if at and number.isascii() and number.isdigit() else None


def over(rows: Iterable[tuple[str, int, str, str]]) -> dict[str, set[int]]:
    """Reference -> modifications that hold nothing up, of (reference, version, state, condition)."""
    found: dict[str, set[int]] = {}
    for reference, version, state, condition in rows:
        if condition in _OVER or state in (Lifecycle.TRANSFORMED, Lifecycle.RECONCILED):
            found.setdefault(reference, set()).add(version)
    return found


def too_early(flow: str, items: Sequence[WorkItem], *, goes_through: Mapping[int, bool]) -> dict[int, tuple[int, bool]]:
    """Items whose modification may not go yet: item id -> the first one before it that is missing, and whether we
    have heard of that one. Needs `hold`, and items of one object with rising versions.
    """
    later = [item for item in items if item.version > 1]
    if flow not in NUMBERED or not later:
        return {}
    rows = list(
        WorkItem.objects.filter(flow=flow, reference__in={item.reference for item in later}).values_list(
            "reference", "version", "state", "condition"
        )
    )
    done, heard = over(rows), {(reference, version) for reference, version, _, _ in rows}
    early: dict[int, tuple[int, bool]] = {}
    for item in items:
        passed = done.setdefault(item.reference, set())
        missing = next(number for number in range(1, len(passed) + 2) if number not in passed)
        if missing < item.version:
            early[item.pk] = (missing, (item.reference, missing) in heard)
        elif goes_through[item.pk]:
            passed.add(item.version)
    return early


def waves(flow: str, items: Sequence[WorkItem]) -> list[list[WorkItem]]:
    """Items as they may be worked together: of one object's numbered modifications one at a time, since each builds
    on the record of the one before. Needs items of one object with rising versions.
    """
    if flow not in NUMBERED:
        return [list(items)]
    found: list[list[WorkItem]] = []
    seen: dict[str, int] = {}
    for item in items:
        place = seen.get(item.reference, 0)
        seen[item.reference] = place + 1
        if place == len(found):
            found.append([])
        found[place].append(item)
    return found


def in_order(items: Sequence[Any]) -> list[Any]:
    """The same order, but versions of one object rise: what is owed first is sent first."""
    places: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(item.reference, []).append(place)
    ordered = list(items)
    for numbers in places.values():
        if len(numbers) > 1:
            for place, item in zip(numbers, sorted((items[n] for n in numbers), key=_version), strict=True):
                ordered[place] = item
    return ordered


def _version(item: Any) -> int:
    return int(item.version)

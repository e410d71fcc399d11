"""Writes shapes into their records, field by field, in one statement per table."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.canonical import Canonical
from sync import clock
from sync.models import WorkItem
from sync.pipelines.flow import Lookups


def items_of(flow: str, references: Iterable[str]) -> dict[str, WorkItem]:
    """The items of a flow by reference, locked: of two that judge the same one anew, the later sees what the first
    stored. Needs a transaction.
    """
    rows = WorkItem.objects.select_for_update(no_key=True, of=("self",)).filter(
        flow=flow, reference__in=list(references)
    )
    return {item.reference: item for item in rows.order_by("pk")}


def values_of(subject: Any, model: type[Any], *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The subject's fields that the record has too; nested shapes become plain data."""
    columns = {column.name for column in model._meta.concrete_fields}
    return {
        item.name: _plain(getattr(subject, item.name))
        for item in dataclasses.fields(subject)
        if item.name in columns and item.name not in without
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, tuple):
        return [list(item) if isinstance(item, tuple) else item for item in value]
    return value


def put(subjects: Sequence[Canonical], model: type[Any], lookups: Lookups, *, stamp: str) -> dict[str, Any]:
    """Insert records of documents, each once. Returns the saved rows by reference."""
    rows = {subject.reference: _row(subject, model, lookups, stamp) for subject in subjects}
    model.objects.bulk_create(rows.values(), ignore_conflicts=True)
    return {row.reference: row for row in model.objects.filter(reference__in=list(rows))}


def put_newest(subjects: Sequence[Canonical], model: type[Any], lookups: Lookups, *, stamp: str) -> dict[str, Any]:
    """Insert or overwrite records of which only the newest version is kept; an older version changes nothing,
    whatever the order, also within this batch. Returns the saved rows by reference.
    """
    rows: dict[str, Any] = {}
    for subject in subjects:
        if subject.reference not in rows or subject.version > rows[subject.reference].version:
            rows[subject.reference] = _row(subject, model, lookups, stamp)
    known = {row.reference: row for row in model.objects.select_for_update().filter(reference__in=list(rows))}
    newer = []
    for key, row in rows.items():
        if key in known and row.version > known[key].version:
            row.pk = known[key].pk
            newer.append(row)
    model.objects.bulk_create(row for key, row in rows.items() if key not in known)
    if newer:
        names = [column.name for column in model._meta.concrete_fields if not column.primary_key]
        model.objects.bulk_update(newer, names)
    return {row.reference: row for row in model.objects.filter(reference__in=list(rows))}


def put_versions(
    subjects: Sequence[Canonical], model: type[Any], lookups: Lookups, *, stamp: str
) -> dict[tuple[str, int], Any]:
    """Insert records of which every version is kept. Returns the saved rows by reference and version."""
    rows = {(one.reference, one.version): _row(one, model, lookups, stamp) for one in subjects}
    model.objects.bulk_create(rows.values(), ignore_conflicts=True)
    saved = model.objects.filter(reference__in={reference for reference, _ in rows})
    return {(row.reference, row.version): row for row in saved if (row.reference, row.version) in rows}


def _row(subject: Canonical, model: type[Any], lookups: Lookups, stamp: str) -> Any:
    values = values_of(subject, model, without=("legal_entity",))
    return model(**values, legal_entity=lookups.entities[subject.legal_entity], **{stamp: clock.now()})

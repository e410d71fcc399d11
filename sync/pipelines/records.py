"""Writes shapes into their records, field by field, in one statement per table."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.canonical import Canonical
from sync import clock
from sync.pipelines.flow import Lookups


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


def put(
    subjects: Sequence[Canonical], model: type[Any], lookups: Lookups, *, newest_wins: bool, stamp: str
) -> dict[str, Any]:
    """Insert records for these subjects; documents once, state-like ones overwritten by a higher version.

    Returns the saved rows by reference.
    """
    now = clock.now()
    rows = {}
    for subject in subjects:
        values = values_of(subject, model, without=("legal_entity",))
        rows[subject.reference] = model(**values, legal_entity=lookups.entities[subject.legal_entity], **{stamp: now})
    if newest_wins:
        known = {row.reference: row for row in model.objects.select_for_update().filter(reference__in=list(rows))}
        fresh = [row for key, row in rows.items() if key not in known]
        newer = []
        for key, row in rows.items():
            if key in known and row.version > known[key].version:
                row.pk = known[key].pk
                newer.append(row)
        model.objects.bulk_create(fresh)
        if newer:
            names = [column.name for column in model._meta.concrete_fields if not column.primary_key]
            model.objects.bulk_update(newer, names)
    else:
        model.objects.bulk_create(rows.values(), ignore_conflicts=True)
    return {row.reference: row for row in model.objects.filter(reference__in=list(rows))}

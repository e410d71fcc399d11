"""Set-based writes: many rows of one table in one UPDATE, in key order."""

from collections.abc import Sequence
from typing import Any

from django.db import connection as database
from django.db import models


def update(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of these rows in one statement. Django's own bulk_update builds one CASE per row and field.

    Rows that keep a history are refused: it would not hear of this.
    """
    if not rows:
        return
    model = type(rows[0])
    if hasattr(model._meta, "simple_history_manager_attribute"):
        raise TypeError(f"{model.__name__} keeps a history: save its rows one by one.")
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    key: Any = model._meta.pk
    ordered = sorted(rows, key=lambda row: row.pk)
    columns = [key.column, *(field.column for field in fields)]
    types = [
        key.rel_db_type(database),
        *(field.rel_db_type(database) if field.is_relation else field.db_type(database) for field in fields),
    ]
    values: list[list[Any]] = [[row.pk for row in ordered]]
    for field in fields:
        values.append([field.get_db_prep_save(getattr(row, field.attname), database) for row in ordered])
    table = database.ops.quote_name(model._meta.db_table)
    arrays = ", ".join(f"%s::{_plain(kind)}[]" for kind in types)
    names_sql = ", ".join(f'"{column}"' for column in columns)
    sets = ", ".join(f'"{column}" = given."{column}"' for column in columns[1:])
    with database.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {sets} FROM unnest({arrays}) AS given({names_sql})"  # noqa: S608 - names from the model
            f' WHERE {table}."{key.column}" = given."{key.column}"',
            values,
        )


def _plain(kind: str | None) -> str:
    """A column type usable in a cast: checks and lengths belong to the table."""
    return (kind or "text").split(" CHECK")[0].replace("serial", "integer").replace("bigserial", "bigint")

"""One row of any table, with plain values in every field: for tests that look at pages and not at contents."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models

from sync import clock

DAY = date(2026, 11, 20)


def any_row(model: type[models.Model], **values: Any) -> Any:
    """A saved row; what it points to is the first row there is, or one made the same way."""
    for column in model._meta.concrete_fields:
        if column.name in values or column.primary_key or column.has_default() or column.null:
            continue
        values[column.name] = _value(column)
    return model._default_manager.create(**values)


def _value(column: Any) -> Any:
    if column.is_relation:
        other = column.related_model
        return other._default_manager.first() or any_row(other)
    if isinstance(column, models.DateTimeField):
        return clock.now()
    if isinstance(column, models.DateField):
        return DAY
    if isinstance(column, models.DecimalField):
        # what is taxed or applied is no amount of its own
        return Decimal(column.name not in ("tax", "applied"))
    if isinstance(column, models.BooleanField):
        return False
    if isinstance(column, models.IntegerField):
        return 1
    if isinstance(column, models.JSONField):
        return []
    if column.name.endswith("currency"):
        return "USD"
    if column.choices:
        return column.choices[0][0]
    return "" if column.blank else column.name[: column.max_length or 20]

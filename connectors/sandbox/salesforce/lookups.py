"""Which records an index offers for a condition, so that a query need not look at all of them."""

from collections.abc import Iterable

from connectors.sandbox.salesforce import soql
from connectors.sandbox.salesforce.conditions import Conditions, Place
from connectors.sandbox.salesforce.objects import ObjectType
from connectors.sandbox.salesforce.records import Records

LAST = "9999-99"


def offered_ids(
    records: Records, kind: ObjectType, where: soql.Condition | None, conditions: Conditions
) -> Iterable[str] | None:
    """Ids that may satisfy the condition, some too many but never too few; None = look at every record."""
    parts = where.conditions if isinstance(where, soql.AllOf) else (where,)
    ranges: dict[str, tuple[str, str]] = {}
    for part in parts:
        if not isinstance(part, soql.Comparison) or isinstance(part.value, soql.Query):
            continue
        field = kind.by_lower_name.get(part.path.lower())
        if field is None:
            continue
        literals = part.value if isinstance(part.value, tuple) else (part.value,)
        here = Place(conditions.text, part.place)
        if part.operator in ("=", "IN") and all(literal.kind == "text" for literal in literals):
            if field.name == "Id" or records.is_indexed(kind.name, field.name):
                values = [conditions.value(field, literal, here) for literal in literals]
                if field.name == "Id":
                    return values
                return [key for value in values for key in records.ids_by(kind.name, field.name, value)]
        if literals[0].kind == field.type and (field.type == "date" or field.name == "SystemModstamp"):
            first, last = ranges.get(field.name, ("", LAST))
            value = conditions.value(field, literals[0], here)
            if part.operator in (">", ">=", "="):
                first = max(first, value)
            if part.operator in ("<", "<=", "="):
                last = min(last, value)
            ranges[field.name] = (first, last)
    for name, (first, last) in ranges.items():
        if (first, last) == ("", LAST):
            continue
        if name != "SystemModstamp":
            return records.ids_between(kind.name, name, first, last)
        if first:
            return records.ids_stamped(kind.name, first, last)
    return None

"""Grouping in queries: COUNT, COUNT_DISTINCT, SUM, AVG, MIN and MAX over groups of records."""

from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce import soql
from connectors.sandbox.salesforce.conditions import Place, comparable, getter, walk
from connectors.sandbox.salesforce.fields import NUMBERS, Field, to_json
from connectors.sandbox.salesforce.objects import ObjectType
from connectors.sandbox.salesforce.records import Records


def grouped_rows(
    records: Records, kind: ObjectType, query: soql.Query, rows: list[Document], text: str
) -> list[dict[str, Any]]:
    """The rows of an aggregate query as they are shown. Raises SalesforceError."""
    by = []
    for column in query.group_by:
        references, field = walk(kind, column.path, Place(text, column.place))
        by.append((column.path.lower(), field, getter(records, references, field)))
    grouped = {path for path, _, _ in by}
    for item in query.select:
        if isinstance(item, soql.Query):
            raise Place(text, item.place).error("MALFORMED_QUERY", "sub-selects are not allowed in grouped queries")
        if isinstance(item, soql.Column) and item.path.lower() not in grouped:
            raise Place(text, item.place).error("MALFORMED_QUERY", f"Field must be grouped or aggregated: {item.path}")
    groups: dict[tuple[Any, ...], list[Document]] = {} if by else {(): []}
    for row in rows:
        groups.setdefault(tuple(comparable(field, get(row)) for _, field, get in by), []).append(row)
    answers = []
    for members in groups.values():
        answer: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        unnamed = 0
        for item in query.select:
            if isinstance(item, soql.Aggregate):
                answer[item.alias or f"expr{unnamed}"] = _aggregate(records, kind, item, members, text)
                unnamed += not item.alias
            elif isinstance(item, soql.Column):
                _, field, get = next(one for one in by if one[0] == item.path.lower())
                answer[item.path.rpartition(".")[2]] = to_json(field, get(members[0]))
        keys = [_order_key(records, kind, order, members, query, text) for order in query.order_by]
        answers.append((keys, answer))
    for place, order in reversed(list(enumerate(query.order_by))):
        known = [pair for pair in answers if pair[0][place] is not None]
        empty = [pair for pair in answers if pair[0][place] is None]
        known.sort(key=lambda pair: pair[0][place], reverse=order.descending)
        answers = known + empty if order.nulls_last else empty + known
    end = None if query.limit is None else query.offset + query.limit
    return [answer for _, answer in answers][query.offset : end]


def _order_key(
    records: Records, kind: ObjectType, order: soql.Order, members: list[Document], query: soql.Query, text: str
) -> Any:
    if "(" in order.path:
        function, _, path = order.path.rstrip(")").partition("(")
        return _aggregate(records, kind, soql.Aggregate(function, path, place=order.place), members, text)
    if order.path.lower() not in {column.path.lower() for column in query.group_by}:
        raise Place(text, order.place).error(
            "MALFORMED_QUERY", f"Ordered field must be grouped or aggregated: {order.path}"
        )
    references, field = walk(kind, order.path, Place(text, order.place))
    return comparable(field, getter(records, references, field)(members[0]))


def _aggregate(records: Records, kind: ObjectType, item: soql.Aggregate, members: list[Document], text: str) -> Any:
    where = Place(text, item.place)
    if item.function not in soql.AGGREGATES or not item.path:
        raise where.error("MALFORMED_QUERY", f"unexpected token: '{item.function}'")
    references, field = walk(kind, item.path, where)
    get = getter(records, references, field)
    values = [value for row in members if (value := get(row)) is not None]
    if item.function == "COUNT":
        return len(values)
    if item.function == "COUNT_DISTINCT":
        return len({comparable(field, value) for value in values})
    if item.function in ("SUM", "AVG"):
        if field.type not in NUMBERS:
            raise where.error(
                "MALFORMED_QUERY", f"field {field.name} does not support aggregate operator {item.function}"
            )
        if not values:
            return None
        total = sum((Decimal(value) for value in values), Decimal(0))
        return float(total if item.function == "SUM" else total / len(values))
    return _extreme(field, item.function, values)


def _extreme(field: Field, function: str, values: list[Any]) -> Any:
    if not values:
        return None
    choose = min if function == "MIN" else max
    return to_json(field, choose(values, key=lambda value: comparable(field, value)))

"""Conditions of a query as Python: paths become getters, comparisons become tests of one record."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce import soql
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.fields import NUMBERS, Field, instant, parse_instant
from connectors.sandbox.salesforce.ids import long_id
from connectors.sandbox.salesforce.moments import days_of
from connectors.sandbox.salesforce.objects import OBJECTS, ObjectType
from connectors.sandbox.salesforce.records import Records, folded

Test = Callable[[Document], bool]
Getter = Callable[[Document], Any]
#: runs the query of a semi-join: the values of its one column
Runner = Callable[[soql.Query], set[Any]]

ORDERS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
#: types whose values in the books compare as they are
AS_STORED = frozenset({"id", "reference", "boolean", "date", "datetime"})
EPOCH_END = {"date": "", "datetime": "T23:59:59.999+0000"}


@dataclass(frozen=True)
class Place:
    """Where in a query something stands, for messages that point at it."""

    text: str
    place: int

    def error(self, code: str, message: str) -> SalesforceError:
        return SalesforceError(code, soql.pointed(self.text, self.place, message))


def walk(kind: ObjectType, path: str, where: Place) -> tuple[list[Field], Field]:
    """The references to follow and the field at the end. Raises INVALID_FIELD."""
    *relations, last = path.split(".")
    if relations and relations[0].lower() == kind.name.lower() and relations[0].lower() not in kind.parents:
        relations = relations[1:]
    references = []
    for relation in relations:
        reference = kind.parents.get(relation.lower())
        if reference is None:
            raise where.error(
                "INVALID_FIELD",
                f"Didn't understand relationship '{relation}' in field path. If you are attempting to use a custom"
                " relationship, be sure to append the '__r' after the custom relationship name. Please reference your"
                " WSDL or the describe call for the appropriate names.",
            )
        references.append(reference)
        kind = OBJECTS[reference.refers_to]
    field = kind.by_lower_name.get(last.lower())
    if field is None:
        raise where.error(
            "INVALID_FIELD",
            f"No such column '{last}' on entity '{kind.name}'. If you are attempting to use a custom field, be sure to"
            " append the '__c' after the custom field name. Please reference your WSDL or the describe call for the"
            " appropriate names.",
        )
    return references, field


def getter(records: Records, references: list[Field], field: Field) -> Getter:
    """Reads the value at the end of a path from a record, as the books hold it; None where the path breaks."""
    name = field.name
    if not references:
        return (lambda record: record.get(name, False)) if field.type == "boolean" else (lambda r: r.get(name))

    def follow(record: Document) -> Any:
        for reference in references:
            found = records.get(reference.refers_to, record.get(reference.name) or "")
            if found is None:
                return None
            record = found
        return record.get(name)

    return follow


def comparable(field: Field, value: Any) -> Any:
    """A value of the books in the form that compares as Salesforce compares."""
    if value is None:
        return None
    if field.type in NUMBERS:
        return Decimal(value)
    return value if field.type in AS_STORED else folded(value)


def _both(tests: list[Test]) -> Test:
    def holds(record: Document) -> bool:
        # A plain loop: `all` with a generator costs three times as much, and this runs for every record.
        for test in tests:
            if not test(record):
                return False
        return True

    return holds


class Conditions:
    """Compiles the conditions of one query against one object."""

    def __init__(self, records: Records, kind: ObjectType, text: str, run: Runner) -> None:
        self.records = records
        self.kind = kind
        self.text = text
        self.run = run

    def test(self, condition: soql.Condition) -> Test:
        if isinstance(condition, soql.Not):
            inner = self.test(condition.condition)
            return lambda record: not inner(record)
        if isinstance(condition, soql.AllOf):
            return _both([self.test(part) for part in condition.conditions])
        if isinstance(condition, soql.AnyOf):
            tests = [self.test(part) for part in condition.conditions]
            return lambda record: any(test(record) for test in tests)
        return self.compare(condition)

    def compare(self, comparison: soql.Comparison) -> Test:
        where = Place(self.text, comparison.place)
        references, field = walk(self.kind, comparison.path, where)
        if field.length > 4000:
            raise where.error("INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")
        get = getter(self.records, references, field)
        value, sign = comparison.value, comparison.operator
        if sign in ("IN", "NOT IN"):
            if isinstance(value, soql.Query):
                wanted = {comparable(field, found) for found in self.run(value)}
            else:
                assert isinstance(value, tuple)
                wanted = {self.value(field, one, where) for one in value}
            if field.type in AS_STORED:
                return (lambda r: get(r) in wanted) if sign == "IN" else (lambda r: get(r) not in wanted)
            inside = sign == "IN"
            return lambda record: (comparable(field, get(record)) in wanted) is inside
        assert isinstance(value, soql.Literal)
        if sign == "LIKE":
            return self._like(field, get, str(value.value), where)
        if value.kind == "range":
            return self._range(field, get, sign, value.value, where)
        want = self.value(field, value, where)
        if want is None and sign not in ("=", "!="):
            raise where.error("INVALID_FIELD", f"invalid operator on null: {sign}")
        if sign in ("=", "!="):
            equal = sign == "="
            if field.type in AS_STORED:
                return (lambda r: get(r) == want) if equal else (lambda r: get(r) != want)
            return lambda record: (comparable(field, get(record)) == want) is equal
        if field.type == "boolean":
            raise where.error("INVALID_FIELD", "invalid operator on boolean field")
        return self._ordered(field, get, ORDERS[sign], want)

    def _ordered(self, field: Field, get: Getter, holds: Callable[[Any, Any], bool], want: Any) -> Test:
        def ordered(record: Document) -> bool:
            found = get(record)
            return found is not None and holds(comparable(field, found), want)

        def ordered_as_stored(record: Document) -> bool:
            found = get(record)
            return found is not None and holds(found, want)

        return ordered_as_stored if field.type in AS_STORED else ordered

    def _like(self, field: Field, get: Getter, pattern: str, where: Place) -> Test:
        if field.type in NUMBERS or field.type in AS_STORED:
            raise where.error("INVALID_FIELD", f"invalid operator on {field.type} field")
        parts = re.split(f"({soql.LITERAL}.|%|_)", pattern, flags=re.DOTALL)
        expression = "".join(
            {"%": ".*", "_": "."}.get(part) or re.escape(part.removeprefix(soql.LITERAL)) for part in parts
        )
        matches = re.compile(expression, re.IGNORECASE | re.DOTALL).fullmatch
        return lambda record: matches(get(record) or "") is not None

    def _range(self, field: Field, get: Getter, sign: str, word: str, where: Place) -> Test:
        if field.type not in EPOCH_END:
            raise self._mistyped(field, where)
        first_day, last_day = days_of(word, datetime.now(UTC).date())
        first, last = first_day.isoformat(), last_day.isoformat() + EPOCH_END[field.type]
        tests: dict[str, Callable[[str], bool]] = {
            "=": lambda v: first <= v <= last,
            "!=": lambda v: not first <= v <= last,
            "<": lambda v: v < first,
            ">": lambda v: v > last,
            "<=": lambda v: v <= last,
            ">=": lambda v: v >= first,
        }
        holds = tests[sign]

        def in_range(record: Document) -> bool:
            found = get(record)
            return holds(found) if found is not None else sign == "!="

        return in_range

    def value(self, field: Field, literal: soql.Literal, where: Place) -> Any:
        """The literal in comparable form. Raises INVALID_FIELD when its type does not fit the field."""
        if literal.kind == "null":
            return False if field.type == "boolean" else None
        if field.type in ("id", "reference") and literal.kind == "text":
            known = long_id(literal.value)
            if known is None:
                raise where.error("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}")
            return known
        wanted = {"boolean": "boolean", "date": "date", "datetime": "datetime"}.get(
            field.type, "number" if field.type in NUMBERS else "text"
        )
        if literal.kind != wanted:
            raise self._mistyped(field, where)
        if wanted in ("date", "datetime"):
            try:
                moment = parse_instant(literal.value.upper())
            except ValueError:
                raise where.error("MALFORMED_QUERY", f"invalid {wanted}: {literal.value}") from None
            return instant(moment) if wanted == "datetime" else literal.value
        return folded(literal.value)

    def _mistyped(self, field: Field, where: Place) -> SalesforceError:
        kind = {"datetime": "dateTime", "currency": "currency", "reference": "reference"}.get(field.type, field.type)
        quotes = (
            "should not be" if field.type in NUMBERS or field.type in ("boolean", "date", "datetime") else "should be"
        )
        return where.error(
            "INVALID_FIELD",
            f"value of filter criterion for field '{field.name}' must be of type {kind}"
            f" and {quotes} enclosed in quotes",
        )

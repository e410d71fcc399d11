"""Running queries: which records to look at, which hold, in what order, and what of each is shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce import soql
from connectors.sandbox.salesforce.aggregates import grouped_rows
from connectors.sandbox.salesforce.conditions import Conditions, Place, comparable, getter, walk
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.fields import NUMBERS, Field, to_json
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.lookups import offered_ids
from connectors.sandbox.salesforce.objects import CHILDREN, OBJECTS, ObjectType, find_type
from connectors.sandbox.salesforce.records import Records

Shown = Callable[[Document], dict[str, Any]]
MOST_CURSORS = 200


@dataclass(frozen=True)
class Found:
    """A query's outcome: records still to be shown (or shown rows of an aggregate) and how to show one."""

    rows: list[Document]
    show: Shown
    #: of COUNT(), which gives a number and no rows
    count: int | None = None


class Queries:
    """Runs SOQL and keeps the cursors of answers that did not fit into one page."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._cursors: dict[str, Found] = {}
        self._last_cursor = 0

    # -- answers ----------------------------------------------------------------------------------
    def answer(self, text: str, *, base: str, batch: int = 2000, deleted: bool = False) -> dict[str, Any]:
        """The body of /query; `base` is the path up to and including the version. Raises SalesforceError."""
        found = self.run(soql.parse(text), text, base=base, deleted=deleted)
        if found.count is not None:
            return {"totalSize": found.count, "done": True, "records": []}
        return self._page(found, "", 0, base, batch)

    def more(self, locator: str, *, base: str, batch: int = 2000) -> dict[str, Any]:
        """The next page. Raises INVALID_QUERY_LOCATOR."""
        cursor, _, start = locator.partition("-")
        found = self._cursors.get(cursor)
        if found is None or not start.isdigit() or int(start) >= len(found.rows):
            raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(found, cursor, int(start), base, batch)

    def _page(self, found: Found, cursor: str, start: int, base: str, batch: int) -> dict[str, Any]:
        end = start + batch
        page: dict[str, Any] = {"totalSize": len(found.rows), "done": end >= len(found.rows)}
        if not page["done"]:
            if not cursor:
                self._last_cursor += 1
                # Restarts lose cursors, and the old locator must not fit a new one.
                cursor = make_id("01g", int(datetime.now(UTC).timestamp()) * 10_000 + self._last_cursor)
                self._cursors[cursor] = found
                while len(self._cursors) > MOST_CURSORS:
                    del self._cursors[next(iter(self._cursors))]
            page["nextRecordsUrl"] = f"{base}/query/{cursor}-{end}"
        page["records"] = [found.show(row) for row in found.rows[start:end]]
        return page

    # -- running ----------------------------------------------------------------------------------
    def run(self, query: soql.Query, text: str, *, base: str, deleted: bool = False) -> Found:
        kind = find_type(query.source)
        if kind is None:
            raise Place(text, query.place).error(
                "INVALID_TYPE",
                f"sObject type '{query.source}' is not supported. If you are attempting to use a custom object, be sure"
                " to append the '__c' after the entity name. Please reference your WSDL or the describe call for the"
                " appropriate names.",
            )
        if query.offset > 2000:
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        deleted = deleted or query.all_rows
        conditions = Conditions(self.records, kind, text, lambda inner: self._column(inner, text))
        test = conditions.test(query.where) if query.where else None
        rows: Iterable[Document] = self._candidates(kind, query.where, conditions, deleted=deleted)
        chosen = [row for row in rows if test(row)] if test else list(rows)
        first = query.select[0]
        if isinstance(first, soql.Aggregate) and first.function == "COUNT" and not first.path:
            if len(query.select) > 1:
                raise Place(text, first.place).error(
                    "MALFORMED_QUERY", "COUNT() must be the only element in the SELECT list"
                )
            return Found([], dict, count=len(chosen) if query.limit is None else min(len(chosen), query.limit))
        if query.group_by or any(isinstance(item, soql.Aggregate) for item in query.select):
            return Found(grouped_rows(self.records, kind, query, chosen, text), dict)
        show = self._shown(kind, query, text, base)
        return Found(self._ordered(kind, query, chosen, text), show)

    def _ordered(self, kind: ObjectType, query: soql.Query, rows: list[Document], text: str) -> list[Document]:
        for order in reversed(query.order_by):
            references, field = walk(kind, order.path, Place(text, order.place))
            get = getter(self.records, references, field)
            keyed = [(comparable(field, get(row)), row) for row in rows]
            nulls = [row for key, row in keyed if key is None]
            rest = [pair for pair in keyed if pair[0] is not None]
            rest.sort(key=lambda pair: pair[0], reverse=order.descending)
            rows = [row for _, row in rest]
            rows = rows + nulls if order.nulls_last else nulls + rows
        end = None if query.limit is None else query.offset + query.limit
        return rows[query.offset : end] if query.offset or end is not None else rows

    def _column(self, query: soql.Query, text: str) -> set[Any]:
        """The values of a semi-join's one column."""
        item = query.select[0]
        if len(query.select) != 1 or not isinstance(item, soql.Column):
            raise Place(text, query.place).error(
                "MALFORMED_QUERY", "semi join sub-selects must have exactly one column"
            )
        kind = find_type(query.source)
        found = self.run(query, text, base="")
        assert kind is not None
        get = getter(self.records, *walk(kind, item.path, Place(text, item.place)))
        return {value for row in found.rows if (value := get(row)) is not None}

    # -- which records to look at -----------------------------------------------------------------
    def _candidates(
        self, kind: ObjectType, where: soql.Condition | None, conditions: Conditions, *, deleted: bool
    ) -> Iterable[Document]:
        keys = offered_ids(self.records, kind, where, conditions)
        if keys is None:
            yield from self.records.rows(kind.name, deleted=deleted)
            return
        for key in dict.fromkeys(keys):
            row = self.records.get(kind.name, key)
            if row is not None:
                yield row
        if deleted:
            yield from self.records.rows(kind.name + ".deleted")

    # -- what is shown ----------------------------------------------------------------------------
    def _shown(self, kind: ObjectType, query: soql.Query, text: str, base: str) -> Shown:
        paths: dict[tuple[str, ...], None] = {}
        nested: dict[str, tuple[Field, soql.Query, ObjectType]] = {}
        for item in query.select:
            if isinstance(item, soql.Query):
                child = CHILDREN.get((kind.name, item.source.lower()))
                if child is None:
                    raise Place(text, item.place).error(
                        "INVALID_TYPE", f"Didn't understand relationship '{item.source}' in FROM part of query call."
                    )
                nested[child[1].children] = (child[1], replace(item, source=child[0].name), child[0])
                continue
            assert isinstance(item, soql.Column)
            for path in self._spelled_out(kind, item, query, text):
                if path in paths:
                    raise Place(text, item.place).error("MALFORMED_QUERY", f"duplicate field selected: {item.path}")
                paths[path] = None
        show = shown(self.records, kind, list(paths), base)
        if not nested:
            return show
        inner = {
            name: (field, self._child_rows(child, field, inner_query, text, base))
            for name, (field, inner_query, child) in nested.items()
        }

        def with_children(row: Document) -> dict[str, Any]:
            answer = show(row)
            for name, (_, rows_of) in inner.items():
                children = rows_of(row["Id"])
                answer[name] = {"totalSize": len(children), "done": True, "records": children} if children else None
            return answer

        return with_children

    def _child_rows(
        self, child: ObjectType, field: Field, query: soql.Query, text: str, base: str
    ) -> Callable[[str], list[dict[str, Any]]]:
        conditions = Conditions(self.records, child, text, lambda inner: self._column(inner, text))
        test = conditions.test(query.where) if query.where else None
        show = self._shown(child, query, text, base)
        self._ordered(child, query, [], text)

        def rows_of(parent: str) -> list[dict[str, Any]]:
            rows = [
                row
                for key in self.records.ids_by(child.name, field.name, parent)
                if (row := self.records.get(child.name, key)) and (test is None or test(row))
            ]
            return [show(row) for row in self._ordered(child, query, rows, text)]

        return rows_of

    def _spelled_out(
        self, kind: ObjectType, column: soql.Column, query: soql.Query, text: str
    ) -> Iterable[tuple[str, ...]]:
        if column.path.startswith("FIELDS("):
            which = column.path[7:-1]
            if which not in ("ALL", "STANDARD", "CUSTOM"):
                raise Place(text, column.place).error("MALFORMED_QUERY", f"unexpected token: '{which}'")
            if which != "STANDARD" and (query.limit is None or query.limit > 200):
                raise SalesforceError("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
            return [(name,) for name, f in kind.fields.items() if which == "ALL" or f.custom == (which == "CUSTOM")]
        references, field = walk(kind, column.path, Place(text, column.place))
        return [(*(reference.name for reference in references), field.name)]


def shown(records: Records, kind: ObjectType, paths: list[tuple[str, ...]], base: str) -> Shown:
    """Shows a record with these paths (reference fields, then the field), parents as nested records."""
    plain: list[tuple[str, Field | None]] = []
    parents: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        if len(path) == 1:
            field = kind.fields[path[0]]
            plain.append((field.name, field if field.type in NUMBERS or field.type == "boolean" else None))
        else:
            parents.setdefault(path[0], []).append(path[1:])
    above: list[tuple[str, Field, Shown]] = []
    for reference, rest in parents.items():
        field = kind.fields[reference]
        above.append((field.parent, field, shown(records, OBJECTS[field.refers_to], rest, base)))
    name, url = kind.name, f"{base}/sobjects/{kind.name}/"

    def show(row: Document) -> dict[str, Any]:
        answer: dict[str, Any] = {"attributes": {"type": name, "url": url + row["Id"]}}
        for column, field in plain:
            answer[column] = row.get(column) if field is None else to_json(field, row.get(column))
        for relation, reference, show_parent in above:
            parent = records.get(reference.refers_to, row.get(reference.name) or "")
            answer[relation] = show_parent(parent) if parent else None
        return answer

    return show

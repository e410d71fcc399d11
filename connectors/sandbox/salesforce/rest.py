"""The REST resources: single records, describe, query, limits, replication; composite resources live next door."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce import collections, composite, writing
from connectors.sandbox.salesforce.calls import Answer, Call, truth
from connectors.sandbox.salesforce.describe import describe, describe_short
from connectors.sandbox.salesforce.errors import SalesforceError, SeveralRecords, not_found
from connectors.sandbox.salesforce.fields import instant, parse_instant
from connectors.sandbox.salesforce.ids import long_id
from connectors.sandbox.salesforce.objects import OBJECTS, ObjectType, type_in_path
from connectors.sandbox.salesforce.queries import Queries, shown
from connectors.sandbox.salesforce.records import Records

REPLICATION_WINDOW = timedelta(days=30)


class Rest:
    """Answers calls over records; knows nothing of HTTP servers, sign-in or limits."""

    def __init__(self, records: Records, limits: Callable[[], dict[str, Any]]) -> None:
        self.records = records
        self.queries = Queries(records)
        self._limits = limits

    def call(self, call: Call) -> Answer:
        """Never raises SalesforceError: a refusal is an answer too."""
        mark = self.records.mark()
        try:
            return self._dispatch(call)
        except SalesforceError as error:
            self.records.rollback(mark)
            return Answer(error.status, error.body())
        except SeveralRecords as several:
            return Answer(300, [f"{call.base}/{path}" for path in several.paths])

    def _dispatch(self, call: Call) -> Answer:
        match (call.method, *call.path):
            case ("GET",):
                return Answer(
                    200,
                    {name: f"{call.base}/{name}" for name in ("sobjects", "query", "queryAll", "composite", "limits")},
                )
            case ("GET", "limits"):
                return Answer(200, self._limits())
            case ("GET", "limits", "recordCount"):
                return self._record_count(call)
            case ("GET", "query" | "queryAll" as name):
                deleted = name == "queryAll"
                return Answer(
                    200,
                    self.queries.answer(call.query.get("q", ""), base=call.base, batch=call.batch(), deleted=deleted),
                )
            case ("GET", "query" | "queryAll", locator):
                return Answer(200, self.queries.more(locator, base=call.base, batch=call.batch()))
            case ("GET", "sobjects"):
                listed = [describe_short(kind, call.base) for kind in OBJECTS.values()]
                return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})
            case (_, "sobjects", name, *rest):
                return self._object(call, type_in_path(name), rest)
            case ("POST", "composite"):
                return composite.run(self, call)
            case ("POST", "composite", "tree", name):
                return composite.tree(self.records, call, type_in_path(name))
            case (_, "composite", "sobjects", *rest):
                return collections.run(self.records, call, rest)
        if call.path and call.path[0] in ("limits", "query", "queryAll", "sobjects", "composite"):
            raise SalesforceError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.")
        raise not_found()

    def _object(self, call: Call, kind: ObjectType, rest: list[str]) -> Answer:
        match (call.method, *rest):
            case ("GET",):
                return Answer(200, {"objectDescribe": describe_short(kind, call.base), "recentItems": []})
            case ("POST",):
                key = writing.create(self.records, kind, call.given())
                return Answer(
                    201,
                    {"id": key, "success": True, "errors": []},
                    {"Location": f"{call.base}/sobjects/{kind.name}/{key}"},
                )
            case ("GET", "describe"):
                return Answer(200, describe(kind, call.base))
            case ("GET", "updated" | "deleted" as which):
                return self._replicated(call, kind, which)
            case (_, key):
                if long_id(key) is None:
                    raise SalesforceError(
                        "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {key}"
                    )
                return self._record(call, kind, str(writing.existing(self.records, kind, key)["Id"]))
            case ("PATCH", name, value):
                return self._upsert(call, kind, name, value)
            case (_, name, value):
                external = writing.external_field(kind, name)
                found = writing.by_external_id(self.records, kind, external, value)
                if found is None:
                    raise not_found()
                return self._record(call, kind, found)
        raise SalesforceError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.")

    def _record(self, call: Call, kind: ObjectType, key: str) -> Answer:
        if call.method == "GET":
            return Answer(200, read(self.records, kind, key, call.query.get("fields"), call.base))
        self._refuse_changed(call, kind, key)
        if call.method == "PATCH":
            given = call.given()
            if any(name.lower() == "id" for name in given):
                raise SalesforceError(
                    "INVALID_FIELD", "The Id field should not be specified in the sobject data.", ["Id"]
                )
            writing.update(self.records, kind, key, given)
            return Answer(204)
        if call.method == "DELETE":
            writing.delete(self.records, kind, key)
            return Answer(204)
        raise SalesforceError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.")

    def _refuse_changed(self, call: Call, kind: ObjectType, key: str) -> None:
        known = call.headers.get("if-unmodified-since")
        if not known:
            return
        try:
            moment = parsedate_to_datetime(known)
        except ValueError:
            return
        record = writing.existing(self.records, kind, key)
        if parse_instant(record["LastModifiedDate"]).replace(microsecond=0) > moment:
            raise SalesforceError("PRECONDITION_FAILED", "The record was modified after the given date.")

    def _upsert(self, call: Call, kind: ObjectType, name: str, value: str) -> Answer:
        external = writing.external_field(kind, name)
        given = call.given()
        if any(field.lower() in (external.name.lower(), "id") for field in given):
            raise SalesforceError(
                "INVALID_FIELD",
                f"The {external.name} field should not be specified in the sobject data.",
                [external.name],
            )
        update_only = truth(call.query.get("updateOnly"))
        key, created = writing.upsert(self.records, kind, external, value, given, update_only=update_only)
        return Answer(201 if created else 200, {"id": key, "success": True, "errors": [], "created": created})

    def _replicated(self, call: Call, kind: ObjectType, which: str) -> Answer:
        try:
            start, end = parse_instant(call.query["start"]), parse_instant(call.query["end"])
        except (KeyError, ValueError):
            raise SalesforceError("INVALID_REPLICATION_DATE", "start and end must be date-times") from None
        now = datetime.now(UTC)
        if start >= end or start < now - REPLICATION_WINDOW:
            raise SalesforceError(
                "INVALID_REPLICATION_DATE", "startDate before endDate, and not more than 30 days ago, is needed"
            )
        since, until = instant(start), instant(end)
        covered = instant(min(end, now))
        if which == "updated":
            keys = list(self.records.ids_stamped(kind.name, since, until))
            return Answer(200, {"ids": keys, "latestDateCovered": covered})
        gone = [
            {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
            for row in self.records.rows(kind.name + ".deleted")
            if since <= row["SystemModstamp"] <= until
        ]
        earliest = instant(now - REPLICATION_WINDOW)
        return Answer(200, {"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": covered})

    def _record_count(self, call: Call) -> Answer:
        wanted = call.query.get("sObjects")
        kinds = [type_in_path(name) for name in wanted.split(",")] if wanted else list(OBJECTS.values())
        return Answer(
            200,
            {
                "sObjects": [
                    {"count": sum(1 for _ in self.records.rows(kind.name)), "name": kind.name} for kind in kinds
                ]
            },
        )


def read(records: Records, kind: ObjectType, key: str, fields: str | None, base: str) -> Document:
    """One record as REST shows it, with the named fields (comma-separated) or all. Raises SalesforceError."""
    record = writing.existing(records, kind, key)
    names = list(kind.fields)
    if fields:
        names = []
        for name in fields.split(","):
            field = kind.by_lower_name.get(name.strip().lower())
            if field is None:
                raise SalesforceError(
                    "INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {kind.name}"
                )
            names.append(field.name)
    return shown(records, kind, [(name,) for name in names], base)(record)

"""Collections: up to 200 records in one call, each with its own result, or all or none of them."""

from collections.abc import Callable, Iterable
from typing import Any

from connectors.sandbox.salesforce import writing
from connectors.sandbox.salesforce.calls import Answer, Call, truth
from connectors.sandbox.salesforce.errors import SalesforceError, SeveralRecords
from connectors.sandbox.salesforce.ids import long_id
from connectors.sandbox.salesforce.objects import BY_PREFIX, ObjectType, find_type, type_in_path
from connectors.sandbox.salesforce.queries import shown
from connectors.sandbox.salesforce.records import Records

MOST_WRITTEN = 200
MOST_READ = 2000
ROLLED_BACK = SalesforceError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)

Result = dict[str, Any]


def run(records: Records, call: Call, rest: list[str]) -> Answer:
    """The call below /composite/sobjects. Raises SalesforceError only when the call as a whole is wrong."""
    match (call.method, *rest):
        case ("POST",):
            return _write(records, call, lambda given: _create(records, given))
        case ("PATCH",):
            return _write(records, call, lambda given: _update(records, given))
        case ("PATCH", name, external):
            kind = type_in_path(name)
            return _write(records, call, _upserter(records, kind, external))
        case ("DELETE",):
            return _delete(records, call)
        case ("GET", name):
            return _read(records, call, type_in_path(name), call.query.get("ids", ""), call.query.get("fields", ""))
        case ("POST", name):
            given = call.given()
            ids, fields = given.get("ids"), given.get("fields")
            if not isinstance(ids, list) or not isinstance(fields, list):
                raise SalesforceError("JSON_PARSER_ERROR", "ids and fields must be lists")
            return _read(records, call, type_in_path(name), ",".join(map(str, ids)), ",".join(map(str, fields)))
    raise SalesforceError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed.")


def _too_many(most: int) -> SalesforceError:
    return SalesforceError(
        "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records into this call"
    )


def _write(records: Records, call: Call, write: Callable[[dict[str, Any]], Result]) -> Answer:
    given = call.given()
    rows = given.get("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SalesforceError("JSON_PARSER_ERROR", "records must be a list of objects")
    if len(rows) > MOST_WRITTEN:
        raise _too_many(MOST_WRITTEN)
    return Answer(200, all_or_each(records, rows, write, all_or_none=given.get("allOrNone") in (True, "true")))


def all_or_each(
    records: Records, rows: Iterable[Any], write: Callable[[Any], Result], *, all_or_none: bool
) -> list[Result]:
    """A result per row; with `all_or_none` one failure undoes the rest and says so in their results."""
    mark = records.mark()
    results = []
    for row in rows:
        try:
            results.append(write(row))
        except SalesforceError as error:
            results.append({"success": False, "errors": [error.item()]})
        except SeveralRecords as several:
            many = SalesforceError("DUPLICATE_VALUE", f"more than one record found: {several}")
            results.append({"success": False, "errors": [many.item()]})
    if all_or_none and not all(result["success"] for result in results):
        records.rollback(mark)
        results = [
            result if not result["success"] else {"success": False, "errors": [ROLLED_BACK.item()]}
            for result in results
        ]
    return results


def _kind_of(given: dict[str, Any]) -> ObjectType:
    name = (given.get("attributes") or {}).get("type")
    kind = find_type(str(name)) if name else None
    if kind is None:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return kind


def _create(records: Records, given: dict[str, Any]) -> Result:
    return {"id": writing.create(records, _kind_of(given), given), "success": True, "errors": []}


def _update(records: Records, given: dict[str, Any]) -> Result:
    kind = _kind_of(given)
    fields = {name: value for name, value in given.items() if name.lower() != "id"}
    key = next((value for name, value in given.items() if name.lower() == "id"), None)
    if key is None:
        raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
    writing.update(records, kind, _in_item(records, kind, key), fields)
    return {"id": long_id(key), "success": True, "errors": []}


def _in_item(records: Records, kind: ObjectType, key: Any) -> str:
    """Inside a collection a missing record is a wrong reference, not a missing resource."""
    try:
        return str(writing.existing(records, kind, key)["Id"])
    except SalesforceError as error:
        if error.code == "NOT_FOUND":
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") from None
        raise


def _upserter(records: Records, kind: ObjectType, name: str) -> Callable[[dict[str, Any]], Result]:
    external = writing.external_field(kind, name)
    seen: set[str] = set()

    def upsert(given: dict[str, Any]) -> Result:
        if _kind_of(given) is not kind:
            raise SalesforceError("INVALID_TYPE", f"records must be of type {kind.name}")
        value = next((text for field, text in given.items() if field.lower() == external.name.lower()), None)
        fields = {field: text for field, text in given.items() if field.lower() not in (external.name.lower(), "id")}
        if value is None and external.name == "Id":
            return _create(records, fields)
        if value is None:
            raise SalesforceError("MISSING_ARGUMENT", f"{external.name} not specified", [external.name])
        if str(value).casefold() in seen:
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", f"Duplicate external id specified: {value}", [external.name])
        seen.add(str(value).casefold())
        key, created = writing.upsert(records, kind, external, str(value), fields)
        return {"id": key, "success": True, "errors": [], "created": created}

    return upsert


def _delete(records: Records, call: Call) -> Answer:
    keys = [key for key in call.query.get("ids", "").split(",") if key]
    if not keys:
        raise SalesforceError("MISSING_ARGUMENT", "The ids parameter is required")
    if len(keys) > MOST_WRITTEN:
        raise _too_many(MOST_WRITTEN)

    def delete(key: str) -> Result:
        kind = BY_PREFIX.get(key[:3])
        if kind is None or long_id(key) is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {key}", ["Id"])
        found = _in_item(records, kind, key)
        writing.delete(records, kind, found)
        return {"id": found, "success": True, "errors": []}

    return Answer(200, all_or_each(records, keys, delete, all_or_none=truth(call.query.get("allOrNone"))))


def _read(records: Records, call: Call, kind: ObjectType, ids: str, fields: str) -> Answer:
    keys = [key for key in ids.split(",") if key]
    if len(keys) > MOST_READ:
        raise _too_many(MOST_READ)
    paths: list[tuple[str, ...]] = []
    for name in filter(None, fields.split(",")):
        field = kind.by_lower_name.get(name.strip().lower())
        if field is None:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {kind.name}")
        paths.append((field.name,))
    if not keys or not paths:
        raise SalesforceError("MISSING_ARGUMENT", "The ids and fields parameters are required")
    show = shown(records, kind, paths, call.base)
    found = [records.get(kind.name, long_id(key) or "") for key in keys]
    return Answer(200, [show(record) if record else None for record in found])

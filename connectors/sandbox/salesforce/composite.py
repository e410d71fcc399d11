"""Composite requests, whose parts refer to each other's answers, and trees of records with their children."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.sandbox.salesforce import writing
from connectors.sandbox.salesforce.calls import Answer, Call
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.objects import CHILDREN, ObjectType, find_type
from connectors.sandbox.salesforce.records import Records

if TYPE_CHECKING:
    from connectors.sandbox.salesforce.rest import Rest

MOST_PARTS = 25
MOST_QUERIES = 5
MOST_IN_TREE = 200
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
HALTED = "PROCESSING_HALTED"
ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."


def run(rest: "Rest", call: Call) -> Answer:
    """The outer answer is 200 even when every part failed. Raises SalesforceError when the request is no composite."""
    given = call.given()
    parts = given.get("compositeRequest")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise SalesforceError("JSON_PARSER_ERROR", "compositeRequest must be a list of requests")
    if len(parts) > MOST_PARTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"The limit of {MOST_PARTS} composite subrequests was exceeded")
    if sum("/query" in str(part.get("url")) for part in parts) > MOST_QUERIES:
        raise SalesforceError("LIMIT_EXCEEDED", f"The limit of {MOST_QUERIES} query subrequests was exceeded")
    names = [part.get("referenceId") for part in parts]
    if not all(isinstance(name, str) and re.fullmatch(r"\w+", name, re.ASCII) for name in names):
        raise SalesforceError("JSON_PARSER_ERROR", "every subrequest needs a referenceId of letters, digits and _")
    if len(set(names)) < len(names):
        raise SalesforceError("JSON_PARSER_ERROR", "referenceId values must be unique")
    mark = rest.records.mark()
    all_or_none = given.get("allOrNone") in (True, "true")
    answers: dict[str, Answer] = {}
    for part in parts:
        answer = _part(rest, call, part, answers)
        answers[part["referenceId"]] = answer
        if all_or_none and answer.failed:
            rest.records.rollback(mark)
            halted = SalesforceError(HALTED, ROLLED_BACK).body()
            answers = {name: answer if name == part["referenceId"] else Answer(400, halted) for name in names}
            break
    return Answer(
        200,
        {
            "compositeResponse": [
                {
                    "body": answer.body,
                    "httpHeaders": dict(answer.headers),
                    "httpStatusCode": answer.status,
                    "referenceId": name,
                }
                for name, answer in answers.items()
            ]
        },
    )


def _part(rest: "Rest", call: Call, part: dict[str, Any], answers: Mapping[str, Answer]) -> Answer:
    try:
        # A reference in the URL stands for plain text, so it goes in before the URL is taken apart.
        parts = urlsplit(str(_filled(str(part.get("url", "")), answers)))
        body = _filled(part.get("body"), answers)
    except SalesforceError as error:
        return Answer(error.status, error.body())
    root = re.match(r"/services/data/v(\d+\.\d)/", parts.path)
    path = tuple(unquote(piece) for piece in parts.path[root.end() :].strip("/").split("/")) if root else ()
    if (
        root is None
        or path[0] not in ("sobjects", "query", "queryAll", "composite", "limits")
        or path == ("composite",)
    ):
        return Answer(400, SalesforceError("INVALID_ARGUMENT", f"{part.get('url')} cannot be a subrequest").body())
    inner_headers = {str(name).lower(): str(value) for name, value in (part.get("httpHeaders") or {}).items()}
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return rest.call(
        Call(str(part.get("method", "")).upper(), root[1], path, query, body, {**call.headers, **inner_headers})
    )


def _filled(value: Any, answers: Mapping[str, Answer]) -> Any:
    """The value with every @{name.path} replaced. Raises PROCESSING_HALTED where the path leads nowhere."""
    if isinstance(value, dict):
        return {name: _filled(inner, answers) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, answers) for inner in value]
    if not isinstance(value, str) or "@{" not in value:
        return value

    def look_up(match: re.Match[str]) -> str:
        answer = answers.get(match[1])
        found = answer.body if answer and not answer.failed else None
        for name, place in STEP.findall(match[2]):
            if name and isinstance(found, dict):
                found = next((inner for key, inner in found.items() if key.lower() == name.lower()), None)
            elif place and isinstance(found, list) and int(place) < len(found):
                found = found[int(place)]
            else:
                found = None
        if found is None or isinstance(found, dict | list):
            raise SalesforceError(
                HALTED, f"Invalid reference specified. No value for {match[0][2:-1]} found in {match[1]}"
            )
        return str(found).lower() if isinstance(found, bool) else str(found)

    return REFERENCE.sub(look_up, value)


def tree(records: Records, call: Call, kind: ObjectType) -> Answer:
    """Up to 200 records with their children, all or none."""
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    mark = records.mark()
    names: set[str] = set()

    def plant(rows: Any, row_kind: ObjectType, link: dict[str, str]) -> None:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SalesforceError("JSON_PARSER_ERROR", "records must be a list of objects")
        for row in rows:
            attributes = row.get("attributes") or {}
            name = str(attributes.get("referenceId", ""))
            if not name or name in names or find_type(str(attributes.get("type"))) is not row_kind:
                raise SalesforceError(
                    "INVALID_INPUT", f"every record needs attributes with type {row_kind.name} and its own referenceId"
                )
            names.add(name)
            if len(names) > MOST_IN_TREE:
                raise SalesforceError("INVALID_INPUT", f"a tree has at most {MOST_IN_TREE} records")
            below = {
                relation: (child, inner["records"])
                for relation, inner in row.items()
                if isinstance(inner, dict)
                and "records" in inner
                and (child := CHILDREN.get((row_kind.name, relation.lower())))
            }
            fields = {field: value for field, value in row.items() if field not in below}
            try:
                key = writing.create(records, row_kind, {**fields, **link})
            except SalesforceError as error:
                errors.append({"referenceId": name, "errors": [error.item()]})
                continue
            results.append({"referenceId": name, "id": key})
            for (child_kind, reference), inner_rows in below.values():
                plant(inner_rows, child_kind, {reference.name: key})

    plant(call.given().get("records"), kind, {})
    if errors:
        records.rollback(mark)
        return Answer(400, {"hasErrors": True, "results": errors})
    return Answer(201, {"hasErrors": False, "results": results})

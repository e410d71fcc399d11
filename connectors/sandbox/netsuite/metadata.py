"""The metadata catalog: the record types of the sandbox as JSON schema or as an OpenAPI document."""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.refusals import Refusal

PATH = "/services/rest/record/v1/metadata-catalog"
_TYPES: dict[str, Document] = {
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "stamp": {"type": "string", "format": "date-time"},
    "money": {"type": "number", "format": "double"},
    "number": {"type": "number", "format": "double"},
    "whole": {"type": "integer", "format": "int64"},
    "flag": {"type": "boolean"},
    "open": {"type": "object"},
    "code": {"type": "object", "properties": {"id": {"type": "string"}, "refName": {"type": "string"}}},
}
_REFERENCE: Document = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "externalId", "refName")},
}


def _properties(fields: dict[str, str]) -> Document:
    return {name: _REFERENCE if kind.startswith("ref:") else _TYPES[kind] for name, kind in fields.items()}


def schema(kind: str) -> Document:
    """The JSON schema of one record type."""
    record = RECORDS[kind]
    properties = {"id": {"type": "string"}, **_properties(record.fields)}
    for name, lines in record.lines.items():
        item = {"type": "object", "properties": _properties(lines.fields)}
        properties[name] = {"type": "object", "properties": {"items": {"type": "array", "items": item}}}
    return {"type": "object", "properties": properties}


def describe(kind: str, *, accept: str, base: str, chosen: str) -> tuple[int, dict[str, str], Any]:
    """The catalog, one schema, or the OpenAPI document of the chosen record types. Raises Refusal."""
    kinds = [name for name in (kind or chosen).split(",") if name] or list(RECORDS)
    if unknown := [name for name in kinds if name not in RECORDS]:
        raise Refusal("no_such_type", record=unknown[0])
    if "swagger" in accept:
        paths = {
            f"/record/v1/{name}/{{id}}": {"get": {"responses": {"200": {"description": "The record"}}}}
            for name in kinds
        }
        return (
            200,
            {},
            {
                "openapi": "3.0.1",
                "info": {"title": "NetSuite REST API", "version": "2026.1"},
                "servers": [{"url": f"{base}/services/rest"}],
                "paths": paths,
                "components": {"schemas": {name: schema(name) for name in kinds}},
            },
        )
    if kind:
        return 200, {}, schema(kind)
    items = [{"name": name, "links": [{"rel": "canonical", "href": f"{base}{PATH}/{name}"}]} for name in kinds]
    return 200, {}, {"items": items}

"""Create, update, upsert and delete of one record, with every check Salesforce makes before it says yes."""

from collections.abc import Mapping
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce.errors import SalesforceError, SeveralRecords, not_found
from connectors.sandbox.salesforce.fields import Field, to_books
from connectors.sandbox.salesforce.ids import long_id
from connectors.sandbox.salesforce.objects import OBJECTS, ObjectType
from connectors.sandbox.salesforce.records import Records
from connectors.sandbox.salesforce.rules import RULES, refuse_delete, roll_up

Given = Mapping[str, Any]


def create(records: Records, kind: ObjectType, given: Given) -> str:
    """The new record's id. Raises SalesforceError, and then nothing is written."""
    mark = records.mark()
    try:
        values = _values(records, kind, given, creating=True)
        document: Document = {"Id": records.new_id(kind), "IsDeleted": False}
        document.update({field.name: field.default for field in kind.own_fields if field.default is not None})
        if "OwnerId" in kind.fields:
            document["OwnerId"] = records.user
        document.update(values)
        _save(records, kind, document, None, values)
    except SalesforceError:
        records.rollback(mark)
        raise
    return str(document["Id"])


def update(records: Records, kind: ObjectType, key: str, given: Given) -> None:
    """Raises SalesforceError, and then nothing is written."""
    mark = records.mark()
    try:
        before = existing(records, kind, key)
        values = _values(records, kind, given, creating=False)
        _save(records, kind, {**before, **values}, before, values)
    except SalesforceError:
        records.rollback(mark)
        raise


def upsert(
    records: Records, kind: ObjectType, external: Field, value: str, given: Given, *, update_only: bool = False
) -> tuple[str, bool]:
    """(id, created). Raises SeveralRecords when the value is not unique, SalesforceError for all else."""
    key = by_external_id(records, kind, external, value)
    if key is None and update_only:
        raise not_found()
    if key is None:
        return create(records, kind, {**given, external.name: value}), True
    update(records, kind, key, given)
    return key, False


def delete(records: Records, kind: ObjectType, key: str) -> None:
    """To the recycle bin, dependent records with it; other references to it are emptied."""
    mark = records.mark()
    try:
        document = existing(records, kind, key)
        if not kind.deletable:
            raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
        records.refuse_locked(key)
        refuse_delete(records, kind.name, document)
        for child in OBJECTS.values():
            for field in child.indexed:
                if field.refers_to == kind.name:
                    _let_go(records, child, field, key)
        records.remove(kind, document)
        if kind.name == "OpportunityLineItem":
            roll_up(records, document["OpportunityId"])
    except SalesforceError:
        records.rollback(mark)
        raise


def _let_go(records: Records, child: ObjectType, field: Field, key: str) -> None:
    for child_key in records.ids_by(child.name, field.name, key):
        document = records.get(child.name, child_key)
        if document is None:
            continue
        if field.cascades:
            delete(records, child, child_key)
        else:
            records.save(child, {**document, field.name: None})


def existing(records: Records, kind: ObjectType, text: object) -> Document:
    """The live record with this id, in 15 or 18 characters. Raises NOT_FOUND, ENTITY_IS_DELETED or MALFORMED_ID."""
    key = long_id(text)
    if key is None:
        raise SalesforceError("MALFORMED_ID", f"malformed id {text}", ["Id"])
    document = records.get(kind.name, key)
    if document is None:
        if records.get_deleted(kind.name, key):
            raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted")
        raise not_found()
    return document


def external_field(kind: ObjectType, name: str) -> Field:
    """Raises NOT_FOUND for a field that is no external id."""
    field = kind.by_lower_name.get(name.lower())
    if field is None or not (field.external_id or field.name == "Id"):
        raise SalesforceError("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def by_external_id(records: Records, kind: ObjectType, field: Field, value: str) -> str | None:
    """The id of the one record with this value; raises SeveralRecords when there are more."""
    if field.name == "Id":
        return str(existing(records, kind, value)["Id"])
    found = records.ids_by(kind.name, field.name, str(to_books(field, value)))
    if len(found) > 1:
        raise SeveralRecords([f"sobjects/{kind.name}/{key}" for key in found])
    return found[0] if found else None


def _values(records: Records, kind: ObjectType, given: Given, *, creating: bool) -> Document:
    """The request's fields as the books hold them."""
    values: Document = {}
    closed: list[str] = []
    for name, value in given.items():
        if name == "attributes":
            continue
        field = kind.by_lower_name.get(name.lower())
        if field is None:
            field, value = _by_parent(records, kind, name, value)
        if not (field.createable if creating else field.updateable):
            closed.append(field.name)
            continue
        values[field.name] = to_books(field, value)
    if closed:
        raise SalesforceError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of this field"
            " and verify that it is read/write for your profile or permission set.",
            closed,
        )
    return values


def _by_parent(records: Records, kind: ObjectType, name: str, value: Any) -> tuple[Field, str | None]:
    """A parent named by its own external id: {"Account": {"Source_Key__c": "A-1"}}."""
    field = kind.parents.get(name.lower())
    if field is None or not (value is None or isinstance(value, dict)):
        raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
    if value is None:
        return field, None
    parent = OBJECTS[field.refers_to]
    pairs = [(key, text) for key, text in value.items() if key != "attributes"]
    if len(pairs) != 1:
        raise SalesforceError("INVALID_FIELD", f"{name}: name the record by exactly one external id", [field.name])
    external = parent.by_lower_name.get(pairs[0][0].lower())
    if external is None or not external.external_id:
        raise SalesforceError(
            "INVALID_FIELD", f"{pairs[0][0]} is not an External ID or indexed field for {parent.name}"
        )
    key = by_external_id(records, parent, external, str(pairs[0][1]))
    if key is None:
        raise SalesforceError(
            "INVALID_FIELD",
            f"Foreign key external ID: {pairs[0][1]} not found for field {external.name} in entity {parent.name}",
        )
    return field, key


def _save(records: Records, kind: ObjectType, document: Document, before: Document | None, values: Document) -> None:
    missing = [field.name for field in kind.own_fields if field.required and document.get(field.name) is None]
    if missing:
        raise SalesforceError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
    _check_references(records, kind, values)
    records.refuse_locked(document["Id"], document.get("AccountId"), document.get("ParentId"))
    rule = RULES.get(kind.name)
    if rule:
        rule(records, document, before, values)
    _check_unique(records, kind, document, before)
    records.save(kind, document)
    if kind.name == "OpportunityLineItem":
        roll_up(records, document["OpportunityId"])


def _check_references(records: Records, kind: ObjectType, values: Document) -> None:
    for name, value in values.items():
        field = kind.fields[name]
        if not field.refers_to or value is None:
            continue
        if not value.startswith(OBJECTS[field.refers_to].prefix):
            raise SalesforceError("MALFORMED_ID", f"{field.label()}: id value of incorrect type: {value}", [name])
        if records.get(field.refers_to, value) is None:
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])


def _check_unique(records: Records, kind: ObjectType, document: Document, before: Document | None) -> None:
    for field in kind.indexed:
        value = document.get(field.name)
        if not field.unique or value is None or (before and before.get(field.name) == value):
            continue
        others = [key for key in records.ids_by(kind.name, field.name, value) if key != document["Id"]]
        if others:
            raise SalesforceError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field.name} duplicates value on record with id: {others[0]}",
            )

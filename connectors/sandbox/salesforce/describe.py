"""What the organisation tells about its own objects and fields."""

from connectors.sandbox.salesforce.fields import NUMBERS, TEXTS, Field
from connectors.sandbox.salesforce.objects import OBJECTS, ObjectType

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    **dict.fromkeys(NUMBERS - {"int"}, "xsd:double"),
}


def describe_field(field: Field) -> dict[str, object]:
    number = field.type in NUMBERS
    length = field.length if field.type in TEXTS else 18 if field.type in ("id", "reference") else 0
    return {
        "name": field.name,
        "label": field.label(),
        "type": field.type,
        "length": length,
        "byteLength": length * 3,
        "precision": field.precision if number and field.type != "int" else 0,
        "scale": field.scale if number and field.type != "int" else 0,
        "digits": field.precision if field.type == "int" else 0,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "custom": field.custom,
        "nillable": not field.required and field.type not in ("id", "boolean"),
        "createable": field.createable,
        "updateable": field.updateable,
        "externalId": field.external_id,
        "unique": field.unique,
        "idLookup": field.external_id or field.type == "id",
        "caseSensitive": False,
        "calculated": False,
        "autoNumber": field.name in ("ContractNumber", "QuoteNumber", "OrderNumber"),
        "defaultedOnCreate": field.default is not None or field.name == "OwnerId",
        "filterable": field.length <= 4000,
        "sortable": field.length <= 4000,
        "groupable": field.type not in ("currency", "double", "percent", "datetime"),
        "aggregatable": field.length <= 4000,
        "referenceTo": [field.refers_to] if field.refers_to else [],
        "relationshipName": field.parent or None,
        "restrictedPicklist": field.restricted,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}
            for value in field.values
        ],
    }


def describe_short(kind: ObjectType, base: str) -> dict[str, object]:
    """The entry of an object in the list of all objects; `base` is the path up to and including the version."""
    url = f"{base}/sobjects/{kind.name}"
    return {
        "name": kind.name,
        "label": kind.name,
        "labelPlural": kind.plural,
        "keyPrefix": kind.prefix,
        "custom": False,
        "createable": True,
        "updateable": True,
        "deletable": kind.deletable,
        "queryable": True,
        "retrieveable": True,
        "replicateable": True,
        "searchable": True,
        "undeletable": kind.deletable,
        "mergeable": False,
        "triggerable": True,
        "layoutable": True,
        "activateable": False,
        "customSetting": False,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def describe(kind: ObjectType, base: str) -> dict[str, object]:
    return {
        **describe_short(kind, base),
        "fields": [describe_field(field) for field in kind.fields.values()],
        "childRelationships": [
            {
                "childSObject": child.name,
                "field": field.name,
                "relationshipName": field.children or None,
                "cascadeDelete": field.cascades,
                "deprecatedAndHidden": False,
                "restrictedDelete": False,
            }
            for child in OBJECTS.values()
            for field in child.own_fields
            if field.refers_to == kind.name
        ],
        "recordTypeInfos": [],
        "supportedScopes": [],
    }

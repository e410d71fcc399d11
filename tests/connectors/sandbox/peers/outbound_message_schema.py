"""Checks an outbound message against a WSDL with zeep and lxml: outbound_message_schema.py WSDL MESSAGE FOLDER."""

import sys
from pathlib import Path

import zeep
from lxml import etree

XSD = "http://www.w3.org/2001/XMLSchema"
OUT = "http://soap.sforce.com/2005/09/outbound"


def schema_of(wsdl, folder):
    """The WSDL's own schemas as files that know where each other are, since lxml does not look into a WSDL."""
    schemas = etree.parse(wsdl).findall(f".//{{{XSD}}}schema")
    names = {schema.get("targetNamespace"): f"{number}.xsd" for number, schema in enumerate(schemas)}
    for schema in schemas:
        for link in schema.findall(f"{{{XSD}}}import"):
            link.set("schemaLocation", names[link.get("namespace")])
        (folder / names[schema.get("targetNamespace")]).write_bytes(etree.tostring(schema))
    return etree.XMLSchema(etree.parse(folder / names[OUT]))


def main(wsdl, message, folder):
    envelope = etree.parse(message)
    (body,) = envelope.findall(f".//{{{OUT}}}notifications")
    schema_of(wsdl, Path(folder)).assertValid(etree.ElementTree(etree.fromstring(etree.tostring(body))))
    client = zeep.Client(wsdl)
    value = client.get_element(f"{{{OUT}}}notifications").parse(body, client.wsdl.types)
    assert len(value.OrganizationId) == 18
    assert value.SessionId
    for one in value.Notification:
        assert type(one.sObject).__name__ == "Opportunity", type(one.sObject)
        assert (one.sObject.IsWon, one.sObject.CurrencyIsoCode) == (True, "USD")
    print(len(value.Notification))


if __name__ == "__main__":
    main(*sys.argv[1:])

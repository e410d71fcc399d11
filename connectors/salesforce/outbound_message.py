"""Salesforce's Outbound Messages: unsigned SOAP calls, proven by a secret in the path and by the organisation."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from connectors.errors import NotAuthentic
from connectors.interface import Inbound, SourceEvent
from connectors.salesforce.ids import full_id, is_id
from connectors.salesforce.mapping import milliseconds, moment
from connectors.salesforce.rest import SYSTEM

MAX_BYTES, MAX_DEPTH, MOST = 1_000_000, 64, 100
SECRET_HEADER = "x-q2c-path-secret"
NOTIFICATIONS = "http://soap.sforce.com/2005/09/outbound"

#: what Salesforce takes as "received"; anything else, also a 200 with another body, makes it send again
ACKNOWLEDGED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


def is_secret(headers: Mapping[str, str], secret: str) -> bool:
    """Whether the path carried our secret; without one nothing does."""
    given = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
    return bool(secret) and hmac.compare_digest(given.encode(errors="backslashreplace"), secret.encode())


def check_secret(headers: Mapping[str, str], secret: str) -> None:
    """Raise NotAuthentic unless the path carried our secret."""
    if not is_secret(headers, secret):
        raise NotAuthentic("the address does not carry the right secret", system=SYSTEM)


def read(body: bytes, *, organization_id: str) -> Inbound:
    """The notifications of a message. Raises NotAuthentic for another organisation, ValueError for bad content.

    The message's SessionId is a live credential of Salesforce and is left behind here; what an event keeps is
    built anew from its notification alone. Only the id counts: the record is always fetched back.
    """
    message = _message(body)
    given = (_child_text(message, "OrganizationId") or "").strip()
    if not (is_id(given) and is_id(organization_id) and full_id(given) == full_id(organization_id)):
        raise NotAuthentic("the message is from another organisation", system=SYSTEM)
    notifications = [element for element in message if _local(element.tag) == "Notification"]
    if not 1 <= len(notifications) <= MOST:
        raise ValueError(f"Notification: {len(notifications)} of them; there must be 1 to {MOST}")
    events = tuple(_event(element, position) for position, element in enumerate(notifications))
    return Inbound(events=events, answer=ACKNOWLEDGED, answer_type="text/xml")


def _message(body: bytes) -> Element:
    if len(body) > MAX_BYTES:
        raise ValueError(f"body: {len(body)} bytes are more than {MAX_BYTES}")
    parser = DefusedXMLParser(target=_Shallow(), forbid_dtd=True)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise ValueError("body: a message must not declare a document type or entities") from error
    except (ParseError, LookupError, UnicodeError) as error:
        raise ValueError(f"body: is no XML ({error})") from error
    message = next(root.iter(f"{{{NOTIFICATIONS}}}notifications"), None)
    if message is None:
        raise ValueError("body: holds no notifications")
    return message


class _Shallow(TreeBuilder):
    """Builds the tree and refuses to go deeper than a message ever is."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"body: nested deeper than {MAX_DEPTH}")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        self._depth -= 1
        return super().end(tag)


def _event(notification: Element, position: int) -> SourceEvent:
    where = f"Notification[{position}]"
    event_id = (_child_text(notification, "Id") or "").strip()
    if not is_id(event_id):
        raise ValueError(f"{where}.Id: {event_id[:40]!r} is not a Salesforce id of 15 or 18 characters")
    record = next((element for element in notification if _local(element.tag) == "sObject"), None)
    if record is None:
        raise ValueError(f"{where}.sObject: is missing")
    kind = next((value for name, value in record.attrib.items() if _local(name) == "type"), "").rpartition(":")[2]
    if not kind or not kind.isascii() or not kind.replace("_", "").isalnum() or len(kind) > 60:
        raise ValueError(f"{where}.sObject: xsi:type must name the object, such as 'sf:Opportunity'")
    record_id = (_child_text(record, "Id") or "").strip()
    if not is_id(record_id):
        raise ValueError(f"{where}.sObject.Id: {record_id[:40]!r} is not a Salesforce id of 15 or 18 characters")
    stamp = (_child_text(record, "SystemModstamp") or "").strip()
    try:
        changed_at: datetime | None = moment(stamp) if stamp else None
    except ValueError as error:
        raise ValueError(f"{where}.sObject.SystemModstamp: {error}") from error
    for parent in list(notification.iter()):
        for child in [child for child in parent if _local(child.tag) == "SessionId"]:
            parent.remove(child)
    notification.tail = None
    return SourceEvent(
        event_id=event_id,
        kind=kind.lower(),
        object_id=full_id(record_id),
        raw=tostring(notification),
        # a message sent again carries the record's newest data under the old id; that is no contradiction
        identity=f"{event_id}:{kind.lower()}:{full_id(record_id)}".encode(),
        revision=milliseconds(changed_at) if changed_at else 0,
        occurred_at=changed_at,
    )


def _local(name: Any) -> str:
    return str(name).rpartition("}")[2]


def _child_text(parent: Element, name: str) -> str | None:
    return next((child.text for child in parent if _local(child.tag) == name), None)

"""Outbound messages: SOAP posts that tell of won opportunities, with the data as it is when they leave."""

import random
import time
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from connectors.sandbox.books import Books, Document
from connectors.sandbox.outgoing import Outgoing
from connectors.sandbox.salesforce.fields import NUMBERS, to_json
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.objects import OBJECTS
from connectors.sandbox.salesforce.records import Change, Records
from connectors.sandbox.salesforce.sign_in import TOKENS, new_token

MOST_NOTIFICATIONS = 100
#: undelivered messages are dropped after a day
KEPT_SECONDS = 24 * 3600
#: pauses grow to two hours
BACK_OFF = (0.5, 1, 2, 5, 15, 60, 300, 900, 3600, 7200)
ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{organization}</OrganizationId>
   <ActionId>{action}</ActionId>
   <SessionId>{token}</SessionId>
   <EnterpriseUrl>{base}/services/Soap/c/65.0/{short}</EnterpriseUrl>
   <PartnerUrl>{base}/services/Soap/u/65.0/{short}</PartnerUrl>
{notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>
"""
#: characters XML 1.0 cannot carry
UNPRINTABLE = {code: None for code in range(32) if code not in (9, 10, 13)}


class OutboundMessages:
    """Queues a notification for every change of a won opportunity, and writes the messages out."""

    def __init__(self, books: Books, records: Records, outgoing: Outgoing) -> None:
        self.books = books
        self.records = records
        self.outgoing = outgoing
        self._random = random.Random(0)
        #: the message that may still take more notifications
        self._open = ""

    def queue(self, changes: list[Change], settings: Mapping[str, Any], *, instance_url: str) -> None:
        """One notification per opportunity that is or was won, in messages of at most 100."""
        url = settings["outbound_message_url"]
        if not url:
            return
        keys = {
            change.key: None
            for change in changes
            if change.kind == "Opportunity"
            and change.after is not None
            and (change.after["IsWon"] or (change.before or {}).get("IsWon"))
        }
        pairs = [[make_id("04l", self.books.next_number("id:04l", 1_000_001)), key] for key in keys]
        message = self.outgoing.untouched(self._open)
        if message is not None and message["url"] == url:
            room = MOST_NOTIFICATIONS - len(message["notifications"])
            message["notifications"] += pairs[:room]
            pairs = pairs[room:]
        for start in range(0, len(pairs), MOST_NOTIFICATIONS):
            self._add(url, pairs[start : start + MOST_NOTIFICATIONS], settings, instance_url)

    def _add(self, url: str, notifications: list[list[str]], settings: Mapping[str, Any], instance_url: str) -> None:
        number = self.books.next_number("outbound_messages")
        every = int(settings["duplicate_every"] or 0)
        copies = 2 if every and number % every == 0 else 1
        for _ in range(copies):
            message = self.outgoing.add(
                url,
                "",
                headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
                accepts="soap_ack",
                notifications=list(notifications),
                instance_url=instance_url,
                give_up_at=time.time() + KEPT_SECONDS,
                back_off=list(BACK_OFF),
                number=number,
            )
            if settings["reorder"]:
                message["not_before"] = time.time() + self._random.uniform(0, 1.5)
        # A message that goes out twice must name the same notifications both times.
        self._open = message["id"] if copies == 1 else ""

    def compose(self, document: Document, settings: Mapping[str, Any]) -> str | None:
        """The envelope with the latest data; None when every record it tells of is gone."""
        pairs = list(document["notifications"])
        if settings["reorder"]:
            self._random.shuffle(pairs)
        parts = [
            self._notification(name, record, settings["outbound_message_fields"])
            for name, key in pairs
            if (record := self.records.get("Opportunity", key))
        ]
        if not parts:
            return None
        organization = settings["organization_id"]
        return ENVELOPE.format(
            organization=organization,
            action=settings["outbound_action_id"],
            token=self._token(settings),
            base=escape(document["instance_url"]),
            short=organization[:15],
            notifications="\n".join(parts),
        )

    def _token(self, settings: Mapping[str, Any]) -> str:
        """A token of the organisation, the same for messages that leave within half its life."""
        later = time.time() + float(settings["token_seconds"]) / 2
        good = (row["id"] for row in self.books.rows(TOKENS) if row["expires_at"] > later)
        return next(good, None) or new_token(self.books, settings)

    def _notification(self, name: str, record: Document, fields: list[str]) -> str:
        lines = [
            f"     <sf:{field}>{escape(text.translate(UNPRINTABLE))}</sf:{field}>"
            for field in sorted(fields)
            if (text := _soap_text(field, record)) is not None
        ]
        return "\n".join(
            [
                "   <Notification>",
                f"    <Id>{name}</Id>",
                '    <sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">',
                f"     <sf:Id>{record['Id']}</sf:Id>",
                *lines,
                "    </sObject>",
                "   </Notification>",
            ]
        )


def _soap_text(name: str, record: Document) -> str | None:
    field = OBJECTS["Opportunity"].fields.get(name)
    if field is None or name == "Id":
        return None
    value = to_json(field, record.get(name))
    if value is None:
        return None
    if field.type == "boolean":
        return "true" if value else "false"
    if field.type in NUMBERS:
        return str(value)
    return str(value).replace("+0000", "Z") if field.type == "datetime" else str(value)

"""Outbound Messages: proven by path secret and organisation, read without trusting their XML."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.errors import NotAuthentic
from connectors.interface import Inbound, Setup
from connectors.salesforce.connector import Salesforce

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
BODY = (Path(__file__).parents[2] / "payloads" / "salesforce" / "outbound_message.xml").read_bytes()
SPECS = Path(os.environ.get("Q2C_SPECS", Path(__file__).parents[4] / "shared" / "specs"))


def receive(
    connector: Salesforce, body: bytes = BODY, *, secret: str = "path-secret", kind: str = "text/xml"
) -> Inbound:
    headers = {"Content-Type": f"{kind}; charset=utf-8", "X-Q2C-Path-Secret": secret}
    return connector.receive(headers=headers, body=body, now=NOW)


def test_each_notification_is_an_event(salesforce: Salesforce) -> None:
    # when
    inbound = receive(salesforce)
    # then
    first, second = inbound.events
    assert (first.event_id, first.kind, first.object_id) == ("04l5g00001olR84AAE", "opportunity", "0065g00000KwyWtAAJ")
    assert first.revision == 1778751067123 and first.record is None
    assert first.occurred_at == datetime(2026, 5, 14, 9, 31, 7, 123000, tzinfo=UTC)
    # and a short id is made whole
    assert (second.kind, second.object_id, second.revision) == ("account", "0015g00000AbCdEAAV", 0)


def test_the_answer_is_what_salesforce_takes_as_received(salesforce: Salesforce) -> None:
    inbound = receive(salesforce)
    root = ElementTree.fromstring(inbound.answer)
    assert inbound.answer_type == "text/xml"
    assert [element.text for element in root.iter("{http://soap.sforce.com/2005/09/outbound}Ack")] == ["true"]


def test_the_live_credential_is_kept_nowhere(salesforce: Salesforce) -> None:
    for event in receive(salesforce).events:
        assert b"AQLIVE" not in event.raw and b"SessionId" not in event.raw
        assert event.event_id.encode() in event.raw
        assert "AQLIVE" not in repr(event)


def test_the_same_notification_has_the_same_bytes_again(salesforce: Salesforce) -> None:
    # given the same notification in a later message
    again = BODY.replace(b"AQLIVE", b"AQOTHER").replace(b"04k5g000000PGrlAAG", b"04k5g000000PGrmAAG")
    assert [event.raw for event in receive(salesforce, again).events] == [
        event.raw for event in receive(salesforce).events
    ]


@pytest.mark.parametrize("secret", ["", "path-secret ", "Path-secret", "other", "pfad-geheimnis-ä"])
def test_without_the_secret_it_is_not_authentic(salesforce: Salesforce, secret: str) -> None:
    with pytest.raises(NotAuthentic):
        receive(salesforce, secret=secret)


def test_an_unset_secret_lets_nobody_in(make_setup: Callable[..., Setup]) -> None:
    with pytest.raises(NotAuthentic):
        receive(Salesforce(make_setup(secrets={})), secret="")


def test_another_organisation_is_not_authentic(salesforce: Salesforce, make_setup: Callable[..., Setup]) -> None:
    with pytest.raises(NotAuthentic):
        receive(salesforce, BODY.replace(b"00D5g000004XyZAEA0", b"00D5g000004XyZBEA0"))
    with pytest.raises(NotAuthentic):
        receive(Salesforce(make_setup(settings={})))


def test_the_short_organisation_id_is_the_same_one(make_setup: Callable[..., Setup]) -> None:
    assert receive(Salesforce(make_setup(settings={"organization_id": "00D5g000004XyZA"}))).events


def test_xml_is_known_by_its_first_character(salesforce: Salesforce) -> None:
    assert receive(salesforce, b"\n " + BODY.partition(b"?>")[2].strip(), kind="application/octet-stream").events


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE n [<!ENTITY a "b">]>'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (DOCTYPE + BODY.partition(b"?>")[2], "document type"),
        (b"<!DOCTYPE html>" + BODY.partition(b"?>")[2], "document type"),
        ("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a><a/>".encode("utf-16"), "document type"),
        (b"<a>" * 65 + b"</a>" * 65, "deeper"),
        (b"<a>" * 200000, "deeper"),
        (b"<a", "no XML"),
        (b"<a/>", "no notifications"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "no XML"),
        (b"<a>" + b" " * 1_000_000 + b"</a>", "bytes"),
        (BODY.replace(b"04l5g00001olR84AAE", b"04l"), r"Notification\[0\].Id"),
        (BODY.replace(b"0065g00000KwyWtAAJ", b"006"), r"Notification\[0\].sObject.Id"),
        (BODY.replace(b"sf:Opportunity", b""), "xsi:type"),
        (BODY.replace(b"sf:Opportunity", b"sf:Opp ortunity"), "xsi:type"),
        (BODY.replace(b"2026-05-14T09:31:07.123Z", b"yesterday"), "SystemModstamp"),
        (BODY.replace(b"Notification>", b"Message>"), "0 of them"),
    ],
)
def test_bad_content_is_refused_in_words(salesforce: Salesforce, body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        receive(salesforce, body)


def test_a_message_has_at_most_a_hundred_notifications(salesforce: Salesforce) -> None:
    start = BODY.index(b"<Notification>")
    end = BODY.index(b"</Notification>") + len(b"</Notification>")
    with pytest.raises(ValueError, match="101 of them|102 of them"):
        receive(salesforce, BODY[:start] + BODY[start:end] * 100 + BODY[start:])


def test_the_published_sample_is_read(salesforce: Salesforce) -> None:
    sample = SPECS / "salesforce" / "outbound_message_sample.xml"
    if not sample.exists():
        pytest.skip("outbound_message_sample.xml is not here (set Q2C_SPECS)")
    assert len(receive(salesforce, sample.read_bytes()).events) == 2

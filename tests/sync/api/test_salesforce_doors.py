"""Salesforce's two doors: JSON of a signed-in caller, and Outbound Messages by path secret and organisation."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from oauth2_provider.models import Application

from reconciliation.models import ExceptionCase
from sync.api import callbacks
from sync.models import Connection, ConnectionHealth, RefusedCall, SourceEvent, SourceEventBody, WorkItem
from sync.states import Condition
from tests.small_company import Company
from tests.sync.api.conftest import CALLER, CALLER_SECRET, ORGANISATION, PATH_SECRET, is_a_problem

EVENT = {
    "eventId": "0065g00000KwyWtAAJ:7",
    "objectType": "Opportunity",
    "recordId": "0065g00000KwyWtAAJ",
    "systemModstamp": "2026-05-14T09:31:07.123Z",
}
MESSAGE = (Path(__file__).parents[2] / "payloads/salesforce/outbound_message.xml").read_bytes()


# -- JSON ---------------------------------------------------------------------------------------------
def test_one_event_is_taken_in_and_can_be_tracked(send_event: Any, client: Client, token: Any) -> None:
    # given a signed-in caller, when they send an event
    answer = send_event(EVENT)
    # then it is accepted, with an address where to follow it
    assert answer.status_code == 200
    (one,) = answer.json()["events"]
    assert (one["event_id"], one["status"]) == (EVENT["eventId"], "accepted")
    path = one["tracking_url"].removeprefix("http://127.0.0.1:8000")
    followed = client.get(path, headers={"authorization": f"Bearer {token()}"})
    assert followed.status_code == 200
    assert followed.json()["object_id"] == EVENT["recordId"] and followed.json()["objects"] == []


def test_following_an_event_shows_its_objects_and_their_problems(send_event: Any, client: Client, token: Any) -> None:
    tracking_id = send_event(EVENT).json()["events"][0]["tracking_id"]
    event = SourceEvent.objects.get()
    item = WorkItem.objects.create(
        flow="closed_won_to_billing",
        reference="contract:1",
        version=1,
        correlation_id="deal:1",
        event=event,
        subject={},
        condition=Condition.BLOCKED,
        due_at=event.due_at,
        created_at=event.due_at,
    )
    item.blocks.create(reason="PRODUCT_UNMAPPED", field="Product", value="GTXPro", opened_at=event.due_at)
    answer = client.get(f"/api/v1/events/{tracking_id}", headers={"authorization": f"Bearer {token()}"}).json()
    assert answer["objects"][0]["problems"] == [{"code": "PRODUCT_UNMAPPED", "field": "Product", "value": "GTXPro"}]
    assert answer["objects"][0]["trail"].endswith("/t/deal:1")


def test_an_unknown_tracking_id_is_not_found(doors: Company, client: Client, token: Any) -> None:
    url = "/api/v1/events/00000000-0000-0000-0000-000000000000"
    assert is_a_problem(client.get(url, headers={"authorization": f"Bearer {token()}"}), 404)
    assert is_a_problem(client.get(url), 401)


def test_a_batch_is_taken_in_as_one(send_event: Any) -> None:
    batch = {"events": [{**EVENT, "eventId": f"e{n}"} for n in range(200)]}
    answer = send_event(batch)
    assert answer.status_code == 200 and len(answer.json()["events"]) == 200
    assert SourceEvent.objects.count() == 200


def test_a_repeated_event_is_answered_with_the_first_tracking_id(send_event: Any) -> None:
    first, second = (send_event(EVENT).json()["events"][0] for _ in range(2))
    assert (first["status"], second["status"]) == ("accepted", "known")
    assert first["tracking_id"] == second["tracking_id"]


def test_a_known_id_with_other_content_is_a_conflict_that_keeps_both(send_event: Any) -> None:
    # given an event that was taken in
    first = send_event(EVENT).json()["events"][0]
    # when its id comes with other content
    answer = send_event({**EVENT, "recordId": "0065g00000KwyWuAAJ"[:15]})
    # then the answer says so, the first stays, and a case is open
    assert answer.status_code == 409
    (one,) = answer.json()["events"]
    assert one["status"] == "conflict" and "first content counts" in one["detail"]
    assert one["tracking_id"] == first["tracking_id"]
    assert SourceEvent.objects.get().object_id == EVENT["recordId"]
    assert ExceptionCase.objects.get().reason == "CONFLICTING_DUPLICATE"


def test_nobody_gets_in_without_a_token_of_the_right_scope(doors: Company, client: Client, token: Any) -> None:
    # given no token, a made-up one, and one that may only read
    url = "/api/v1/callbacks/salesforce/crm/events"
    bare = client.post(url, EVENT, content_type="application/json")
    made_up = client.post(url, EVENT, content_type="application/json", headers={"authorization": "Bearer nonsense"})
    other = client.post(
        url, EVENT, content_type="application/json", headers={"authorization": f"Bearer {token('read')}"}
    )
    # then nothing is stored
    assert is_a_problem(bare, 401) and is_a_problem(made_up, 401) and is_a_problem(other, 403)
    assert not SourceEvent.objects.exists() and not RefusedCall.objects.exists()


def test_the_token_is_not_given_to_a_wrong_secret(caller: Any, client: Client) -> None:
    order = {"grant_type": "client_credentials", "client_id": CALLER, "scope": "callbacks"}
    assert client.post("/o/token/", {**order, "client_secret": "another"}).status_code == 401
    assert client.post("/o/token/", {**order, "client_secret": CALLER_SECRET}).status_code == 200


def test_our_own_marks_cannot_be_sent_from_outside(doors: Company, client: Client) -> None:
    # given a caller without a token who claims to be proven already
    headers = {"x-q2c-client": CALLER, "x-q2c-path-secret": PATH_SECRET}
    for url in ("/api/v1/callbacks/salesforce/crm/events", "/api/v1/callbacks/salesforce/crm/outbound/wrong"):
        answer = client.post(url, EVENT, content_type="application/json", headers=headers)
        assert is_a_problem(answer, 401), url
    assert not SourceEvent.objects.exists()


def test_a_connection_of_another_system_or_none_is_not_proven(send_event: Any, client: Client, token: Any) -> None:
    for code in ("billing", "nowhere"):
        answer = client.post(
            f"/api/v1/callbacks/salesforce/{code}/events",
            EVENT,
            content_type="application/json",
            headers={"authorization": f"Bearer {token()}"},
        )
        assert is_a_problem(answer, 401)


def test_a_client_speaks_only_for_the_connections_it_is_bound_to(
    send_event: Any, doors: Company, caller: Application, client: Client, token: Any
) -> None:
    # given a second organisation, which this client is not bound to
    other = Connection(code="crm2", label="Other", system="salesforce", role="crm", base_url=doors.crm.base_url)
    other.is_sandbox, other.settings = doors.crm.is_sandbox, doors.crm.settings
    other.put_secrets(client_id="a", client_secret="b", path_secret=PATH_SECRET)
    other.save()
    bearer = {"authorization": f"Bearer {token()}"}
    url = "/api/v1/callbacks/salesforce/crm2/events"
    # when it tells of an event there, in any size
    for place, body in enumerate([json.dumps(EVENT).encode(), b" " * 2_000_000], start=1):
        answer = client.post(url, body, content_type="application/json", headers=bearer)
        # then it is refused in words and counted, and nothing of it stays
        assert is_a_problem(answer, 403) and "may not send events for this connection" in answer.json()["detail"]
        assert ConnectionHealth.objects.get(connection=other).refused_calls == place
    assert not SourceEvent.objects.exists() and not RefusedCall.objects.exists()
    # and once it is bound, it is heard
    other.callers.add(caller)
    assert client.post(url, EVENT, content_type="application/json", headers=bearer).status_code == 200


def test_only_who_may_send_events_of_a_connection_may_follow_them(
    send_event: Any, doors: Company, caller: Application, client: Client, token: Any
) -> None:
    path = send_event(EVENT).json()["events"][0]["tracking_url"].removeprefix("http://127.0.0.1:8000")
    doors.crm.callers.remove(caller)
    assert is_a_problem(client.get(path, headers={"authorization": f"Bearer {token()}"}), 404)


def test_a_client_is_bound_to_a_connection_once(doors: Company, caller: Application) -> None:
    link = Connection.callers.through
    with pytest.raises(IntegrityError), transaction.atomic():
        link.objects.create(connection=doors.crm, application=caller)


# -- after commit -------------------------------------------------------------------------------------
def test_no_success_is_answered_when_the_event_could_not_be_stored(
    send_event: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a database that fails in the middle
    client.raise_request_exception = False

    def fails(*_: Any, **__: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(SourceEventBody.objects, "bulk_create", fails)
    # when
    answer = send_event(EVENT)
    # then the caller is to repeat, and no half of it stays
    assert answer.status_code >= 500
    assert not SourceEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_answer_is_made_after_the_commit(
    client: Client, committed_company: Company, in_threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a look at the database through another connection while the answer is being made
    row = committed_company.crm
    row.system, row.settings = "salesforce", {"organization_id": ORGANISATION}
    row.put_secrets(path_secret=PATH_SECRET)
    row.save()
    seen: list[int] = []
    real = callbacks.HttpResponse

    def answered(*content: Any, **more: Any) -> Any:
        assert not connection.in_atomic_block
        seen.extend(in_threads(lambda _: SourceEvent.objects.count(), [1]))
        return real(*content, **more)

    monkeypatch.setattr(callbacks, "HttpResponse", answered)
    # when
    answer = client.post(f"/api/v1/callbacks/salesforce/crm/outbound/{PATH_SECRET}", MESSAGE, content_type="text/xml")
    # then the other connection saw the events already
    assert answer.status_code == 200 and seen == [2]


# -- Outbound Messages --------------------------------------------------------------------------------
def outbound(client: Client, body: bytes = MESSAGE, *, secret: str = PATH_SECRET) -> Any:
    return client.post(f"/api/v1/callbacks/salesforce/crm/outbound/{secret}", body, content_type="text/xml")


def test_an_outbound_message_is_acknowledged_in_its_own_words(doors: Company, client: Client) -> None:
    answer = outbound(client)
    assert (answer.status_code, answer["content-type"]) == (200, "text/xml")
    assert b"<Ack>true</Ack>" in answer.content
    assert set(SourceEvent.objects.values_list("kind", flat=True)) == {"opportunity", "account"}


def test_the_live_credential_of_a_message_is_not_kept(doors: Company, client: Client) -> None:
    outbound(client)
    assert not any(b"AQ0AQLIVE" in bytes(raw) for raw in SourceEventBody.objects.values_list("raw", flat=True))


def test_a_message_sent_again_with_newer_data_is_no_conflict(doors: Company, client: Client) -> None:
    outbound(client)
    answer = outbound(client, MESSAGE.replace(b"2026-05-14T09:31:07.123Z", b"2026-05-14T11:00:00.000Z"))
    assert answer.status_code == 200 and b"<Ack>true</Ack>" in answer.content
    assert SourceEvent.objects.count() == 2 and not ExceptionCase.objects.exists()


@pytest.mark.parametrize("how", ["wrong secret", "other organisation"])
def test_a_message_that_is_not_proven_is_refused_and_counted(doors: Company, client: Client, how: str) -> None:
    if how == "wrong secret":
        answer = outbound(client, secret="another")
    else:
        answer = outbound(client, MESSAGE.replace(ORGANISATION.encode(), b"00D5g000004XyZBEA0"))
    # one answer for every way of not being proven, and a count, and no pause
    assert is_a_problem(answer, 401) and "could not be proven" in answer.json()["detail"]
    health = ConnectionHealth.objects.get(connection=doors.crm)
    assert (health.refused_calls, health.paused_at) == (1, None)
    assert not SourceEvent.objects.exists() and not RefusedCall.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', id="document type"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', id="outside entity"),
        pytest.param(b"<a>" * 100_000, id="deep"),
        pytest.param(b"<a><b></a>", id="broken"),
        pytest.param(b"<a/>", id="another document"),
        pytest.param(MESSAGE.replace(b"0065g00000KwyWtAAJ", b"00"), id="bad id"),
        pytest.param(MESSAGE.replace(b"07.123Z", b"99.999Z"), id="bad instant"),
        pytest.param(MESSAGE[:-200], id="cut off"),
        pytest.param(b"\xff\xfe<a/>", id="other encoding"),
    ],
)
def test_bad_xml_is_told_apart_and_kept_as_evidence(doors: Company, client: Client, body: bytes) -> None:
    answer = outbound(client, body)
    assert is_a_problem(answer, 400)
    kept = RefusedCall.objects.get()
    assert bytes(kept.raw) == body[:65536] and kept.problem.startswith(answer.json()["detail"][:60])
    assert not SourceEvent.objects.exists()

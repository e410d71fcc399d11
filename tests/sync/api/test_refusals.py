"""Whoever is turned away leaves a trace: evidence where the call was proven, a count where it was not."""

from typing import Any

from django.test import Client

from sync.models import ConnectionHealth, RefusedCall, SourceEvent, StrayCalls
from tests.small_company import Company

STRIPE, CALLOUT = "/api/v1/callbacks/stripe/{}", "/api/v1/callbacks/salesforce/{}/events"


def refused(code: str) -> int:
    return ConnectionHealth.objects.filter(connection__code=code).values_list("refused_calls", flat=True).first() or 0


def send(client: Client, address: str, body: bytes = b"{}", **headers: Any) -> int:
    return client.post(address, body, content_type="application/json", **headers).status_code


def test_a_call_without_a_signature_or_a_token_is_counted_at_its_connection(doors: Company, client: Client) -> None:
    assert send(client, STRIPE.format("billing")) == 401
    assert send(client, CALLOUT.format("crm")) in (401, 403)
    assert (refused("billing"), refused("crm")) == (1, 1)
    assert not RefusedCall.objects.exists() and not SourceEvent.objects.exists()


def test_a_token_that_is_wrong_is_counted(doors: Company, client: Client) -> None:
    assert send(client, CALLOUT.format("crm"), HTTP_AUTHORIZATION="Bearer wrong") in (401, 403)
    assert refused("crm") == 1


def test_a_call_to_no_connection_of_ours_is_counted_per_day(doors: Company, client: Client) -> None:
    for _ in range(3):
        assert send(client, STRIPE.format("nobody")) == 401
    row = StrayCalls.objects.get()
    assert (row.door, row.count) == ("stripe_billing", 3)
    assert refused("billing") == 0


def test_what_is_too_large_empty_or_packed_is_counted(doors: Company, client: Client) -> None:
    address = STRIPE.format("billing")
    assert send(client, address, b"x" * (1024 * 1024 + 1)) == 413
    assert send(client, address, b"") == 400
    assert send(client, address, HTTP_CONTENT_ENCODING="gzip") == 415
    assert refused("billing") == 3 and not RefusedCall.objects.exists()


def test_a_proven_call_that_cannot_be_taken_in_is_evidence_and_no_count(doors: Company, send_webhook: Any) -> None:
    assert send_webhook(b'{"object": "event"}').status_code == 400
    assert RefusedCall.objects.count() == 1 and refused("billing") == 0


def test_asking_a_door_in_another_way_is_no_refused_call(doors: Company, client: Client) -> None:
    assert client.get(STRIPE.format("billing")).status_code == 405
    assert refused("billing") == 0

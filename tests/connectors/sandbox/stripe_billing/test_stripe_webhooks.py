"""Webhooks on a real socket, verified by the official SDK."""

import json

import pytest
import stripe

from tests.connectors.sandbox.stripe_billing.running import Received, Running, at, eventually

SECRET = "whsec_q2c_sandbox"


def test_webhooks_are_signed_when_sent_and_name_the_request_that_caused_them(
    running: Running, receiver: Received
) -> None:
    # given an endpoint from the settings
    running.settings(webhook_url=receiver.url)
    # when a customer is created on a clock far from machine time
    clock = running.clock(at(2030, 1, 1))
    running.client.customers.create({"name": "Konex", "test_clock": clock}, {"idempotency_key": "k-1"})
    # then the SDK accepts the signature within its 300 seconds
    body, header = eventually(lambda: receiver.calls)[0]
    event = stripe.Webhook.construct_event(body, header, SECRET, 300)
    assert (event.type, event.created, event.api_version) == ("customer.created", at(2030, 1, 1), "2026-10-28.endive")
    assert event.request.idempotency_key == "k-1"
    assert event.request.id.startswith("req_")
    assert (event.pending_webhooks, event.data.object["name"]) == (1, "Konex")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, header, "whsec_other", 300)
    # and the API shows the same event with nothing pending any more
    assert eventually(lambda: running.client.events.retrieve(event.id).pending_webhooks == 0)


def test_only_wanted_types_are_sent(running: Running, receiver: Received) -> None:
    # given
    running.settings(webhook_url=receiver.url)
    # when a product (not in the default list) and a customer are created
    running.product()
    running.customer()
    # then
    eventually(lambda: receiver.calls)
    assert [json.loads(body)["type"] for body, _ in receiver.calls] == ["customer.created"]


def test_a_secret_being_rolled_signs_twice(running: Running, receiver: Received) -> None:
    # given
    running.settings(webhook_url=receiver.url, webhook_secret=["whsec_new", "whsec_old"])
    # when
    running.customer()
    # then
    body, header = eventually(lambda: receiver.calls)[0]
    for secret in ("whsec_new", "whsec_old"):
        assert stripe.WebhookSignature.verify_header(body, header, secret, 300)


def test_an_endpoint_of_its_own_gets_its_own_secret(running: Running, receiver: Received) -> None:
    # given
    endpoint = running.client.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["product.*"]})
    assert "secret" not in running.client.webhook_endpoints.retrieve(endpoint.id)
    # when
    running.product()
    # then
    body, header = eventually(lambda: receiver.calls)[0]
    assert stripe.Webhook.construct_event(body, header, endpoint.secret).type == "product.created"


def test_an_unanswered_webhook_is_listed_as_undelivered_and_sent_again(running: Running, receiver: Received) -> None:
    # given a receiver that is down for two tries
    receiver.refuse = 2
    running.settings(webhook_url=receiver.url)
    # when
    running.customer()
    # then the event counts as undelivered until it got through
    undelivered = running.client.events.list({"delivery_success": False, "types": ["customer.*"]}).data
    assert [event.type for event in undelivered] == ["customer.created"]
    eventually(lambda: receiver.calls)
    assert eventually(lambda: not running.client.events.list({"delivery_success": False}).data)


def test_duplicates_and_disorder_can_be_asked_for(running: Running, receiver: Received) -> None:
    # given
    running.settings(webhook_url=receiver.url, duplicate_every=2, reorder=True)
    # when ten customers are created
    made = [running.customer(name=f"C{number}") for number in range(10)]
    # then fifteen webhooks come, not in order
    eventually(lambda: len(receiver.calls) == 15)
    seen = [json.loads(body)["data"]["object"]["id"] for body, _ in receiver.calls]
    assert set(seen) == set(made)
    assert list(dict.fromkeys(seen)) != made


def test_events_are_paged_in_the_order_in_which_they_happened(running: Running) -> None:
    # given events on machine time and on a clock in the past
    clock = running.clock(at(2020, 1, 1))
    cursor = running.client.events.list({"limit": 1}).data[0].id
    running.product()
    running.customer(test_clock=clock)
    # when a poller goes on from its cursor
    later = running.client.events.list({"ending_before": cursor}).data
    # then it misses none
    assert [event.type for event in later] == ["customer.created", "product.created"]
    assert running.client.events.list({"type": "customer.created"}).data[0].data.object["test_clock"] == clock
    window = running.client.events.list({"created": {"gte": at(2020, 1, 1), "lt": at(2020, 1, 2)}}).data
    assert [event.type for event in window] == ["customer.created", "test_helpers.test_clock.created"]


def test_events_are_kept_thirty_days(running: Running) -> None:
    # given
    running.customer()
    now = running.sandbox.account.machine_now()
    # when
    running.sandbox.account.machine_now = lambda: now + 31 * 86_400
    # then
    assert running.client.events.list().data == []

"""Stripe's door: proven by the signature over the raw bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from reconciliation.models import ExceptionCase
from sync import polling
from sync.models import ConnectionHealth, RefusedCall, SourceEvent, SourceEventBody
from tests.small_company import Company
from tests.sync.api.conftest import WEBHOOK_SECRETS, is_a_problem, signature

BODY = (Path(__file__).parents[2] / "payloads/stripe/invoice_finalized.json").read_bytes()


def test_a_signed_event_is_taken_in_byte_for_byte(send_webhook: Any) -> None:
    answer = send_webhook(BODY)
    assert answer.status_code == 200 and answer.json()["events"][0]["status"] == "accepted"
    assert bytes(SourceEventBody.objects.get().raw) == BODY
    assert SourceEventBody.objects.get().headers["Stripe-Signature".lower()] == "[removed]"


def test_while_secrets_are_changed_both_are_taken(send_webhook: Any) -> None:
    first = send_webhook(BODY, signed=signature(BODY, secret=WEBHOOK_SECRETS[1]))
    second = send_webhook(BODY, signed=signature(BODY, secret=WEBHOOK_SECRETS[0]))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["events"][0]["status"] == "known"


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param(lambda: signature(BODY, secret="whsec_other"), id="another secret"),
        pytest.param(lambda: signature(BODY + b" "), id="another body"),
        pytest.param(lambda: signature(BODY, ago=301), id="too old"),
        pytest.param(lambda: signature(BODY, ago=-301), id="from the future"),
        pytest.param(lambda: "", id="none"),
        pytest.param(lambda: "t=1", id="half"),
        pytest.param(lambda: "t=99999999999999999999,v1=é", id="nonsense"),
    ],
)
def test_a_call_that_is_not_proven_is_refused_counted_and_pauses_nothing(send_webhook: Any, signed: Any) -> None:
    answer = send_webhook(BODY, signed=signed())
    assert is_a_problem(answer, 401)
    health = ConnectionHealth.objects.get(connection__code="billing")
    assert (health.refused_calls, health.paused_at) == (1, None)
    assert not SourceEvent.objects.exists() and not RefusedCall.objects.exists()


def test_an_old_signature_just_within_tolerance_is_taken(send_webhook: Any) -> None:
    assert send_webhook(BODY, signed=signature(BODY, ago=299)).status_code == 200


def test_the_same_event_with_other_content_is_a_conflict(send_webhook: Any) -> None:
    # given an event
    send_webhook(BODY)
    # when Stripe's id comes with another amount, properly signed
    answer = send_webhook(BODY.replace(b'"amount_due": 105400', b'"amount_due": 1'))
    # then
    assert answer.status_code == 409
    assert ExceptionCase.objects.get().reason == "CONFLICTING_DUPLICATE"


def test_a_poll_after_the_call_finds_nothing_new(send_webhook: Any, doors: Company, paper: Any) -> None:
    # given an event that was called in
    send_webhook(BODY)
    # when the list of events shows it too, in other bytes
    row = doors.billing
    row.system = "paper_billing"
    row.save()
    from connectors.stripe_billing import webhook

    event = webhook.as_source_event(json.loads(BODY), raw=b'{"the same": "told otherwise"}')
    paper("billing").polled["events"] = ([event], "evt_1QcFinal0001")
    # then it is no event of its own and no conflict
    assert polling.poll(row, "events") == 0
    assert SourceEvent.objects.count() == 1 and not ExceptionCase.objects.exists()


def test_an_unknown_connection_is_not_told_apart_from_a_bad_signature(send_webhook: Any) -> None:
    unknown, unsigned = send_webhook(BODY, code="nowhere"), send_webhook(BODY, signed="t=1,v1=0")
    assert unknown.status_code == unsigned.status_code == 401
    assert unknown.json() == unsigned.json()


def test_only_posting_is_answered(doors: Company, client: Client) -> None:
    assert is_a_problem(client.get("/api/v1/callbacks/stripe/billing"), 405)

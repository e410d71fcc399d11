"""Whatever comes in: a clear 4xx in one shape, never a 5xx, and evidence where the caller was proven."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.models import RefusedCall, SourceEvent
from tests.small_company import Company
from tests.sync.api.conftest import is_a_problem, signature

DEEP = b"[" * 100_000
BODIES = [
    pytest.param(b'{"a": NaN}', id="NaN"),
    pytest.param(b'{"a": -Infinity}', id="infinity"),
    pytest.param(b'{"a": 1e400}', id="beyond a float"),
    pytest.param(DEEP, id="deep lists"),
    pytest.param(b'{"a":' * 100_000, id="deep objects"),
    pytest.param(b'{"eventId": "a", "eventId": "b", "id": "a", "id": "b"}', id="a key twice"),
    pytest.param(b'{"eventId": "a\\u0000b", "id": "a\\u0000b"}', id="NUL"),
    pytest.param(b'{"eventId": "\\ud800", "id": "\\ud800"}', id="half a character"),
    pytest.param(b'{"eventId": "\xff"}', id="no UTF-8"),
    pytest.param(b"[]", id="list at the top"),
    pytest.param(b'"text"', id="text at the top"),
    pytest.param(b"null", id="null"),
    pytest.param(b"{", id="cut off"),
    pytest.param(b"{}", id="nothing in it"),
    pytest.param(b" ", id="space"),
    pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="5000 digits"),
    pytest.param(b"\x00" * 100, id="zeroes"),
    pytest.param(b"<a/>", id="XML"),
]


@pytest.mark.parametrize("body", BODIES)
def test_the_json_door_answers_what_is_wrong_and_keeps_evidence(send_event: Any, body: bytes) -> None:
    # given a proven caller, when the body cannot be taken
    answer = send_event(body)
    # then it is said, and kept
    assert answer.status_code in (400, 401) and is_a_problem(answer, answer.status_code)
    if answer.status_code == 400:
        kept = RefusedCall.objects.get()
        assert bytes(kept.raw) == body[:65536]
        assert "Bearer" not in json.dumps(kept.headers)
    assert not SourceEvent.objects.exists()


@pytest.mark.parametrize("body", BODIES)
def test_the_stripe_door_answers_what_is_wrong_and_keeps_evidence(send_webhook: Any, body: bytes) -> None:
    answer = send_webhook(body)
    assert is_a_problem(answer, 400)
    assert bytes(RefusedCall.objects.get().raw) == body[:65536]
    assert not SourceEvent.objects.exists()


@pytest.mark.parametrize("body", BODIES)
def test_the_deal_check_answers_what_is_wrong(doors: Company, client: Client, token: Any, body: bytes) -> None:
    answer = client.post(
        "/api/v1/deals/check", body, content_type="application/json", headers={"authorization": f"Bearer {token()}"}
    )
    assert is_a_problem(answer, 400)


@pytest.mark.parametrize("door", ["send_event", "send_webhook"])
def test_an_empty_body_is_refused(door: str, request: pytest.FixtureRequest) -> None:
    answer = request.getfixturevalue(door)(b"")
    assert is_a_problem(answer, 400) and "empty" in answer.json()["detail"]


@pytest.mark.parametrize("door", ["send_event", "send_webhook"])
def test_a_body_beyond_the_limit_is_refused_by_its_length_alone(
    door: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given 50 MB announced, when it is sent
    answer = request.getfixturevalue(door)(b" " * 50_000_000)
    # then
    assert is_a_problem(answer, 413)
    assert not SourceEvent.objects.exists()


@pytest.mark.parametrize("door", ["send_event", "send_webhook"])
def test_a_body_just_beyond_the_limit_is_refused(door: str, request: pytest.FixtureRequest) -> None:
    assert is_a_problem(request.getfixturevalue(door)(b" " * (1024 * 1024 + 1)), 413)


@pytest.mark.parametrize("door", ["send_event", "send_webhook"])
def test_a_compressed_body_is_refused(door: str, request: pytest.FixtureRequest) -> None:
    answer = request.getfixturevalue(door)(b"\x1f\x8b\x08", **{"content-encoding": "gzip"})
    assert is_a_problem(answer, 415) and "uncompressed" in answer.json()["detail"]


@pytest.mark.parametrize("length", ["nonsense", "-1", "", "\u00b2", "9" * 5000])
def test_a_length_that_is_no_number_does_no_harm(doors: Company, client: Client, length: str) -> None:
    answer = client.generic(
        "POST", "/api/v1/callbacks/stripe/billing", b"{}", content_type="application/json", CONTENT_LENGTH=length
    )
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_another_content_type_does_no_harm(doors: Company, client: Client, token: Any, content_type: str) -> None:
    headers = {"authorization": f"Bearer {token()}", "stripe-signature": signature(b"a=b")}
    for url in ("salesforce/crm/events", "stripe/billing"):
        answer = client.generic("POST", f"/api/v1/callbacks/{url}", b"a=b", content_type=content_type, headers=headers)
        assert 400 <= answer.status_code < 500


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(min_size=1, max_size=200),
        st.text(min_size=1, max_size=80).map(lambda t: t.encode("utf-8", "replace")),
    )
)
def test_no_bytes_at_all_lead_to_a_failure_of_ours(send_webhook: Any, send_event: Any, body: bytes) -> None:
    assert 400 <= send_webhook(body).status_code < 500
    assert 400 <= send_event(body).status_code < 500

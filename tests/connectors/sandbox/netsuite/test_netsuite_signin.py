"""Who gets in, as what, how often at once; asynchronous jobs; faults."""

import base64
import hashlib
import hmac
import threading
import time
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PATH = "/services/rest/record/v1/customer"


def oauth1(
    caller, *, secret="demo-token-secret", realm="1234567_SB1", query="", nonce="", shift=0, method="GET"
) -> str:
    fields = {
        "oauth_consumer_key": "demo-consumer",
        "oauth_token": "demo-token",
        "oauth_nonce": nonce or str(time.perf_counter_ns()),
        "oauth_timestamp": str(int(time.time()) + shift),
        "oauth_version": "1.0",
        "oauth_signature_method": "HMAC-SHA256",
    }
    pairs = [*fields.items(), *(tuple(pair.split("=")) for pair in query.split("&") if pair)]
    text = "&".join(
        f"{name}={value}" for name, value in sorted((name, quote(value, safe="~")) for name, value in pairs)
    )
    base = "&".join((method, quote(caller.address + PATH, safe="~"), quote(text, safe="~")))
    digest = hmac.new(f"demo-consumer-secret&{secret}".encode(), base.encode(), hashlib.sha256).digest()
    fields["oauth_signature"] = base64.b64encode(digest).decode()
    return f'OAuth realm="{realm}", ' + ", ".join(
        f'{name}="{quote(value, safe="~")}"' for name, value in fields.items()
    )


def ask(caller, header: str, query: str = ""):
    return caller.http.get(f"{PATH}?{query}" if query else PATH, headers={"Authorization": header})


def test_a_signed_request_gets_in_and_its_query_is_part_of_the_signature(stranger):
    assert ask(stranger, oauth1(stranger)).status_code == 200
    assert ask(stranger, oauth1(stranger, query="limit=5&offset=0"), "limit=5&offset=0").status_code == 200
    refused = ask(stranger, oauth1(stranger), "limit=5&offset=0")
    assert (refused.status_code, stranger.detail(refused)["o:errorCode"]) == (401, "INVALID_LOGIN")


@pytest.mark.parametrize(
    "wrong", [{"secret": "other"}, {"realm": "OTHER"}, {"shift": -900}, {"shift": 900}, {"method": "POST"}]
)
def test_a_wrong_secret_realm_time_or_method_does_not_get_in(stranger, wrong):
    assert ask(stranger, oauth1(stranger, **wrong)).status_code == 401


def test_a_nonce_works_once(stranger):
    header = oauth1(stranger, nonce="once")
    assert ask(stranger, header).status_code == 200
    assert ask(stranger, header).status_code == 401


def test_a_signed_assertion_is_worth_a_token_until_it_expires(stranger):
    # given tokens that live one second
    stranger.settings(token_seconds=1)
    answer = stranger.ask_token(stranger.assertion()).json()
    assert (answer["expires_in"], answer["token_type"]) == ("1", "bearer")
    header = f"Bearer {answer['access_token']}"
    # then it works at once and no longer later
    assert ask(stranger, header).status_code == 200
    time.sleep(1.1)
    assert ask(stranger, header).status_code == 401
    assert ask(stranger, "").status_code == 401


def test_an_rsa_certificate_may_sign_with_ps256(stranger):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    stranger.settings(certificates={"demo-certificate": public})
    assert stranger.ask_token(stranger.assertion(key=private, algorithm="PS256")).status_code == 200
    assert stranger.ask_token(stranger.assertion(key=private, algorithm="RS256")).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://elsewhere.test/token"},
        {"iss": "other"},
        {"scope": "restlets"},
        {"exp": 1},
        {"exp": int(time.time()) + 9000},
    ],
)
def test_a_wrong_assertion_is_worth_nothing(stranger, wrong):
    answer = stranger.ask_token(stranger.assertion(**wrong))
    assert (answer.status_code, stranger.detail(answer)["o:errorCode"]) == (401, "INVALID_LOGIN")


def test_a_read_only_role_reads_and_queries_but_does_not_write(caller):
    caller.sign_in("demo-read")
    assert caller.call("GET", "customer/eid:SF-1").status_code == 200
    assert caller.suiteql("SELECT id FROM customer")["count"] == 1
    for method, path in (
        ("PUT", "customer/eid:SF-9"),
        ("POST", "invoice"),
        ("PATCH", "customer/eid:SF-1"),
        ("DELETE", "customer/eid:SF-1"),
    ):
        answer = caller.call(method, path, {})
        assert (answer.status_code, caller.detail(answer)["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")


def test_one_call_too_many_at_once_is_turned_away(caller):
    # given room for one call, and one that takes its time
    caller.settings(concurrency=1)
    caller.http.post("/_sandbox/faults", json={"kind": "slow", "path": "/record/v1/customer/eid:SF-1", "seconds": 0.5})
    answers = []
    slow = threading.Thread(target=lambda: answers.append(caller.call("GET", "customer/eid:SF-1")))
    slow.start()
    time.sleep(0.2)
    # when another one comes
    refused = caller.call("GET", "customer")
    slow.join()
    # then it is told so, and later there is room again
    assert (refused.status_code, caller.detail(refused)["o:errorCode"]) == (429, "CONCURRENCY_LIMIT_EXCEEDED")
    assert answers[0].status_code == 200
    assert caller.call("GET", "customer").status_code == 200


def test_an_asynchronous_invoice_is_pending_then_done_and_its_key_works_once(caller):
    # given jobs that take a while
    caller.settings(async_seconds=0.4)
    headers = {"Prefer": "respond-async", "X-NetSuite-Idempotency-Key": "0c1f"}
    accepted = caller.call("POST", "invoice", caller.invoice_body(externalId="ASYNC-1"), headers=headers)
    assert (accepted.status_code, accepted.headers["preference-applied"]) == (202, "respond-async")
    job = accepted.headers["location"]
    # then nothing is there at first
    assert caller.http.get(job).json()["progress"] == "pending"
    assert caller.http.get(f"{job}/task/1/result").status_code == 404
    assert caller.call("GET", "invoice/eid:ASYNC-1").status_code == 404
    # when the key comes again, it points at the first job
    again = caller.call("POST", "invoice", caller.invoice_body(externalId="ASYNC-1"), headers=headers)
    assert (again.status_code, again.json()["title"]) == (400, "Conflict")
    assert caller.detail(again)["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert again.headers["location"] == job
    # and after a while it is done, once
    time.sleep(0.5)
    assert caller.http.get(job).json() | {"links": 0, "task": 0} == {
        "links": 0, "task": 0, "completed": True, "id": job.rpartition("/")[2], "progress": "succeeded",
    }  # fmt: skip
    result = caller.http.get(f"{job}/task/1/result")
    assert result.status_code == 204
    assert result.headers["location"].endswith(caller.read("invoice/eid:ASYNC-1")["id"])


def test_a_job_that_fails_keeps_its_error(caller):
    body = caller.invoice_body(entity={"externalId": "NOBODY"})
    job = caller.call("POST", "invoice", body, headers={"Prefer": "respond-async"}).headers["location"]
    assert caller.http.get(f"{job}/task/1").json()["progress"] == "failed"
    result = caller.http.get(f"{job}/task/1/result")
    assert (result.status_code, caller.detail(result)["o:errorPath"]) == (400, "entity")


def test_a_dropped_connection_leaves_the_write_in_the_books(caller):
    caller.http.post("/_sandbox/faults", json={"kind": "drop_after_commit", "path": "/invoice/"})
    with pytest.raises(httpx.TransportError):
        caller.call("PUT", "invoice/eid:DROP-1", caller.invoice_body())
    assert caller.read("invoice/eid:DROP-1")["total"] == 200.0


def test_a_write_whose_answer_was_lost_can_be_found_by_its_key(caller):
    # given an answer that never comes
    caller.http.post("/_sandbox/faults", json={"kind": "timeout_after_commit", "path": "/invoice/", "seconds": 0})
    assert caller.call("PUT", "invoice/eid:LOST-1", caller.invoice_body()).status_code == 504
    # then the invoice is there all the same
    assert caller.read("invoice/eid:LOST-1")["total"] == 200.0

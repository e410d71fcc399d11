"""Tryton's JSON-RPC against recorded answers."""

import base64
import json
from datetime import date
from decimal import Decimal

import httpx
import pytest
import respx

from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.tryton.rpc import decode, encode

ADDRESS = "http://127.0.0.1:9/books/rpc/"


@pytest.fixture
def answers(payload):
    """Scripts the answers to all calls but the sign-in, and keeps what was asked."""
    asked: list[dict] = []
    waiting: list[httpx.Response] = []
    signed_in: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if body["method"] == "common.db.login":
            signed_in.append(request)
            return httpx.Response(200, json=payload("login"))
        asked.append({**body, "authorization": request.headers.get("authorization")})
        return waiting.pop(0)

    with respx.mock as router:
        router.post(ADDRESS).mock(side_effect=answer)
        yield waiting, asked, signed_in


def result(value):
    return httpx.Response(200, json={"id": 1, "result": value})


def test_amounts_and_dates_go_and_come_exactly():
    value = {"amount": Decimal("10.10"), "on": date(2026, 11, 10), "lines": [["create", [{"debit": Decimal("0")}]]]}
    assert decode(json.loads(json.dumps(encode(value)))) == value
    with pytest.raises(TypeError):
        encode({"amount": 0.1})


def test_one_sign_in_serves_many_calls(connect, answers):
    # given
    waiting, asked, signed_in = answers
    waiting += [result([1]), result([2])]
    rpc = connect().rpc
    # when
    results = [rpc.call("model.account.invoice.search", [], writes=False) for _ in range(2)]
    # then
    assert (results, len(signed_in)) == ([[1], [2]], 1)
    token = base64.b64encode(b"q2c:3:key-of-the-test").decode()
    assert asked[0]["authorization"] == f"Session {token}"
    assert set(asked[0]) == {"id", "method", "params", "authorization"}
    assert asked[0]["params"][-1] == {"language": "en"}


def test_an_ended_sign_in_is_renewed_once(connect, answers):
    waiting, _, signed_in = answers
    rpc = connect().rpc
    waiting += [httpx.Response(401), result([1])]
    assert rpc.call("model.account.invoice.post", [1], writes=True) == [1]
    assert len(signed_in) == 2
    waiting += [httpx.Response(401), httpx.Response(401)]
    with pytest.raises(Misconfigured):
        rpc.call("model.account.invoice.post", [1], writes=True)


def test_a_refused_password_pauses_the_connection(connect):
    with respx.mock as router:
        router.post(ADDRESS).respond(401)
        with pytest.raises(Misconfigured) as raised:
            connect().check()
    assert raised.value.reason == "AUTH_EXPIRED"


def test_a_harmless_question_is_answered_yes_and_the_call_repeated(connect, answers, payload):
    # given
    waiting, asked, _ = answers
    waiting += [httpx.Response(200, json=payload("due_date_past")), result(None), result([12])]
    # when
    connect().rpc.call("model.account.invoice.post", [12], writes=True)
    # then
    assert [call["method"] for call in asked] == [
        "model.account.invoice.post",
        "model.res.user.warning.skip",
        "model.account.invoice.post",
    ]
    assert asked[1]["params"][:2] == ["invoice_payment_term.5f1c", False]


@pytest.mark.parametrize(
    ("name", "writes", "error", "reason"),
    [
        ("period_closed", True, Rejected, "PERIOD_CLOSED"),
        ("similar_invoice", True, Rejected, "DUPLICATE_DOC_NO"),
        ("no_permission", True, Misconfigured, "PERMISSION_MISSING"),
        ("concurrency", True, Unavailable, None),
        ("internal_error", True, OutcomeUnknown, None),
        ("internal_error", False, Unavailable, None),
    ],
)
def test_every_refusal_says_what_to_do_next(connect, answers, payload, name, writes, error, reason):
    # given
    waiting, _, _ = answers
    waiting.append(httpx.Response(200, json=payload(name)))
    # when / then
    with pytest.raises(error) as raised:
        connect().rpc.call("model.account.invoice.post", [12], writes=writes)
    assert reason is None or raised.value.reason == reason


@pytest.mark.parametrize(
    ("status", "writes", "error"),
    [
        (403, True, Misconfigured),
        (404, True, Misconfigured),
        (423, True, Unavailable),
        (429, True, Unavailable),
        (504, True, OutcomeUnknown),
        (504, False, Unavailable),
        (302, True, OutcomeUnknown),
    ],
)
def test_a_status_says_what_to_do_next(connect, answers, status, writes, error):
    waiting, _, _ = answers
    waiting.append(httpx.Response(status, text="<html>"))
    with pytest.raises(error):
        connect().rpc.call("model.account.invoice.post", [12], writes=writes)


def test_a_transaction_that_gave_way_to_another_wrote_nothing(connect, answers):
    # given Tryton's answer to two posts at once: numbers are drawn under a lock that nobody waits for
    waiting, _, _ = answers
    waiting.append(httpx.Response(503, text='<p>could not obtain lock on row in relation "ir_sequence_strict"</p>'))
    # when / then
    with pytest.raises(Unavailable):
        connect().rpc.call("model.account.invoice.post", [12], writes=True)


def test_a_missing_secret_or_database_names_itself(connect):
    with pytest.raises(Misconfigured, match="read_user"):
        connect(read_only=True)
    with pytest.raises(Misconfigured, match="database"):
        connect(database="")


def test_a_link_needs_a_web_client(connect):
    assert connect().link(kind="invoice", external_id="12") == ""
    found = connect(web_client="https://erp.example.com/").link(kind="invoice", external_id="12")
    assert found == "https://erp.example.com/#books/model/account.invoice/12"

"""Nothing refused goes without a trace: evidence of who was proven, a count of who was not, and never a failure of
ours.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from reconciliation.models import ExceptionCase
from sync import connections, inbox
from sync.models import ConnectionHealth, RefusedCall, SourceEvent
from tests.small_company import Company
from tests.sync.api.conftest import PATH_SECRET, WEBHOOK_SECRETS, is_a_problem, signature

PAYLOADS = Path(__file__).parents[2] / "payloads"
BODY = (PAYLOADS / "stripe/invoice_finalized.json").read_bytes()
MESSAGE = (PAYLOADS / "salesforce/outbound_message.xml").read_bytes()
EVENT = {"eventId": "a", "objectType": "Account", "recordId": "0015g00000AbCdEAAV"}


def counted(code: str) -> int:
    row = ConnectionHealth.objects.filter(connection__code=code).first()
    return row.refused_calls if row else 0


# -- a proven caller ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"", {}, 400, "body: empty"),
        (b"\x1f\x8b", {"content-encoding": "gzip"}, 415, "uncompressed"),
        (b"{", {}, 400, "body: not JSON"),
        (b'{"a": 1e400}', {}, 400, "10 to the power"),
        (b'{"a": 1e999999999999999999999}', {}, 400, "10 to the power"),
        (b'{"a": 1, "a": 2}', {}, 400, "a: given twice"),
        (b'{"\\ud800": 1, "\\ud800": 2}', {}, 400, r"\ud800: given twice"),
        (b'{"events": [], "\\u202e": 1}', {}, 400, r"\u202e: is not known"),
        ({**EVENT, "recordId": "../../etc/passwd"}, {}, 400, "recordId: "),
        ({**EVENT, "eventId": "x" * 10_000}, {}, 400, "eventId: "),
        ({**EVENT, "systemModstamp": "9999-12-31T00:00:00Z"}, {}, 400, "systemModstamp: "),
        ({**EVENT, "systemModstamp": "0001-01-01T00:00:00Z"}, {}, 400, "systemModstamp: "),
        ({**EVENT, "systemModstamp": "2026-03-29T02:30:00"}, {}, 400, "systemModstamp: "),
    ],
)
def test_a_proven_call_that_is_refused_stays_as_evidence(
    send_event: Any, body: Any, headers: dict[str, str], status: int, words: str
) -> None:
    answer = send_event(body, **headers)
    # it is said in words
    assert is_a_problem(answer, status) and words in answer.json()["detail"]
    # and kept, without the token
    kept = RefusedCall.objects.get()
    assert words in kept.problem and "Bearer" not in json.dumps(kept.headers)
    assert bytes(kept.raw) == (body if isinstance(body, bytes) else json.dumps(body).encode()) or status == 415
    assert counted("crm") == 0 and not SourceEvent.objects.exists()


def test_every_problem_names_its_field(send_event: Any) -> None:
    answer = send_event({"events": [{**EVENT, "recordId": "00"}, {**EVENT, "eventId": ""}]})
    assert [one["field"] for one in answer.json()["errors"]] == ["events[0].recordId", "events[1].eventId"]


def test_a_signed_event_longer_than_the_inbox_keeps_is_evidence(send_webhook: Any) -> None:
    for place, body in enumerate(
        (
            BODY.replace(b"invoice.finalized", b"invoice." + b"a" * 60),
            BODY.replace(b"in_1QcCancity01", b"in_" + b"1" * 150),
        )
    ):
        assert is_a_problem(send_webhook(body), 400)
        assert RefusedCall.objects.count() == place + 1


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 50_000_000])
def test_a_body_too_large_of_a_caller_who_is_known_leaves_its_start(send_event: Any, client: Client, size: int) -> None:
    body = b'{"events": [' + b"0123456789" * (size // 10)
    # given a signed-in caller, and one with the secret address
    answers = [
        send_event(body),
        client.post(f"/api/v1/callbacks/salesforce/crm/outbound/{PATH_SECRET}", body, content_type="text/xml"),
    ]
    # then both are told why, and the first 64 kB stay
    assert all(is_a_problem(answer, 413) for answer in answers)
    assert [bytes(kept.raw) for kept in RefusedCall.objects.all()] == [body[:65536]] * 2
    assert all("larger than" in kept.problem for kept in RefusedCall.objects.all())
    assert counted("crm") == 0 and not SourceEvent.objects.exists()


def test_a_body_too_large_is_only_counted_where_nobody_known_sent_it(
    doors: Company, client: Client, token: Callable[..., str]
) -> None:
    body, events = b" " * 2_000_000, "/api/v1/callbacks/salesforce/crm/events"
    for place, (url, headers) in enumerate(
        [
            ("/api/v1/callbacks/salesforce/crm/outbound/another-secret", {}),
            (events, {}),
            (events, {"authorization": "Bearer nonsense"}),
            (events, {"authorization": f"Bearer {token('read')}"}),
        ],
        start=1,
    ):
        answer = client.post(url, body, content_type="text/xml", headers=headers)
        assert answer.status_code in (401, 403, 413) and counted("crm") == place
    assert not RefusedCall.objects.exists()


# -- nobody proven ------------------------------------------------------------------------------------
def test_who_is_not_signed_in_is_counted(doors: Company, client: Client, token: Callable[..., str]) -> None:
    url = "/api/v1/callbacks/salesforce/crm/events"
    for place, authorization in enumerate(["", "Bearer nonsense", f"Bearer {token('read')}", "Basic YTpi"], start=1):
        answer = client.post(url, EVENT, content_type="application/json", headers={"authorization": authorization})
        assert answer.status_code in (401, 403) and counted("crm") == place
    assert not RefusedCall.objects.exists()


def test_a_body_too_large_is_counted_and_not_kept(doors: Company, client: Client) -> None:
    # given one megabyte and a bit that nobody signed: within the door's limit, beyond the connector's
    answer = client.post("/api/v1/callbacks/stripe/billing", b" " * 1_000_001, content_type="application/json")
    # then it is no evidence: anybody could fill the database with it
    assert is_a_problem(answer, 401)
    assert not RefusedCall.objects.exists() and counted("billing") == 1
    assert (
        client.post("/api/v1/callbacks/stripe/billing", b" " * 2_000_000, content_type="application/json").status_code
        == 413
    )
    assert counted("billing") == 2


def _bad_signatures() -> dict[str, str]:
    good = signature(BODY)
    stamp = good.partition(",")[0][2:]
    parsed = json.dumps(json.loads(BODY)).encode()
    mac = hmac.new(WEBHOOK_SECRETS[0].encode(), f"{stamp}.".encode() + parsed, hashlib.sha256).hexdigest()
    arabic = stamp.translate({ord("0") + digit: chr(0x660 + digit) for digit in range(10)})
    return {
        "missing": "",
        "wrong": f"t={stamp},v1={'0' * 64}",
        "truncated": good[:-1],
        "longer": good + "0",
        "over a body written again": f"t={stamp},v1={mac}",
        "of another connection": signature(BODY, secret="whsec_of_another_account"),
        "too old": signature(BODY, ago=360),
        "from the future": signature(BODY, ago=-360),
        "in other digits": good.replace(stamp, arabic).encode().decode("latin-1"),
        "two moments": f"t={stamp},{good}",
        "an older scheme": good.replace("v1=", "v0="),
        "moment without signature": f"t={stamp}",
        "upper case": good.replace("v1=", "V1="),
        "spaces": good.replace(",", ", "),
    }


def test_no_signature_but_the_right_one_is_taken_and_all_are_answered_alike(send_webhook: Any) -> None:
    answers = {name: send_webhook(BODY, signed=signed) for name, signed in _bad_signatures().items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert len({answer.content for answer in answers.values()}) == 1
    assert counted("billing") == len(answers)
    assert not SourceEvent.objects.exists() and not RefusedCall.objects.exists()


def test_a_replay_within_the_window_changes_nothing(send_webhook: Any) -> None:
    signed = signature(BODY)
    first, again = (send_webhook(BODY, signed=signed) for _ in range(2))
    assert first.json()["events"][0]["tracking_id"] == again.json()["events"][0]["tracking_id"]
    assert SourceEvent.objects.count() == 1 and not ExceptionCase.objects.exists()


def test_one_right_signature_among_wrong_ones_is_enough(send_webhook: Any) -> None:
    assert send_webhook(BODY, signed=f"{signature(BODY)},v1={'0' * 64}").status_code == 200


# -- what vendors' libraries add ----------------------------------------------------------------------
@pytest.mark.parametrize("accept", ["text/xml", "application/soap+xml", "*/*", "nonsense", "application/xml;q=0.9"])
def test_an_event_is_not_lost_over_what_the_caller_accepts(doors: Company, client: Client, accept: str) -> None:
    url = f"/api/v1/callbacks/salesforce/crm/outbound/{PATH_SECRET}"
    answer = client.post(url, MESSAGE, content_type="text/xml", headers={"accept": accept})
    assert answer.status_code == 200 and b"<Ack>true</Ack>" in answer.content


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x0 "ha">'
        + b"".join(f'<!ENTITY x{n} "&x{n - 1};&x{n - 1};">'.encode() for n in range(1, 40))
        + b"]><a>&x39;</a>",
        b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 100_000 + b'">]><a>' + b"&b;" * 1000 + b"</a>",
        b'<!DOCTYPE a SYSTEM "http://169.254.169.254/"><a/>',
        b'<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd">%b;]><a/>',
        b"<a>" * 200_000,
        MESSAGE.replace(b"<Notification>", b"<Notification>" + b"<x>" * 100, 1),
        MESSAGE.replace(b"<?xml", b"<?xml-stylesheet href='http://169.254.169.254/'?><?xml"),
    ],
    ids=[
        "billion laughs",
        "quadratic",
        "outside",
        "parameter entity",
        "200,000 deep",
        "100 deep inside",
        "late prolog",
    ],
)
def test_no_trick_of_xml_works(doors: Company, client: Client, body: bytes) -> None:
    started = time.monotonic()
    answer = client.post(f"/api/v1/callbacks/salesforce/crm/outbound/{PATH_SECRET}", body, content_type="text/xml")
    assert is_a_problem(answer, 400) and RefusedCall.objects.count() == 1
    assert time.monotonic() - started < 2


# -- our own set-up -----------------------------------------------------------------------------------
def test_a_connection_that_is_not_set_up_keeps_the_caller_waiting_with_one_case(
    send_webhook: Any, doors: Company
) -> None:
    # given a connection without its key
    doors.billing.put_secrets(webhook_secrets=",".join(WEBHOOK_SECRETS))
    doors.billing.save()
    # when two events come
    answers = [send_webhook(BODY) for _ in range(2)]
    # then both are to be sent again later, and people know
    assert all(is_a_problem(answer, 503) and answer["retry-after"] == "60" for answer in answers)
    assert ExceptionCase.objects.count() == 1 and not SourceEvent.objects.exists()
    assert connections.health_of(doors.billing).paused_at is not None


# -- the synchronous question -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "1_000"}, "quantity"),
        ({"quantity": "１２"}, "quantity"),
        ({"quantity": "1E+3"}, "quantity"),
        ({"amount": " 12.5 "}, "amount"),
        ({"amount": "1_000"}, "amount"),
        ({"amount": "１２.５"}, "amount"),
        ({"amount": "1E+3"}, "amount"),
        ({"amount": "0.005"}, "amount"),
    ],
)
def test_an_odd_number_in_a_deal_is_a_named_problem(
    doors: Company, client: Client, token: Callable[..., str], change: dict[str, Any], field: str
) -> None:
    deal = {
        "opportunity_id": "006000000000000001",
        "account_id": "001000000000000001",
        "close_date": "2026-05-13",
        "amount": "100.00",
        "lines": [{"product": "Basic", "amount": "100.00", **change}],
    }
    headers = {"authorization": f"Bearer {token()}"}
    answer = client.post("/api/v1/deals/check", deal, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    assert [one["field"] for one in answer.json()["problems"]] == [field]


def test_a_deal_of_fifty_megabytes_is_not_read(doors: Company, client: Client, token: Callable[..., str]) -> None:
    headers = {"authorization": f"Bearer {token()}"}
    answer = client.post("/api/v1/deals/check", b" " * 50_000_000, content_type="application/json", headers=headers)
    assert is_a_problem(answer, 413)


def test_an_address_that_does_not_exist_is_told_to_machines_in_their_own_form(doors: Company, client: Client) -> None:
    assert is_a_problem(client.get("/api/v1/callbacks/stripe/../x"), 404)
    assert client.get("/nowhere")["content-type"].startswith("text/html")


def test_a_caller_is_asked_to_come_again_while_nothing_can_be_stored(
    send_webhook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a database that goes away as the event is about to be stored
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(inbox, "take_in", away)
    # when a proven call comes
    answer = send_webhook(BODY)
    # then it is not told that all is well, nor that it did wrong
    assert is_a_problem(answer, 503) and answer["Retry-After"] == "15"
    assert "send the same again" in answer.json()["detail"] and not RefusedCall.objects.exists()

"""Signed webhooks: authentic ones are read, everything else is refused."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import NotAuthentic
from connectors.interface import Inbound, Setup
from connectors.stripe_billing import webhook
from connectors.stripe_billing.connector import StripeBilling
from connectors.stripe_billing.transport import API_VERSION

NOW = datetime(2026, 5, 14, 17, 2, tzinfo=UTC)
SECRET = "whsec_new"
BODY = (Path(__file__).parents[2] / "payloads" / "stripe" / "invoice_finalized.json").read_bytes()
SPECS = Path(os.environ.get("Q2C_SPECS", Path(__file__).parents[4] / "shared" / "specs"))


def signed(body: bytes = BODY, *, secret: str = SECRET, at: datetime = NOW) -> str:
    """The header as Stripe's own SDK makes it."""
    stamp = int(at.timestamp())
    return stripe.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=stamp)


def receive(connector: StripeBilling, body: bytes = BODY, *, header: str | None = None, now: datetime = NOW) -> Inbound:
    headers = {"Content-Type": "application/json", "STRIPE-SIGNATURE": signed(body) if header is None else header}
    return connector.receive(headers=headers, body=body, now=now)


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a watch over the one comparison that does not tell how much was right
    compared: list[tuple[bytes, bytes]] = []

    def watch(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return left == right

    monkeypatch.setattr(webhook.hmac, "compare_digest", watch)
    # when two secrets live and two signatures are given
    header = f"{signed()},v1={'0' * 64}"
    webhook.check_signature(header=header, body=BODY, secrets=["whsec_old", SECRET], now=NOW)
    # then all four pairs were compared with it, also after one fitted
    assert len(compared) == 4


def test_every_refusal_measures_the_whole_body(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a watch over what is measured
    measured: list[int] = []
    real = webhook.hmac.new

    def watch(key: bytes, msg: bytes, digestmod: Any) -> Any:
        measured.append(len(msg))
        return real(key, msg, digestmod)

    monkeypatch.setattr(webhook.hmac, "new", watch)
    # when calls are refused over a header that is missing, without sense, cut off or wrong, both secrets alive
    good = signed()
    for header in ("", "v1=00", good[:-1], f"{good.partition(',')[0]},v1={'0' * 64}"):
        measured.clear()
        with pytest.raises(NotAuthentic):
            webhook.check_signature(header=header, body=BODY, secrets=["whsec_old", SECRET], now=NOW)
        # then each was as much work as the others
        assert len(measured) == 2 and min(measured) > len(BODY), header
    # and so is a call for a connection that does not exist
    measured.clear()
    StripeBilling.turn_away(headers={"stripe-signature": good}, body=BODY, now=NOW)
    assert len(measured) == 1 and min(measured) > len(BODY)


def test_a_signed_event_is_read(stripe_billing: StripeBilling) -> None:
    # when
    (event,) = receive(stripe_billing).events
    # then
    assert (event.event_id, event.kind, event.object_id) == ("evt_1QcFinal0001", "invoice.finalized", "in_1QcCancity01")
    assert event.raw == BODY and event.record is not None and event.record["total"] == 105400
    assert event.occurred_at == datetime(2026, 5, 14, 17, 1, 7, tzinfo=UTC)


def test_both_secrets_count_while_one_is_rolled(stripe_billing: StripeBilling) -> None:
    assert receive(stripe_billing, header=signed(secret="whsec_old")).events
    stale = signed(secret="whsec_gone")
    both = f"{stale},v1={signed().rpartition('=')[2]},v0=00"
    assert receive(stripe_billing, header=both).events
    with pytest.raises(NotAuthentic):
        receive(stripe_billing, header=stale)


@given(st.data())
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    # given a body and its signature, one bit of either changed
    header = signed().encode()
    target = bytearray(data.draw(st.sampled_from([BODY, header])))
    place = data.draw(st.integers(0, len(target) - 1))
    target[place] ^= 1 << data.draw(st.integers(0, 7))
    in_body = len(target) == len(BODY)
    # then it is not authentic any more
    with pytest.raises(NotAuthentic):
        webhook.check_signature(
            header=signed() if in_body else bytes(target).decode("latin-1"),
            body=bytes(target) if in_body else BODY,
            secrets=["whsec_old", SECRET],
            now=NOW,
        )


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_a_signature_far_from_now_is_refused(stripe_billing: StripeBilling, seconds: int) -> None:
    with pytest.raises(NotAuthentic):
        receive(stripe_billing, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_near_now_is_taken(stripe_billing: StripeBilling, seconds: int) -> None:
    assert receive(stripe_billing, now=NOW + timedelta(seconds=seconds)).events


@pytest.mark.parametrize(
    "header", ["", "v1=00", "t=1", "t=1,t=2,v1=00", "t=,v1=00", "t=١٢,v1=00", "t=1e3,v1=00", "t=-1,v1=00", "ä,ö", "="]
)
def test_a_header_without_sense_is_refused(stripe_billing: StripeBilling, header: str) -> None:
    with pytest.raises(NotAuthentic):
        receive(stripe_billing, header=header)


def test_without_a_secret_nothing_is_authentic(make_setup: Callable[..., Setup]) -> None:
    connector = StripeBilling(make_setup(secrets={"api_key": "sk_test_write", "webhook_secrets": " , "}))
    with pytest.raises(NotAuthentic):
        receive(connector, header=signed(secret=""))


def changed(**values: Any) -> bytes:
    return json.dumps({**json.loads(BODY), **values}).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (changed(livemode=True), "livemode"),
        (changed(livemode=None), "livemode"),
        (changed(object="v2.core.event"), "object"),
        (changed(id="evt 1"), "id"),
        (changed(id=7), "id"),
        (changed(type="Invoice Finalized"), "type"),
        (changed(created="now"), "created"),
        (changed(created=10**15), "created"),
        (changed(data={}), "data.object"),
        (changed(data={"object": {"id": 5}}), "data.object.id"),
        (changed(note="\x00"), "NUL"),
        (changed(note="\ud800"), "half a character"),
        (b'{"id": NaN}', "NaN"),
        (b"[]", "one event object"),
        (b"{", "not JSON"),
        (b"[" * 5000, "JSON|deeper"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "deeper"),
    ],
)
def test_signed_nonsense_is_refused_in_words(stripe_billing: StripeBilling, body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        receive(stripe_billing, body)


def test_a_body_that_is_no_text_is_refused_in_words(stripe_billing: StripeBilling) -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        webhook.read_event(b"\xff", live=False)


def test_a_body_over_one_megabyte_is_refused(stripe_billing: StripeBilling) -> None:
    with pytest.raises(ValueError, match="bytes"):
        receive(stripe_billing, b" " * 1_000_001)
    # and who has not signed it leaves nothing behind, not even evidence
    with pytest.raises(NotAuthentic):
        stripe_billing.receive(headers={}, body=b" " * 1_000_001, now=NOW)


def test_cut_lines_and_other_shapes_are_fetched_instead(
    stripe_billing: StripeBilling, payload: Callable[[str], Any]
) -> None:
    # given an invoice with more lines than the event shows
    cut = payload("invoice_finalized")
    cut["data"]["object"]["lines"]["has_more"] = True
    # then its record is not taken from the event
    assert receive(stripe_billing, json.dumps(cut).encode()).events[0].record is None
    # and neither is one in the shape of another API version
    assert receive(stripe_billing, changed(api_version="2024-06-20")).events[0].record is None


def test_our_version_is_the_one_the_sdk_was_made_for() -> None:
    assert API_VERSION == stripe.api_version


def test_the_published_vector_is_taken() -> None:
    vectors = SPECS / "test_vectors.json"
    if not vectors.exists():
        pytest.skip("test_vectors.json is not here (set Q2C_SPECS)")
    vector = json.loads(vectors.read_text())["stripe"]
    webhook.check_signature(
        header=vector["header"],
        body=vector["payload"].encode(),
        secrets=[vector["secret"]],
        now=datetime.fromtimestamp(vector["timestamp"], UTC),
    )

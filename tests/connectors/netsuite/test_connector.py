"""NetSuite's verbs against recorded answers."""

import json
from datetime import date
from decimal import Decimal

import httpx
import pytest
import respx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable

REST = "http://127.0.0.1:9/services/rest"
INVOICE = f"{REST}/record/v1/invoice/eid:invoice:stripe:in_1"
KNOWN = {"customer:001000000000001AAA": "512"}
PRIVATE_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
MACHINE = {"client_id": "client", "certificate_id": "certificate", "private_key": PRIVATE_KEY}


@pytest.fixture
def wire():
    with respx.mock(assert_all_called=False) as router:
        yield router


def test_an_invoice_is_one_strict_upsert_and_its_id_comes_from_the_location(netsuite, wire, parcel, invoice):
    # given
    route = wire.put(INVOICE).respond(204, headers={"location": f"{REST}/record/v1/invoice/8123"})
    # when
    receipt = netsuite().deliver(parcel(invoice(), known=KNOWN))
    # then
    request = route.calls.last.request
    assert (receipt.external_id, receipt.acknowledged, receipt.posted) == ("8123", True, True)
    assert request.headers["x-netsuite-propertynamevalidation"] == "Error"
    assert request.headers["authorization"].startswith('OAuth realm="TSTDRV1"')
    # a repeat must replace the lines, or NetSuite would add them a second time
    assert request.url.params["replace"] == "item"
    assert b'"amount":200.00' in request.content


def test_an_id_that_did_not_come_back_must_be_looked_up(netsuite, wire, parcel, invoice):
    wire.put(INVOICE).respond(204)
    assert netsuite().deliver(parcel(invoice(), known={**KNOWN, "invoice:stripe:in_1": "7"})).external_id == "7"
    with pytest.raises(OutcomeUnknown):
        netsuite().deliver(parcel(invoice(), known=KNOWN))


def test_a_customer_names_its_parent_by_our_reference(netsuite, wire, parcel, customer):
    # given
    route = wire.put(f"{REST}/record/v1/customer/eid:{customer.reference}").respond(
        204, headers={"location": f"{REST}/record/v1/customer/512"}
    )
    # when
    receipt = netsuite().deliver(parcel(customer))
    # then
    body = json.loads(route.calls.last.request.content)
    assert receipt.external_id == "512"
    assert (body["companyName"], body["isPerson"], body["subsidiary"]) == ("Customer of a test", False, {"id": "1"})
    assert body["addressBook"]["items"][0]["addressBookAddress"]["country"] == {"id": "US"}


def test_an_allocation_patches_its_payment(netsuite, wire, parcel, allocation):
    # given
    route = wire.patch(f"{REST}/record/v1/customerPayment/eid:payment:stripe:pi_1").respond(204)
    known = {"payment:stripe:pi_1": "9001", "invoice:stripe:in_1": "8123"}
    # when
    receipt = netsuite().deliver(parcel(allocation, known=known))
    # then
    assert receipt.external_id == "9001:8123"
    assert json.loads(route.calls.last.request.content, parse_float=Decimal) == {
        "apply": {"items": [{"apply": True, "doc": {"id": "8123"}, "amount": Decimal("220.00")}]}
    }


def test_find_reads_what_netsuite_holds(netsuite, wire, payload):
    # given
    wire.get(INVOICE).respond(200, json=payload("invoice"))
    # when
    (receipt,) = netsuite(custom_fields={"invoice": {"version": "custbody_q2c_version"}}).find(
        kind="invoice", reference="invoice:stripe:in_1", known={}
    )
    # then
    assert (receipt.external_id, receipt.posted, receipt.version) == ("8123", True, 3)
    assert receipt.held == {
        "total": "220.00", "tax": "20.00", "net": "200.00", "currency": "USD", "tran_date": "2026-11-10",
        "due_date": "2026-12-10", "period": "Nov 2026", "status": "Open", "number": "INV-1001", "open": "220.00",
        "customer": "512",
    }  # fmt: skip


def test_find_reads_an_allocation_off_the_payment(netsuite, wire, payload):
    # given
    route = wire.get(f"{REST}/record/v1/customerPayment/eid:payment:stripe:pi_1").respond(
        200, json=payload("customer_payment")
    )
    connector = netsuite()
    # when
    found = {
        invoice: connector.find(
            kind="allocation",
            reference="allocation:stripe:inpay_1",
            known={"payment:stripe:pi_1": "9001", "invoice:stripe:in_1": invoice},
        )
        for invoice in ("8123", "8200")
    }
    # then
    assert route.calls.last.request.url.params["expandSubResources"] == "true"
    assert [receipt.external_id for receipt in found["8123"]] == ["9001:8123"]
    assert found["8123"][0].held["total"] == "220.00"
    assert found["8200"] == []


def test_only_netsuites_own_words_mean_that_a_record_is_not_there(netsuite, wire, payload):
    connector = netsuite()
    wire.get(INVOICE).respond(404, json=payload("not_found"))
    assert connector.find(kind="invoice", reference="invoice:stripe:in_1", known={}) == []
    wire.get(INVOICE).respond(404, text="<html>no such page</html>")
    with pytest.raises(Unavailable):
        connector.find(kind="invoice", reference="invoice:stripe:in_1", known={})


@pytest.mark.parametrize(
    ("status", "body", "error", "reason"),
    [
        (400, "period_closed", Rejected, "PERIOD_CLOSED"),
        (400, "several_details", Rejected, "ITEM_UNKNOWN"),
        (429, "concurrency", Unavailable, "RATE_LIMIT"),
        (400, "concurrency", Unavailable, "RATE_LIMIT"),
        (401, "invalid_login", Misconfigured, "AUTH_EXPIRED"),
        (403, "permission", Misconfigured, "PERMISSION_MISSING"),
        (400, "duplicate_record", OutcomeUnknown, None),
        (500, None, OutcomeUnknown, None),
        (503, None, OutcomeUnknown, None),
        (302, None, OutcomeUnknown, None),
    ],
)
def test_every_answer_says_what_to_do_next(netsuite, wire, parcel, invoice, payload, status, body, error, reason):
    # given
    wire.put(INVOICE).respond(status, json=payload(body)) if body else wire.put(INVOICE).respond(status, text="<html>")
    # when / then
    with pytest.raises(error) as raised:
        netsuite().deliver(parcel(invoice(), known=KNOWN))
    assert reason is None or raised.value.reason == reason
    if body == "several_details":
        assert len(raised.value.evidence["details"]) == 2


def test_silence_after_a_write_is_an_unknown_outcome_and_before_it_is_not(netsuite, wire, parcel, invoice):
    connector = netsuite()
    wire.put(INVOICE).mock(side_effect=httpx.ReadTimeout("silence"))
    with pytest.raises(OutcomeUnknown):
        connector.deliver(parcel(invoice(), known=KNOWN))
    wire.put(INVOICE).mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(Unavailable):
        connector.deliver(parcel(invoice(), known=KNOWN))


def test_a_refused_token_is_fetched_once_more_and_then_people_are_asked(netsuite, wire, payload):
    # given
    tokens = wire.post(f"{REST}/auth/oauth2/v1/token").respond(200, json=payload("token"))
    look_up = wire.get(INVOICE).mock(
        side_effect=[
            httpx.Response(401, json=payload("invalid_login")),
            httpx.Response(200, json=payload("invoice")),
            httpx.Response(401, json=payload("invalid_login")),
            httpx.Response(401, json=payload("invalid_login")),
        ]
    )
    connector = netsuite(secrets=MACHINE, sign_in="oauth2")
    # when
    assert connector.find(kind="invoice", reference="invoice:stripe:in_1", known={})
    # then
    assert (tokens.call_count, look_up.call_count) == (2, 2)
    assert look_up.calls.last.request.headers["authorization"] == "Bearer token-of-the-test"
    with pytest.raises(Misconfigured):
        connector.find(kind="invoice", reference="invoice:stripe:in_1", known={})
    assert tokens.call_count == 3


def test_a_day_is_listed_page_by_page_with_netsuites_own_count(netsuite, wire, payload):
    # given
    route = wire.post(f"{REST}/query/v1/suiteql").mock(
        side_effect=[httpx.Response(200, json=payload(f"invoices_page_{page}")) for page in (1, 2)]
    )
    # when
    pages = list(netsuite(subsidiaries={"US01": "1"}).list_day(kind="invoice", entity="US01", day=date(2026, 11, 10)))
    # then
    assert [call.request.url.params["offset"] for call in route.calls] == ["0", "2"]
    assert route.calls[0].request.headers["prefer"] == "transient"
    assert all(page.source_count == 3 for page in pages)
    assert "TO_DATE('2026-11-10'" in pages[0].query
    assert "m.subsidiary = 1" in pages[0].query
    lines = [line for page in pages for line in page.lines]
    assert [line.reference for line in lines] == ["invoice:stripe:in_1", "netsuite:8125", "invoice:stripe:in_3"]
    assert [(line.net, line.tax, line.gross) for line in lines] == [
        (Decimal("200.00"), Decimal("20.00"), Decimal("220.00")),
        (Decimal("75.50"), Decimal("0.00"), Decimal("75.50")),
        (Decimal("5000"), Decimal("0"), Decimal("5000")),
    ]
    assert [line.currency for line in lines] == ["USD", "USD", "JPY"]


def test_a_period_locked_for_receivables_is_closed_for_us(netsuite, wire, payload):
    wire.post(f"{REST}/query/v1/suiteql").respond(200, json=payload("accounting_periods"))
    periods = list(netsuite().periods(entity="US01"))
    assert [period.state for period in periods] == ["closed", "closed", "closed", "open"]
    assert (periods[-1].starts_on, periods[-1].ends_on) == (date(2026, 11, 1), date(2026, 11, 30))


def test_a_missing_secret_names_itself_and_reading_never_uses_the_writing_one(netsuite):
    with pytest.raises(Misconfigured, match="read_consumer_key"):
        netsuite(read_only=True)
    with pytest.raises(Misconfigured, match="private_key cannot be read"):
        netsuite(secrets={**MACHINE, "private_key": "not a key"}, sign_in="oauth2")


def test_a_link_leads_to_netsuites_own_screen(netsuite):
    connector = netsuite(account="1234567_SB1")
    host = "https://1234567-sb1.app.netsuite.com/app"
    assert connector.link(kind="invoice", external_id="8123") == f"{host}/accounting/transactions/custinvc.nl?id=8123"
    assert connector.link(kind="allocation", external_id="9001:8123").endswith("custpymt.nl?id=9001")
    assert connector.link(kind="period", external_id="1") == ""

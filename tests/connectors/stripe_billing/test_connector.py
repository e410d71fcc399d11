"""The verbs of Stripe Billing against canned answers."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx

from connectors import news
from connectors.canonical import Allocation, Customer, Refund, SubscriptionContract
from connectors.errors import CursorLost, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Parcel, Setup
from connectors.stripe_billing.connector import StripeBilling

NOW = datetime(2026, 5, 14, 17, 2, tzinfo=UTC)
BASE = "http://127.0.0.1:9"
KNOWN = {"customer:0015g00000AbCdEAAV": "cus_QcCancity"}


@pytest.fixture
def vendor():
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router


def form(call: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.request.content.decode()).items()}


def query(call: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(str(call.request.url)).query).items()}


def a_list(*rows: dict[str, Any], more: bool = False) -> httpx.Response:
    return httpx.Response(200, json={"object": "list", "has_more": more, "data": list(rows)})


# -- customers --------------------------------------------------------------------------------------
def test_a_customer_is_created_once_under_our_key(
    vendor, make_setup: Callable[..., Setup], make_parcel: Callable[..., Parcel], customer: Customer, payload
) -> None:
    # given
    route = vendor.post("/v1/customers").respond(200, json=payload("customer"))
    connector = StripeBilling(make_setup(settings={"test_clock": "clock_1"}))
    # when
    receipt = connector.deliver(make_parcel(customer))
    # then
    assert (receipt.external_id, receipt.version, receipt.posted) == ("cus_QcCancity", 3, False)
    request = route.calls.last.request
    assert request.headers["idempotency-key"] == "customer:0015g00000AbCdEAAV@3:put#1"
    assert request.headers["stripe-version"] == "2026-10-28.endive"
    assert request.headers["authorization"] == "Bearer sk_test_write"
    assert form(route.calls.last) == {
        "name": "Cancity",
        "address[country]": "US",
        "metadata[q2c_reference]": "customer:0015g00000AbCdEAAV",
        "metadata[q2c_version]": "3",
        "metadata[q2c_correlation]": "customer:0015g00000AbCdEAAV",
        "test_clock": "clock_1",
    }


def test_a_known_customer_is_updated(vendor, stripe_billing, make_parcel, customer: Customer, payload) -> None:
    route = vendor.post("/v1/customers/cus_QcCancity").respond(200, json=payload("customer"))
    stripe_billing.deliver(make_parcel(customer, known=KNOWN))
    assert route.call_count == 1 and "test_clock" not in form(route.calls.last)


def test_a_long_key_is_shortened_the_same_way_each_time(vendor, stripe_billing, make_parcel, customer, payload) -> None:
    route = vendor.post("/v1/customers").respond(200, json=payload("customer"))
    for _ in range(2):
        stripe_billing.deliver(make_parcel(customer, request_key="k" * 400))
    first, second = (call.request.headers["idempotency-key"] for call in route.calls)
    assert first == second and len(first) <= 255


# -- subscriptions ----------------------------------------------------------------------------------
def test_a_contract_becomes_a_subscription(vendor, stripe_billing, make_parcel, make_contract, payload) -> None:
    # given
    route = vendor.post("/v1/subscriptions").respond(200, json=payload("subscription"))
    # when
    receipt = stripe_billing.deliver(make_parcel(make_contract(), known=KNOWN))
    # then
    assert (receipt.external_id, receipt.acknowledged, receipt.posted) == ("sub_1QcCancity01", True, False)
    assert receipt.held["amount"] == "1054.00"
    sent = form(route.calls.last)
    assert sent["customer"] == "cus_QcCancity" and sent["items[0][price_data][unit_amount]"] == "105400"
    assert sent["backdate_start_date"] == "1778774400" and sent["cancel_at"] == "1810310400"
    assert sent["days_until_due"] == "30" and sent["metadata[q2c_deal]"] == "0065g00000KwyWtAAJ"


def test_a_beginning_that_lies_ahead_of_stripe_s_clock_is_handed_over_later(
    vendor, stripe_billing, make_parcel, make_contract
) -> None:
    said = {"type": "invalid_request_error", "message": "`backdate_start_date` must be in the past."}
    refusal = {"error": {**said, "param": "backdate_start_date"}}
    vendor.post("/v1/subscriptions").respond(400, json=refusal)
    with pytest.raises(Unavailable) as later:
        stripe_billing.deliver(make_parcel(make_contract(), known=KNOWN))
    assert later.value.retry_after == 60


def test_a_contract_waits_for_its_customer(vendor, stripe_billing, make_parcel, make_contract) -> None:
    with pytest.raises(Rejected) as refused:
        stripe_billing.deliver(make_parcel(make_contract()))
    assert refused.value.field == "customer_reference" and not vendor.calls


def test_a_newer_version_on_the_same_terms_makes_no_second_subscription(
    vendor, stripe_billing, make_parcel, make_contract, payload
) -> None:
    # given a contract that is billed already
    vendor.get("/v1/subscriptions/sub_1QcCancity01").respond(200, json=payload("subscription"))
    noted = vendor.post("/v1/subscriptions/sub_1QcCancity01").respond(200, json=payload("subscription"))
    created = vendor.post("/v1/subscriptions")
    known = {**KNOWN, "contract:0065g00000KwyWtAAJ": "sub_1QcCancity01"}
    # when version 2 comes with the same terms
    stripe_billing.deliver(make_parcel(make_contract(version=2), known=known))
    # then only the version is noted
    assert form(noted.calls.last)["metadata[q2c_version]"] == "2" and not created.called
    # and other terms are refused
    with pytest.raises(Rejected) as refused:
        stripe_billing.deliver(make_parcel(make_contract(version=3, amount="2000.00"), known=known))
    assert refused.value.reason == "DUPLICATE_SUBSCRIPTION" and not created.called


# -- errors -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("customer_missing", Rejected, "UNCLASSIFIED"),
        ("product_missing", Rejected, "PRODUCT_UNMAPPED"),
        ("other_parameters", Rejected, "UNCLASSIFIED"),
        ("card_declined", Rejected, "UNCLASSIFIED"),
        ("key_in_use", Unavailable, "UNAVAILABLE"),
        ("lock_timeout", Unavailable, "RATE_LIMIT"),
        ("rate_limit", Unavailable, "RATE_LIMIT"),
        ("bad_key", Misconfigured, "AUTH_EXPIRED"),
        ("no_permission", Misconfigured, "PERMISSION_MISSING"),
    ],
)
def test_refusals_are_sorted_by_what_to_do_next(
    vendor, stripe_billing, make_parcel, customer: Customer, payload, name: str, error: type, reason: str
) -> None:
    # given
    answer = payload("refusals")[name]
    vendor.post("/v1/customers").respond(answer["status"], json=answer["body"], headers=answer.get("headers", {}))
    # when
    with pytest.raises(error) as refused:
        stripe_billing.deliver(make_parcel(customer))
    # then
    assert refused.value.reason == reason and refused.value.http_status == answer["status"]
    if name == "rate_limit":
        assert refused.value.retry_after == 7
    if name == "customer_missing":
        assert (refused.value.code, refused.value.field, refused.value.value) == (
            "resource_missing",
            "customer",
            "cus_gone",
        )
    if name == "other_parameters":
        assert refused.value.evidence["type"] == "idempotency_error"


def test_a_server_error_leaves_a_write_open_also_when_it_is_replayed(
    vendor, stripe_billing, make_parcel, customer: Customer, payload
) -> None:
    answer = payload("refusals")["server_error"]
    vendor.post("/v1/customers").respond(500, json=answer["body"], headers=answer["headers"])
    with pytest.raises(OutcomeUnknown) as unknown:
        stripe_billing.deliver(make_parcel(customer))
    assert unknown.value.evidence["replayed"] is True and unknown.value.evidence["request_id"] == "req_1Qc500"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ReadTimeout("silence"), OutcomeUnknown),
        (httpx.RemoteProtocolError("cut"), OutcomeUnknown),
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.Response(200, text="<html>"), OutcomeUnknown),
        (httpx.Response(200, text='{"id": "cus_'), OutcomeUnknown),
        (httpx.Response(200, text="[]"), OutcomeUnknown),
        (httpx.Response(503, text="<html>busy</html>"), OutcomeUnknown),
        (httpx.Response(302, headers={"location": "http://127.0.0.1:9/other"}), Misconfigured),
    ],
)
def test_silence_and_noise_after_a_write(
    vendor, stripe_billing, make_parcel, customer: Customer, answer: Any, error: type
) -> None:
    route = vendor.post("/v1/customers")
    if isinstance(answer, Exception):
        route.mock(side_effect=answer)
    else:
        route.mock(return_value=answer)
    with pytest.raises(error):
        stripe_billing.deliver(make_parcel(customer))
    # and the SDK did not try again by itself
    assert route.call_count == 1


def test_a_failed_read_is_only_unavailable(vendor, stripe_billing) -> None:
    vendor.get("/v1/customers").mock(
        side_effect=[httpx.ReadTimeout("silence"), httpx.Response(500, text="?"), httpx.Response(200, text="{")]
    )
    for _ in range(3):
        with pytest.raises(Unavailable):
            stripe_billing.find(kind="customer", reference="customer:0015g00000AbCdEAAV", known={})


# -- look-ups ---------------------------------------------------------------------------------------
def test_find_reads_the_lists_to_their_end(vendor, make_setup, payload) -> None:
    # given two pages, ours on the second, and a test clock
    ours, other = payload("customer"), {"id": "cus_other", "metadata": {}}
    route = vendor.get("/v1/customers").mock(side_effect=[a_list(other, more=True), a_list(ours, other)])
    connector = StripeBilling(make_setup(settings={"test_clock": "clock_1"}))
    # when
    found = connector.find(kind="customer", reference="customer:0015g00000AbCdEAAV", known={})
    # then
    assert [(receipt.external_id, receipt.version) for receipt in found] == [("cus_QcCancity", 3)]
    assert query(route.calls[0]) == {"limit": "100", "test_clock": "clock_1"}
    assert query(route.calls[1])["starting_after"] == "cus_other"


def test_find_tells_of_every_subscription_of_a_contract(vendor, stripe_billing, payload) -> None:
    ours = payload("subscription")
    route = vendor.get("/v1/subscriptions").mock(return_value=a_list(ours, {**ours, "id": "sub_2"}))
    found = stripe_billing.find(kind="contract", reference="contract:0065g00000KwyWtAAJ", known=KNOWN)
    assert [receipt.external_id for receipt in found] == ["sub_1QcCancity01", "sub_2"]
    assert query(route.calls.last) == {"limit": "100", "status": "all", "customer": "cus_QcCancity"}


def test_find_never_says_nothing_before_the_end(vendor, stripe_billing) -> None:
    vendor.get("/v1/customers").mock(return_value=a_list({"id": "cus_other", "metadata": {}}, more=True))
    with pytest.raises(Unavailable, match="look through"):
        stripe_billing.find(kind="customer", reference="customer:0015g00000AbCdEAAV", known={})


def test_fetch_reads_all_lines_and_leaves_out_what_is_gone(vendor, stripe_billing, payload) -> None:
    # given an invoice of 101 lines, a deleted and an unknown one
    record = payload("invoice_finalized")["data"]["object"]
    line = record["lines"]["data"][0]
    record["lines"]["has_more"] = True
    vendor.get("/v1/invoices/in_1QcCancity01").respond(200, json=record)
    vendor.get("/v1/invoices/in_gone").respond(200, json={"id": "in_gone", "deleted": True})
    vendor.get("/v1/invoices/in_none").respond(404, json={"error": {"code": "resource_missing", "message": "No"}})
    first = [{**line, "id": f"il_{number}"} for number in range(100)]
    vendor.get("/v1/invoices/in_1QcCancity01/lines").mock(
        side_effect=[a_list(*first, more=True), a_list({**line, "id": "il_100"})]
    )
    # when
    found = stripe_billing.fetch(kind="invoice.finalized", object_ids=["in_1QcCancity01", "in_gone", "in_none"])
    # then
    assert list(found) == ["in_1QcCancity01"]
    assert len(found["in_1QcCancity01"]["lines"]["data"]) == 101


def test_an_invoice_payment_is_not_taken_for_an_invoice(vendor, stripe_billing, payload) -> None:
    record = payload("invoice_payment_paid")["data"]["object"]
    vendor.get("/v1/invoice_payments/inpay_1QcCancity01").respond(200, json=record)
    assert stripe_billing.fetch(kind="invoice_payment.paid", object_ids=["inpay_1QcCancity01"])


def test_poll_goes_on_after_the_cursor_oldest_first(vendor, stripe_billing, payload) -> None:
    # given three events after the cursor on two pages, each newest first
    def event(name: str) -> dict[str, Any]:
        return {**payload("invoice_finalized"), "id": name}

    route = vendor.get("/v1/events").mock(
        side_effect=[a_list(event("evt_3"), event("evt_2"), more=True), a_list(event("evt_4")), a_list()]
    )
    # when
    events, cursor = stripe_billing.poll(stream="events", cursor="evt_1", now=NOW)
    # then
    assert [found.event_id for found in events] == ["evt_2", "evt_3", "evt_4"] and cursor == "evt_4"
    assert [query(call)["ending_before"] for call in route.calls] == ["evt_1", "evt_3"]
    assert query(route.calls[0])["types[0]"] == "invoice.finalized"
    # and with nothing new the cursor stays
    assert stripe_billing.poll(stream="events", cursor="evt_4", now=NOW) == ([], "evt_4")


def test_poll_without_a_cursor_reads_everything_oldest_first(vendor, stripe_billing, payload) -> None:
    pages = [
        [{**payload("invoice_finalized"), "id": f"evt_{number}"} for number in numbers] for numbers in ((3, 2), (1,))
    ]
    vendor.get("/v1/events").mock(side_effect=[a_list(*pages[0], more=True), a_list(*pages[1])])
    events, cursor = stripe_billing.poll(stream="events", cursor="", now=NOW)
    assert [found.event_id for found in events] == ["evt_1", "evt_2", "evt_3"] and cursor == "evt_3"


def test_a_listed_event_that_cannot_be_read_stops_no_other(vendor, stripe_billing, payload) -> None:
    good = payload("invoice_finalized")
    bad = {**good, "id": "evt_2", "created": "yesterday"}
    vendor.get("/v1/events").mock(side_effect=[a_list(bad, {**good, "id": "evt_1"})])
    events, cursor = stripe_billing.poll(stream="events", cursor="", now=NOW)
    assert (events[0].event_id, cursor) == ("evt_1", "evt_1")
    # it keeps its bytes, and names the object it is about, which is asked for when it is read
    assert events[1].event_id.startswith(news.UNREADABLE) and json.loads(events[1].raw)["id"] == "evt_2"
    assert (events[1].kind, events[1].object_id) == (good["type"], good["data"]["object"]["id"])


def test_a_cursor_stripe_has_forgotten_is_lost(vendor, stripe_billing) -> None:
    refusal = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such event"}}
    vendor.get("/v1/events").respond(400, json=refusal)
    with pytest.raises(CursorLost) as lost:
        stripe_billing.poll(stream="events", cursor="evt_old", now=NOW)
    # and Stripe keeps events for thirty days
    assert lost.value.oldest_kept == NOW - timedelta(days=30)


def test_the_list_of_a_span_is_oldest_first_and_asks_for_what_a_poll_asks(vendor, stripe_billing, payload) -> None:
    events = [{**payload("invoice_finalized"), "id": f"evt_{number}"} for number in (2, 1)]
    route = vendor.get("/v1/events").mock(side_effect=[a_list(*events)])
    found = stripe_billing.list_events(stream="events", since=NOW - timedelta(days=1), until=NOW)
    assert [event.event_id for event in found] == ["evt_1", "evt_2"]
    asked = query(route.calls[0])
    assert asked["created[gte]"] == str(int((NOW - timedelta(days=1)).timestamp()))
    assert asked["created[lt]"] == str(int(NOW.timestamp())) and asked["types[0]"] == "invoice.finalized"


# -- controls ---------------------------------------------------------------------------------------
def test_contracts_of_a_day_are_listed_with_the_key_that_only_reads(vendor, make_setup, payload) -> None:
    route = vendor.get("/v1/subscriptions").mock(return_value=a_list(payload("subscription")))
    connector = StripeBilling(make_setup(read_only=True))
    (page,) = connector.list_day(kind="contract", entity="US01", day=date(2026, 5, 14))
    (line,) = page.lines
    assert (line.reference, line.gross, line.tax) == ("contract:0065g00000KwyWtAAJ", Decimal("1054.00"), 0)
    assert line.document_date == date(2026, 5, 14)
    assert route.calls.last.request.headers["authorization"] == "Bearer rk_test_read"
    # from local midnight to local midnight
    asked = query(route.calls.last)
    assert (asked["created[gte]"], asked["created[lt]"], asked["status"]) == ("1778731200", "1778817600", "all")


def test_invoices_are_listed_by_the_day_they_were_issued(vendor, stripe_billing, payload) -> None:
    # given one issued that day, one a day later, a draft, a voided one and one below zero
    issued = payload("invoice_finalized")["data"]["object"]
    later = {**issued, "id": "in_2", "status_transitions": {"finalized_at": 1778778067 + 86400}}
    draft = {**issued, "id": "in_3", "status": "draft", "status_transitions": {"finalized_at": None}}
    void = {**issued, "id": "in_4", "status": "void"}
    negative = {**issued, "id": "in_5", "total": -5}
    vendor.get("/v1/invoices").mock(return_value=a_list(issued, later, draft, void, negative))
    # when
    (page,) = stripe_billing.list_day(kind="invoice", entity="US01", day=date(2026, 5, 14))
    (next_day,) = stripe_billing.list_day(kind="invoice", entity="US01", day=date(2026, 5, 15))
    # then a voided one keeps its place: it is taken back by a line of its own, on the day of the void
    assert [line.external_id for line in page.lines] == ["in_1QcCancity01", "in_4"]
    assert [line.external_id for line in next_day.lines] == ["in_2"]
    assert page.lines[0].counterparty == "customer:0015g00000AbCdEAAV"


def test_what_lowers_invoices_is_listed_below_zero_on_its_own_day(vendor, stripe_billing, payload) -> None:
    # given a credit note, one voided two days later, an invoice below zero, a voided one and one given up
    note = payload("credit_note_created")["data"]["object"]
    taken_back = {**note, "id": "cn_2", "status": "void", "voided_at": note["created"] + 2 * 86400}
    issued = payload("invoice_finalized")["data"]["object"]
    stamps = issued["status_transitions"]
    later = note["created"] + 2 * 86400
    negative = {**issued, "id": "in_2", "total": -500, "total_taxes": [{"amount": -45}]}
    void = {**issued, "id": "in_3", "status": "void", "status_transitions": {**stamps, "voided_at": later}}
    given_up = {
        **issued, "id": "in_4", "status": "uncollectible", "amount_remaining": 700,
        "status_transitions": {**stamps, "marked_uncollectible_at": later},
    }  # fmt: skip
    vendor.get("/v1/credit_notes").mock(return_value=a_list(note, taken_back))
    vendor.get("/v1/invoices").mock(return_value=a_list(negative, void, given_up))

    def listed(kind: str, day: date) -> dict[str, tuple[str, str, str]]:
        pages = stripe_billing.list_day(kind=kind, entity="US01", day=day)
        return {
            line.reference: (str(line.net), str(line.tax), str(line.gross)) for page in pages for line in page.lines
        }

    # then each is there once, signed, with its tax
    sums = ("-200.00", "-20.00", "-220.00")
    assert listed("credit_memo", date(2026, 5, 14)) == {
        "credit_memo:stripe:cn_1QcCredit0001": sums, "credit_memo:stripe:cn_2": sums,
        "invoice:stripe:in_2": ("-4.55", "-0.45", "-5.00"),
    }  # fmt: skip
    assert listed("void", date(2026, 5, 17)) == {
        "void:stripe:cn_2": ("200.00", "20.00", "220.00"), "void:stripe:in_3": ("-1054.00", "0.00", "-1054.00"),
    }  # fmt: skip
    assert listed("write_off", date(2026, 5, 17)) == {"write_off:stripe:in_4": ("-7.00", "0.00", "-7.00")}
    assert listed("void", date(2026, 5, 18)) == listed("write_off", date(2026, 5, 16)) == {}


def test_only_money_that_arrived_is_a_receipt(vendor, stripe_billing) -> None:
    # given a charge of an intent, one of its own, a failed one and one that is only reserved
    paid = {
        "id": "ch_1",
        "payment_intent": "pi_1",
        "created": 1778778067,
        "currency": "jpy",
        "amount_captured": 500,
        "captured": True,
        "status": "succeeded",
    }
    alone = {**paid, "id": "ch_2", "payment_intent": None}
    failed, reserved = {**paid, "id": "ch_3", "status": "failed"}, {**paid, "id": "ch_4", "captured": False}
    vendor.get("/v1/charges").mock(return_value=a_list(paid, alone, failed, reserved))
    # when
    (page,) = stripe_billing.list_day(kind="receipt", entity="US01", day=date(2026, 5, 14))
    # then
    assert [(line.reference, line.gross) for line in page.lines] == [
        ("payment:stripe:pi_1", Decimal("500")),
        ("payment:stripe:ch_2", Decimal("500")),
    ]


# -- people and set-up ------------------------------------------------------------------------------
def test_links_lead_to_the_dashboard(make_setup) -> None:
    live = StripeBilling(make_setup(base_url="https://api.stripe.com", sandbox=False))
    assert live.link(kind="invoice", external_id="in_1") == "https://dashboard.stripe.com/invoices/in_1"
    local = StripeBilling(make_setup())
    assert local.link(kind="customer", external_id="cus_1") == f"{BASE}/customers/cus_1"


def test_check_says_who_we_are(vendor, stripe_billing) -> None:
    vendor.get("/v1/account").respond(200, json={"id": "acct_1", "object": "account"})
    assert "acct_1" in stripe_billing.check()


@pytest.mark.parametrize("address", ["http://api.stripe.com", "https://stripe.example.com", "https://10.0.0.1"])
def test_a_live_connection_goes_to_stripe_only(make_setup, address: str) -> None:
    with pytest.raises(Misconfigured):
        StripeBilling(make_setup(base_url=address, sandbox=False))


def test_a_key_must_be_set(make_setup) -> None:
    with pytest.raises(Misconfigured):
        StripeBilling(make_setup(secrets={"api_key": "sk_test_write"}, read_only=True))


def test_one_connector_serves_several_threads(vendor, stripe_billing, make_parcel, customer: Customer, payload) -> None:
    vendor.post("/v1/customers").respond(200, json=payload("customer"))
    receipts: list[Any] = []

    def work() -> None:
        receipts.extend(stripe_billing.deliver(make_parcel(customer)) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 60


def test_what_the_connector_promises() -> None:
    assert StripeBilling.key_horizon == timedelta(hours=23)
    assert {Customer.kind, SubscriptionContract.kind, Allocation.kind, Refund.kind} <= StripeBilling.delivers
    assert {"usage_plan", "usage_summary", "usage_true_up"} <= StripeBilling.delivers

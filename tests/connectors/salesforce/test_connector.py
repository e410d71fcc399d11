"""The verbs of Salesforce against canned answers."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx

from connectors import news
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Receipt
from connectors.salesforce.connector import Salesforce

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
BASE = "http://127.0.0.1:9"
ROOT = "/services/data/v65.0"
COLLECTION = f"{ROOT}/composite/sobjects"
TOKEN = {
    "access_token": "00D!first",
    "id": "https://login.salesforce.com/id/00D5g000004XyZAEA0/0055g00000AbCdEAAV",
    "instance_url": BASE,
    "token_type": "Bearer",
}


@pytest.fixture
def vendor():
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        router.post("/services/oauth2/token", name="sign-in").respond(200, json=TOKEN)
        yield router


def soql(call: Any) -> str:
    return parse_qs(urlsplit(str(call.request.url)).query)["q"][0]


def rows(*records: dict[str, Any], total: int | None = None, more: str = "") -> httpx.Response:
    body: dict[str, Any] = {"totalSize": len(records) if total is None else total, "done": not more, "records": records}
    return httpx.Response(200, content=json.dumps({**body, **({"nextRecordsUrl": more} if more else {})}, default=str))


def ids(count: int) -> list[str]:
    return [f"0065g00000K{number:04d}AAB" for number in range(count)]


# -- sign-in ----------------------------------------------------------------------------------------
def test_one_token_serves_many_calls_until_it_is_refused(vendor, salesforce: Salesforce, payload) -> None:
    # given a token that ends after the second call
    expired = payload("refusals")["expired"]
    vendor["sign-in"].mock(
        side_effect=[httpx.Response(200, json=TOKEN), httpx.Response(200, json={**TOKEN, "access_token": "00D!second"})]
    )
    query = vendor.get(f"{ROOT}/query").mock(
        side_effect=[rows(), rows(), httpx.Response(401, json=expired["body"]), rows()]
    )
    # when
    for _ in range(3):
        salesforce.fetch(kind="account", object_ids=["0015g00000AbCdEAAV"])
    # then
    assert vendor["sign-in"].call_count == 2
    assert [call.request.headers["authorization"][-6:] for call in query.calls] == ["!first"] * 3 + ["second"]
    assert query.calls.last.request.headers["sforce-call-options"] == "client=q2c"
    form = parse_qs(vendor["sign-in"].calls.last.request.content.decode())
    assert form == {"grant_type": ["client_credentials"], "client_id": ["our-client"], "client_secret": ["our-secret"]}


def test_a_token_refused_twice_is_a_matter_of_set_up(vendor, salesforce: Salesforce, payload) -> None:
    vendor.get(f"{ROOT}/query").respond(401, json=payload("refusals")["expired"]["body"])
    with pytest.raises(Misconfigured) as refused:
        salesforce.fetch(kind="account", object_ids=["0015g00000AbCdEAAV"])
    assert refused.value.reason == "AUTH_EXPIRED" and vendor["sign-in"].call_count == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_client_id", "error_description": "unknown"}), Misconfigured),
        (httpx.Response(401, text=""), Misconfigured),
        (httpx.Response(200, json={}), Unavailable),
        (httpx.Response(503, text="<html>"), Unavailable),
        (httpx.ReadTimeout("silence"), Unavailable),
    ],
)
def test_a_failed_sign_in_leaves_nothing_open(vendor, salesforce, make_status, answer: Any, error: type) -> None:
    route = vendor["sign-in"]
    if isinstance(answer, Exception):
        route.mock(side_effect=answer)
    else:
        route.mock(return_value=answer)
    # then also a write is known not to have happened
    with pytest.raises(error):
        salesforce.deliver(make_status("0065g00000KwyWtAAJ", case="x"))


# -- reading ----------------------------------------------------------------------------------------
def test_records_are_fetched_in_chunks_and_page_by_page(vendor, salesforce: Salesforce, payload) -> None:
    # given 201 ids; the first query has two pages, a record's lines too
    opportunity = payload("opportunity")
    line = opportunity["OpportunityLineItems"]["records"][0]
    cut = {"totalSize": 2, "done": False, "nextRecordsUrl": f"{ROOT}/query/01gL-1", "records": [line]}
    wanted = ids(201)
    first = {**opportunity, "Id": wanted[0], "OpportunityLineItems": cut}
    query = vendor.get(f"{ROOT}/query").mock(
        side_effect=[
            rows(first, total=2, more=f"{ROOT}/query/01gX-1"),
            rows({**opportunity, "Id": wanted[200]}),
        ]
    )
    vendor.get(f"{ROOT}/query/01gL-1").mock(return_value=rows({**line, "Id": "00k5g00000PqRsUAAV"}))
    vendor.get(f"{ROOT}/query/01gX-1").mock(return_value=rows({**opportunity, "Id": wanted[1]}))
    # when
    found = salesforce.fetch(kind="opportunity", object_ids=[*wanted, "'; DROP", wanted[0]])
    # then
    assert set(found) == {wanted[0], wanted[1], wanted[200]}
    assert len(found[wanted[0]]["OpportunityLineItems"]["records"]) == 2
    assert soql(query.calls[0]).count("'006") == 200 and soql(query.calls[1]).count("'006") == 1
    assert "DROP" not in soql(query.calls[0]) + soql(query.calls[1])
    assert all(len(str(call.request.url)) < 16000 for call in query.calls)


def test_an_organisation_with_one_currency_is_asked_for_it_once(vendor, make_setup, payload) -> None:
    # given an organisation whose records have no currency field
    def answer(request: httpx.Request) -> httpx.Response:
        if "CurrencyIsoCode" in str(request.url):
            words = "No such column 'CurrencyIsoCode' on entity 'Opportunity'."
            return httpx.Response(400, json=[{"errorCode": "INVALID_FIELD", "message": words}])
        return rows(payload("opportunity"))

    query = vendor.get(f"{ROOT}/query").mock(side_effect=answer)
    connector = Salesforce(make_setup(settings={"organization_id": "00D5g000004XyZAEA0", "currency": "EUR"}))
    # when
    events, _ = connector.poll(stream="opportunity", cursor="", now=NOW)
    connector.fetch(kind="opportunity", object_ids=["0065g00000KwyWtAAJ"])
    # then the organisation's own currency counts, and it was asked for the field only once
    (contract,) = connector.translate(kind="opportunity", record=events[0].record or {}, version=1)
    assert contract.currency == "EUR" and query.call_count == 3


def test_what_was_fetched_can_be_translated(vendor, salesforce: Salesforce, payload) -> None:
    body = json.dumps({"totalSize": 1, "done": True, "records": [payload("opportunity")]}, default=float)
    vendor.get(f"{ROOT}/query").respond(200, content=body)
    found = salesforce.fetch(kind="opportunity", object_ids=["0065g00000KwyWt"])
    (contract,) = salesforce.translate(kind="opportunity", record=found["0065g00000KwyWt"], version=1)
    assert contract.reference == "contract:0065g00000KwyWtAAJ"


def test_poll_reads_again_what_is_five_minutes_older_than_the_cursor(vendor, salesforce: Salesforce, payload) -> None:
    # given
    record = payload("opportunity")
    query = vendor.get(f"{ROOT}/query").mock(side_effect=[rows(record), rows(), rows()])
    # when
    events, cursor = salesforce.poll(stream="opportunity", cursor="2026-05-14T09:00:00.000+0000", now=NOW)
    # then
    assert cursor == "2026-05-14T09:31:07.123+0000"
    assert events[0].event_id == "poll:0065g00000KwyWtAAJ:2026-05-14T09:31:07.123+0000"
    assert (events[0].kind, events[0].revision, events[0].record is not None) == ("opportunity", 1778751067123, True)
    assert (
        "WHERE (IsWon = true OR Q2C_Billing_Status__c != null) AND SystemModstamp >= 2026-05-14T08:55:00Z"
        " ORDER BY SystemModstamp, Id" in soql(query.calls[0])
    )
    # and with nothing new the cursor stays; without one, everything is read
    assert salesforce.poll(stream="opportunity", cursor=cursor, now=NOW) == ([], cursor)
    salesforce.poll(stream="account", cursor="", now=NOW)
    assert "WHERE" not in soql(query.calls[2])


def test_a_record_whose_stamp_cannot_be_read_stops_no_other_and_no_cursor(
    vendor, salesforce: Salesforce, payload
) -> None:
    # given a page of which one record, the last, carries no instant, and another no id
    good = payload("opportunity")
    bad = {**good, "Id": "0065g00000KwyXuAAJ", "SystemModstamp": "yesterday"}
    vendor.get(f"{ROOT}/query").mock(side_effect=[rows({**good, "Id": None}, good, bad)])
    # when
    events, cursor = salesforce.poll(stream="opportunity", cursor="2026-05-14T09:00:00.000+0000", now=NOW)
    # then all three are told, the one with an id under that id, and the cursor stands at what was read
    assert [event.object_id for event in events][1:] == ["0065g00000KwyWtAAJ", "0065g00000KwyXuAAJ"]
    assert news.names_no_object(events[0].object_id) and events[2].kind == "opportunity"
    assert cursor == "2026-05-14T09:31:07.123+0000"


def test_the_list_of_a_span_gives_records_under_the_ids_a_poll_gives(vendor, salesforce: Salesforce, payload) -> None:
    query = vendor.get(f"{ROOT}/query").mock(side_effect=[rows(payload("opportunity"))])
    (event,) = salesforce.list_events(stream="opportunity", since=NOW - timedelta(days=1), until=NOW)
    assert event.event_id == "poll:0065g00000KwyWtAAJ:2026-05-14T09:31:07.123+0000" and event.revision > 0
    since, until = NOW - timedelta(days=1), NOW
    assert (
        f"WHERE (IsWon = true OR Q2C_Billing_Status__c != null) AND SystemModstamp >= {since:%Y-%m-%dT%H:%M:%SZ}"
        f" AND SystemModstamp < {until:%Y-%m-%dT%H:%M:%SZ} ORDER BY SystemModstamp, Id"
    ) in soql(query.calls[0])


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("limit", Unavailable, "RATE_LIMIT"),
        ("api_disabled", Misconfigured, "PERMISSION_MISSING"),
        ("unknown_field", Rejected, "SCHEMA_CHANGE"),
        ("locked", Unavailable, "SF_ROW_LOCK"),
        ("unavailable", Unavailable, "UNAVAILABLE"),
    ],
)
def test_refusals_are_sorted_by_what_to_do_next(
    vendor, salesforce: Salesforce, payload, name: str, error: type, reason: str
) -> None:
    answer = payload("refusals")[name]
    vendor.get(f"{ROOT}/query").respond(answer["status"], json=answer["body"])
    with pytest.raises(error) as refused:
        salesforce.fetch(kind="account", object_ids=["0015g00000AbCdEAAV"])
    assert refused.value.reason == reason


def test_another_host_is_not_followed(vendor, salesforce: Salesforce) -> None:
    vendor.get(f"{ROOT}/query").respond(302, headers={"location": "https://example.com/"})
    with pytest.raises(Misconfigured):
        salesforce.fetch(kind="account", object_ids=["0015g00000AbCdEAAV"])


# -- status out -------------------------------------------------------------------------------------
def test_each_status_has_its_own_outcome(vendor, salesforce: Salesforce, make_status, payload) -> None:
    # given four statuses of which one is taken
    route = vendor.patch(COLLECTION).respond(200, json=payload("collection_answer"))
    parcels = [make_status(f"0065g00000Kwy{name}AAJ", case="x") for name in ("W1", "W2", "W3", "W4")]
    # when
    outcomes = salesforce.deliver_many(parcels)
    # then
    assert isinstance(outcomes[0], Receipt) and outcomes[0].external_id == "0065g00000KwyW1AAJ"
    assert isinstance(outcomes[1], Unavailable) and outcomes[1].reason == "SF_ROW_LOCK"
    assert isinstance(outcomes[2], Rejected) and outcomes[2].field == "Q2C_Billing_Status__c"
    assert (outcomes[2].reason, outcomes[2].code) == ("FEEDBACK_REFUSED", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert isinstance(outcomes[3], Unavailable) and outcomes[3].reason == "SF_ROW_LOCK"
    sent = json.loads(route.calls.last.request.content)
    assert sent["allOrNone"] is False and len(sent["records"]) == 4


def take_all(request: httpx.Request) -> httpx.Response:
    records = json.loads(request.content)["records"]
    return httpx.Response(200, json=[{"id": record["id"], "success": True, "errors": []} for record in records])


def test_statuses_go_by_object_in_hundreds_and_in_order(vendor, salesforce: Salesforce, make_status) -> None:
    # given 250 deals, an account among them, a deal twice, and one field nobody knows
    route = vendor.patch(COLLECTION).mock(side_effect=take_all)
    parcels = [make_status(record_id, case="x") for record_id in ids(250)]
    parcels.insert(3, make_status("0015g00000AbCdEAAV", crm_object="Account", status="Active"))
    parcels.append(make_status(ids(1)[0], case="y"))
    parcels.append(make_status(ids(1)[0], nothing="z"))
    # when
    outcomes = salesforce.deliver_many(parcels)
    # then
    assert [type(outcome) for outcome in outcomes[:-1]] == [Receipt] * 252
    assert isinstance(outcomes[-1], Rejected) and outcomes[-1].reason == "SCHEMA_CHANGE"
    assert isinstance(outcomes[3], Receipt) and outcomes[3].external_id == "0015g00000AbCdEAAV"
    batches = [json.loads(call.request.content)["records"] for call in route.calls]
    assert [len(batch) for batch in batches] == [200, 1, 51]
    assert [len({record["attributes"]["type"] for record in batch}) for batch in batches] == [1, 1, 1]
    # and the later status of one deal comes after the earlier one
    assert batches[2][-1]["Q2C_Case__c"] == "y" and batches[0][0]["Q2C_Case__c"] == "x"


def test_one_unreadable_value_does_not_hold_up_the_others(vendor, salesforce: Salesforce, make_status, payload) -> None:
    # given a call that is refused as a whole for one record
    def answer(request: httpx.Request) -> httpx.Response:
        if b"much" in request.content:
            return httpx.Response(400, json=payload("refusals")["unreadable"]["body"])
        return take_all(request)

    vendor.patch(COLLECTION).mock(side_effect=answer)
    parcels = [make_status(record_id, case="x") for record_id in ids(8)]
    parcels[5] = make_status(ids(8)[5], case="much")
    # when
    outcomes = salesforce.deliver_many(parcels)
    # then
    assert [isinstance(outcome, Receipt) for outcome in outcomes] == [number != 5 for number in range(8)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ReadTimeout("silence"), OutcomeUnknown),
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.Response(200, text='[{"success": tr'), OutcomeUnknown),
        (httpx.Response(200, json=[]), OutcomeUnknown),
        (httpx.Response(200, json={}), OutcomeUnknown),
        (httpx.Response(503, text="<html>"), OutcomeUnknown),
        (httpx.Response(429, headers={"retry-after": "3"}), Unavailable),
        (httpx.Response(403, json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "over"}]), Unavailable),
    ],
)
def test_silence_and_noise_hit_every_status_of_the_call(
    vendor, salesforce: Salesforce, make_status, answer: Any, error: type[ConnectorError]
) -> None:
    route = vendor.patch(COLLECTION)
    if isinstance(answer, Exception):
        route.mock(side_effect=answer)
    else:
        route.mock(return_value=answer)
    outcomes = salesforce.deliver_many([make_status(record_id, case="x") for record_id in ids(2)])
    assert [type(outcome) for outcome in outcomes] == [error, error] and route.call_count == 1


def test_a_single_status_raises_its_error(vendor, salesforce: Salesforce, make_status) -> None:
    with pytest.raises(Rejected):
        salesforce.deliver(make_status("0065g00000KwyWtAAJ", operation="void", case="x"))


def test_find_reads_back_what_the_record_shows(vendor, salesforce: Salesforce) -> None:
    # given
    record = {"Id": "0065g00000KwyWtAAJ", "Q2C_Billing_Status__c": "Billed", "Q2C_Case__c": None}
    vendor.get(f"{ROOT}/sobjects/Opportunity/0065g00000KwyWtAAJ").respond(200, json=record)
    gone = [{"errorCode": "NOT_FOUND", "message": "gone"}]
    vendor.get(f"{ROOT}/sobjects/Account/0015g00000AbCdEAAV").respond(404, json=gone)
    # when
    (found,) = salesforce.find(kind="feedback", reference="feedback:Opportunity:0065g00000KwyWtAAJ", known={})
    # then
    assert found.external_id == "0065g00000KwyWtAAJ"
    assert (found.held["billing_status"], found.held["case"]) == ("Billed", "")
    # and nothing where there is nothing
    assert salesforce.find(kind="feedback", reference="feedback:Account:0015g00000AbCdEAAV", known={}) == []
    assert salesforce.find(kind="feedback", reference="feedback:Contact:x", known={}) == []


# -- controls, people -------------------------------------------------------------------------------
def test_won_deals_of_a_day_are_listed_with_the_sources_own_count(vendor, salesforce: Salesforce) -> None:
    # given two pages
    def deal(number: int, amount: str) -> dict[str, Any]:
        return {"Id": ids(9)[number], "Name": f"Deal {number}", "Amount": Decimal(amount), "StageName": "Closed Won"}

    query = vendor.get(f"{ROOT}/query").mock(return_value=rows(deal(1, "1054.0"), total=2, more=f"{ROOT}/query/01g-1"))
    vendor.get(f"{ROOT}/query/01g-1").mock(return_value=rows(deal(2, "0.5"), total=2))
    # when
    pages = list(salesforce.list_day(kind="contract", entity="US01", day=date(2026, 5, 14)))
    # then
    lines = [line for page in pages for line in page.lines]
    assert [page.source_count for page in pages] == [2, 2]
    assert sum(line.gross for line in lines) == Decimal("1054.50") and lines[0].tax == 0
    assert lines[0].reference == f"contract:{ids(9)[1]}" and lines[0].document_date == date(2026, 5, 14)
    assert "IsWon = true AND CloseDate = 2026-05-14" in soql(query.calls.last)
    assert query.calls.last.request.headers["sforce-query-options"] == "batchSize=2000"


def test_customers_are_listed_as_they_are_now(vendor, salesforce: Salesforce) -> None:
    vendor.get(f"{ROOT}/query").mock(return_value=rows({"Id": "0015g00000AbCdEAAV", "Name": "Bioholding"}))
    (page,) = salesforce.list_day(kind="customer", entity="US01", day=date(2026, 5, 14))
    assert [(line.reference, line.gross, line.label) for line in page.lines] == [
        ("customer:0015g00000AbCdEAAV", Decimal("0.00"), "Bioholding")
    ]


def test_links_lead_to_the_record(salesforce: Salesforce) -> None:
    assert salesforce.link(kind="contract", external_id="0065g00000KwyWtAAJ") == (
        f"{BASE}/lightning/r/Opportunity/0065g00000KwyWtAAJ/view"
    )
    assert "/Account/" in salesforce.link(kind="feedback", external_id="0015g00000AbCdEAAV")


def test_check_says_where_we_are_and_refuses_another_organisation(
    vendor, salesforce: Salesforce, make_setup: Callable[..., Any]
) -> None:
    limits = {"DailyApiRequests": {"Max": 100000, "Remaining": 89982}}
    vendor.get(f"{ROOT}/limits/").respond(200, json=limits)
    assert "89982 of 100000" in salesforce.check()
    with pytest.raises(Misconfigured):
        Salesforce(make_setup(settings={"organization_id": "00D5g000004XyZBEA0"})).check()

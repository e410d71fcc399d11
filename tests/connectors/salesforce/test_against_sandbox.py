"""Salesforce against its sandbox, over HTTP: accounts and deals in, status out, and what may go wrong."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from connectors.canonical import CrmStatus, Customer, SubscriptionContract, shown_digest
from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Parcel, Receipt, Setup
from connectors.salesforce.connector import Salesforce

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
ORGANIZATION = "00D5g0000000001EAA"
CLIENT = {"client_id": "q2c-sandbox-client", "client_secret": "q2c-sandbox-secret"}
ROOT = "/services/data/v65.0"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[httpx.Client]:
    """The control paths of a sandbox in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "connectors.sandbox", "salesforce", "--port", port]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        for _ in range(100):
            try:
                client.get("/_sandbox/health")
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    pytest.skip("the Salesforce sandbox does not start")
                time.sleep(0.1)
        else:
            process.kill()
            pytest.skip("the Salesforce sandbox did not come up")
        yield client
    process.terminate()
    process.wait(10)


@pytest.fixture
def control(sandbox: httpx.Client) -> httpx.Client:
    sandbox.post("/_sandbox/reset").raise_for_status()
    return sandbox


@pytest.fixture
def make_crm(control: httpx.Client, make_setup: Callable[..., Setup]) -> Iterator[Callable[..., Salesforce]]:
    made: list[Salesforce] = []

    def build(**secrets: str) -> Salesforce:
        setup = make_setup(
            base_url=str(control.base_url).rstrip("/"),
            secrets={**CLIENT, "path_secret": "path-secret", **secrets},
            settings={"organization_id": ORGANIZATION},
        )
        made.append(Salesforce(setup))
        return made[-1]

    yield build
    for connector in made:
        connector.rest.http.close()


@pytest.fixture
def crm(make_crm: Callable[..., Salesforce]) -> Salesforce:
    return make_crm()


class Person:
    """Somebody who works in Salesforce, without our connector."""

    def __init__(self, control: httpx.Client) -> None:
        self.client = control
        form = {"grant_type": "client_credentials", **CLIENT}
        token = control.post("/services/oauth2/token", data=form).json()["access_token"]
        self.headers = {"authorization": f"Bearer {token}"}

    def create(self, crm_object: str, **fields: Any) -> str:
        answer = self.client.post(f"{ROOT}/sobjects/{crm_object}", json=fields, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def change(self, deal: str, **fields: Any) -> None:
        answer = self.client.patch(f"{ROOT}/sobjects/Opportunity/{deal}", json=fields, headers=self.headers)
        assert answer.status_code == 204, answer.text

    def ask(self, soql: str) -> list[dict[str, Any]]:
        answer = self.client.get(f"{ROOT}/query", params={"q": soql}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["records"])


class Seller(Person):
    """Wins deals with one line at an agreed price; the price book says 1096."""

    def __init__(self, control: httpx.Client) -> None:
        super().__init__(control)
        self.account = self.create("Account", Name="Bioholding", Industry="medical", BillingCountry="Philipines")
        product = self.create("Product2", Name="GTX Plus Basic", ProductCode="GTX Plus Basic", IsActive=True)
        self.book = self.ask("SELECT Id FROM Pricebook2 WHERE IsStandard = true")[0]["Id"]
        self.entry = self.create(
            "PricebookEntry", Pricebook2Id=self.book, Product2Id=product, UnitPrice=1096, IsActive=True
        )

    def win(self, *, amount: int = 1054, close_date: str = "2026-05-14") -> str:
        deal = self.create(
            "Opportunity",
            Name=f"Bioholding {amount}",
            AccountId=self.account,
            Pricebook2Id=self.book,
            StageName="Prospecting",
            CloseDate=close_date,
            Approval_Status__c="Approved",
            Order_Form_Date__c=close_date,
        )
        line = {"OpportunityId": deal, "PricebookEntryId": self.entry, "Quantity": 1, "UnitPrice": amount}
        self.create("OpportunityLineItem", **line)
        self.change(deal, StageName="Closed Won")
        return deal


@pytest.fixture
def seller(control: httpx.Client) -> Seller:
    return Seller(control)


class Listener:
    """An address that keeps every call made to it and answers with an acknowledgement."""

    def __init__(self, answer: bytes) -> None:
        calls: list[tuple[dict[str, str], bytes]] = []

        class Keep(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calls.append((dict(self.headers.items()), self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.send_header("content-type", "text/xml")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Keep the test's output quiet."""

        self.calls = calls
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def test_a_won_deal_is_polled_fetched_and_becomes_a_contract(crm: Salesforce, seller: Seller) -> None:
    # given a won and an open deal
    deal = seller.win()
    seller.create("Opportunity", Name="Open", AccountId=seller.account, StageName="Prospecting", CloseDate="2026-05-14")
    # when
    events, cursor = crm.poll(stream="opportunity", cursor="", now=NOW)
    # then
    assert [(event.kind, event.object_id) for event in events] == [("opportunity", deal)]
    record = crm.fetch(kind="opportunity", object_ids=[deal, deal[:15], "0065g00000ZZZZZAA5", "0065g00000ZZZZZAAA"])
    assert set(record) == {deal, deal[:15]}
    for source in (events[0].record or {}, record[deal]):
        (contract,) = crm.translate(kind="opportunity", record=source, version=1)
        assert isinstance(contract, SubscriptionContract)
        assert (contract.reference, contract.amount) == (f"contract:{deal}", Decimal("1054.00"))
        assert contract.record_revision == events[0].revision > 0
        assert (contract.starts_on, contract.ends_on) == (date(2026, 5, 14), date(2027, 5, 13))
        assert ("lines_sum", "1054.00") in contract.commitment and ("is_won", "true") in contract.commitment
        (line,) = contract.lines
        assert (line.crm_product, line.list_amount, line.discount) == ("GTX Plus Basic", Decimal("1096.00"), 42)
    # and its list of a span that holds the change has it under the same id, and another span has nothing
    changed_at = events[0].occurred_at
    assert changed_at is not None
    around = {"since": changed_at - timedelta(hours=1), "until": changed_at + timedelta(hours=1)}
    assert [one.event_id for one in crm.list_events(stream="opportunity", **around)] == [events[0].event_id]
    earlier = {"since": changed_at - timedelta(hours=2), "until": changed_at - timedelta(hours=1)}
    assert crm.list_events(stream="opportunity", **earlier) == []
    # and polling again from the cursor repeats the same event id
    again, same = crm.poll(stream="opportunity", cursor=cursor, now=NOW)
    assert [event.event_id for event in again] == [events[0].event_id] and same == cursor


def test_a_deal_reopened_after_it_was_billed_is_still_polled(crm: Salesforce, seller: Seller) -> None:
    # given a deal that is billed, and another that never came so far
    billed, early = seller.win(), seller.win()
    seller.change(billed, Q2C_Billing_Status__c="Billed")
    # when both are opened again
    for deal in (billed, early):
        seller.change(deal, StageName="Prospecting")
    # then we hear of the one that concerns us, by asking and by comparing
    events, _ = crm.poll(stream="opportunity", cursor="", now=NOW)
    assert [event.object_id for event in events] == [billed]
    changed_at = events[0].occurred_at
    assert changed_at is not None
    around = {"since": changed_at - timedelta(hours=1), "until": changed_at + timedelta(hours=1)}
    assert [one.object_id for one in crm.list_events(stream="opportunity", **around)] == [billed]


def test_an_account_becomes_a_customer(crm: Salesforce, seller: Seller) -> None:
    child = seller.create("Account", Name="Cancity", ParentId=seller.account)
    events, _ = crm.poll(stream="account", cursor="", now=NOW)
    customers = {
        event.object_id: crm.translate(kind="account", record=event.record or {}, version=1)[0] for event in events
    }
    parent, subsidiary = customers[seller.account], customers[child]
    assert isinstance(parent, Customer) and parent.address.country == "Philipines"
    assert isinstance(subsidiary, Customer) and subsidiary.parent_reference == f"customer:{seller.account}"


def test_hundreds_of_deals_come_through(crm: Salesforce, seller: Seller) -> None:
    accounts = [seller.create("Account", Name=f"Account {number}") for number in range(250)]
    assert len(crm.fetch(kind="account", object_ids=accounts)) == 250
    pages = list(crm.list_day(kind="customer", entity="US01", day=date(2026, 5, 14)))
    assert sum(len(page.lines) for page in pages) == pages[0].source_count == 251


def test_status_is_shown_and_read_back(
    crm: Salesforce, seller: Seller, make_status: Callable[..., Parcel], control: httpx.Client
) -> None:
    # given two deals, of which one does not exist, and the account
    deal = seller.win()
    parcels = [
        make_status(deal, billing_status="Billed", invoice_number="QC-0001", case=""),
        make_status("0065g00000ZZZZZAA5", billing_status="Billed"),
        make_status(seller.account, crm_object="Account", status="Active", balance="1054.00"),
    ]
    # when
    taken, refused, other = crm.deliver_many(parcels)
    # then
    assert isinstance(taken, Receipt) and isinstance(refused, Rejected) and isinstance(other, Receipt)
    (found,) = crm.find(kind="feedback", reference=parcels[0].reference, known={})
    assert (found.held["billing_status"], found.held["invoice_number"], found.held["case"]) == ("Billed", "QC-0001", "")
    (found,) = crm.find(kind="feedback", reference=parcels[2].reference, known={})
    assert found.held["status"] == "Active" and Decimal(found.held["balance"]) == Decimal("1054.00")
    assert crm.find(kind="feedback", reference=parcels[1].reference, known={}) == []


def test_a_locked_record_is_tried_again_later(
    crm: Salesforce, seller: Seller, make_status: Callable[..., Parcel], control: httpx.Client
) -> None:
    free, locked = seller.win(amount=1), seller.win(amount=2)
    control.patch("/_sandbox/settings", json={"locked_records": [locked]}).raise_for_status()
    first, second = crm.deliver_many([make_status(deal, billing_status="Billed") for deal in (free, locked)])
    assert isinstance(first, Receipt)
    assert isinstance(second, Unavailable) and second.reason == "SF_ROW_LOCK"


def test_a_lost_answer_to_a_status_is_an_open_outcome(
    crm: Salesforce, seller: Seller, make_status: Callable[..., Parcel], control: httpx.Client
) -> None:
    deal = seller.win()
    fault = {"kind": "malformed", "path": "/composite/sobjects", "method": "PATCH"}
    control.post("/_sandbox/faults", json=fault).raise_for_status()
    parcel = make_status(deal, billing_status="Billed")
    with pytest.raises(OutcomeUnknown):
        crm.deliver(parcel)
    (found,) = crm.find(kind="feedback", reference=parcel.reference, known={})
    assert found.held["billing_status"] == "Billed"
    # and repeating it is harmless
    assert crm.deliver(parcel).external_id == deal


def test_a_token_that_ends_is_replaced_without_a_word(crm: Salesforce, seller: Seller, control: httpx.Client) -> None:
    deal = seller.win()
    control.patch("/_sandbox/settings", json={"token_seconds": 1}).raise_for_status()
    assert crm.fetch(kind="opportunity", object_ids=[deal])
    time.sleep(1.2)
    assert crm.fetch(kind="opportunity", object_ids=[deal])


def test_a_wrong_secret_is_a_matter_of_set_up(make_crm: Callable[..., Salesforce]) -> None:
    with pytest.raises(Misconfigured):
        make_crm(client_secret="wrong").check()
    assert ORGANIZATION in make_crm().check()


def test_the_daily_limit_is_waited_for(crm: Salesforce, seller: Seller, control: httpx.Client) -> None:
    control.patch("/_sandbox/settings", json={"daily_limit": 1}).raise_for_status()
    with pytest.raises(Unavailable) as refused:
        for _ in range(3):
            crm.fetch(kind="account", object_ids=[seller.account])
    assert refused.value.reason == "RATE_LIMIT"


def test_won_deals_are_listed_by_close_date(crm: Salesforce, seller: Seller) -> None:
    seller.win(amount=1054)
    seller.win(amount=550)
    seller.win(amount=55, close_date="2026-05-15")
    (page,) = crm.list_day(kind="contract", entity="US01", day=date(2026, 5, 14))
    assert page.source_count == 2 and sum(line.gross for line in page.lines) == Decimal("1604.00")
    assert {line.counterparty for line in page.lines} == {f"customer:{seller.account}"}


def told(control: httpx.Client, setting: str, *, act: Callable[[], Any]) -> tuple[Any, dict[str, str], bytes]:
    """What `act` gave, and the first call Salesforce made because of it."""
    listener = Listener(b"<Ack>true</Ack>")
    try:
        address = f"http://127.0.0.1:{listener.server.server_port}/hooks"
        control.patch("/_sandbox/settings", json={setting: address}).raise_for_status()
        done = act()
        for _ in range(200):
            if listener.calls:
                break
            time.sleep(0.05)
    finally:
        control.patch("/_sandbox/settings", json={setting: ""})
        listener.close()
    headers, body = listener.calls[0]
    return done, headers, body


def test_the_sandboxs_own_outbound_message_is_taken(crm: Salesforce, seller: Seller, control: httpx.Client) -> None:
    # when a deal is won
    deal, headers, body = told(control, "outbound_message_url", act=seller.win)
    # then the message is read; the front door adds the secret of the path
    inbound = crm.receive(headers={**headers, "X-Q2C-Path-Secret": "path-secret"}, body=body, now=NOW)
    assert {(event.kind, event.object_id) for event in inbound.events} == {("opportunity", deal)}
    assert inbound.answer_type == "text/xml"


def test_the_sandboxs_own_callout_is_taken(crm: Salesforce, seller: Seller, control: httpx.Client) -> None:
    # when an account is made
    account, headers, body = told(control, "callout_url", act=lambda: seller.create("Account", Name="Cancity"))
    # then the callout is read; the front door adds who called
    (event,) = crm.receive(headers={**headers, "X-Q2C-Client": "flow"}, body=body, now=NOW).events
    assert (event.kind, event.object_id) == ("account", account)
    # and carries the whole account, as a fetch would
    fetched = crm.fetch(kind="account", object_ids=[account])[account]
    assert crm.translate(kind="account", record=event.record or {}, version=1) == crm.translate(
        kind="account", record=fetched, version=1
    )


# -- terms, merges, and what is shown -------------------------------------------------------------------
def listed(crm: Salesforce, kind: str) -> dict[str, Any]:
    pages = crm.list_day(kind=kind, entity="US01", day=date(2026, 5, 14))
    return {line.reference: line for page in pages for line in page.lines}


def test_a_deal_s_term_and_last_change_are_listed_whenever_it_was_won(crm: Salesforce, seller: Seller) -> None:
    deal = seller.win(close_date="2026-05-01")
    (line,) = listed(crm, "contract_term").values()
    assert (line.reference, line.status) == (f"contract:{deal}", "2027-04-30 v1")
    # a change that says nothing of the term, a renewal without a term of its own, an end, and one after the end
    steps = [
        ("Upsell", 2, "2026-06-01", {}, "2027-04-30 v2"),
        ("Renewal", 3, "2027-05-01", {"Contract_Term_Months__c": 24}, "2029-04-30 v3"),
        ("Co-Term", 4, "2027-06-01", {"Contract_End_Date__c": "2028-12-31"}, "2028-12-31 v4"),
        ("Cancellation", 5, "2028-01-01", {}, "2027-12-31 v5"),
    ]
    for kind, number, on, more, says in steps:
        change = seller.win(close_date="2026-05-02")
        seller.change(
            change, Amends__c=deal, Modification__c=kind, Modification_Number__c=number, Effective_Date__c=on, **more
        )
        assert listed(crm, "contract_term")[f"contract:{deal}"].status == says


def test_an_account_that_lost_a_merge_is_listed_with_the_one_it_is_part_of(
    crm: Salesforce, seller: Seller, control: httpx.Client
) -> None:
    loser, gone = (seller.create("Account", Name=name) for name in ("Bioholding Ltd", "Nobody"))
    for key in (loser, gone):
        control.delete(f"{ROOT}/sobjects/Account/{key}", headers=seller.headers).raise_for_status()
    assert listed(crm, "customer_merge") == {}
    # what a merge leaves behind: the loser in the bin, naming its winner
    control.patch(
        f"/_sandbox/books/Account.deleted/{loser}", json={"MasterRecordId": seller.account}
    ).raise_for_status()
    (line,) = listed(crm, "customer_merge").values()
    assert (line.reference, line.status) == (f"customer:{loser}", f"customer:{seller.account}")


def test_what_records_show_is_listed_as_it_was_written(crm: Salesforce, seller: Seller) -> None:
    deal = seller.win()
    assert listed(crm, "shown") == {}
    fields = (("billing_status", "Invoiced"), ("collections", ""), ("link", "https://portal.example.com/deal/1"))
    status = CrmStatus(
        reference=f"feedback:Opportunity:{deal}", version=1, correlation_id="x", crm_object="Opportunity",
        crm_record_id=deal, fields=fields,
    )  # fmt: skip
    crm.deliver(Parcel(subject=status, operation="put", reference=status.reference, delivery_key="k", request_key="k"))
    (line,) = listed(crm, "shown").values()
    assert (line.reference, line.status) == (status.reference, shown_digest(dict(fields)))
    seller.change(deal, Q2C_Billing_Status__c="Paid")
    assert listed(crm, "shown")[status.reference].status != shown_digest(dict(fields))

"""Stripe Billing against its sandbox, over HTTP: the story of one deal, and what may go wrong on the way."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.canonical import Allocation, Customer, Invoice, Payment
from connectors.errors import CursorLost, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Parcel, Setup
from connectors.stripe_billing.connector import StripeBilling

ZONE = ZoneInfo("America/New_York")
#: the afternoon of the deal's close date, in the zone
START = datetime(2026, 5, 14, 15, tzinfo=ZONE)
CONTRACT, CUSTOMER = "contract:0065g00000KwyWtAAJ", "customer:0015g00000AbCdEAAV"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[httpx.Client]:
    """The control paths of a sandbox in a process of its own."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "connectors.sandbox", "stripe", "--port", address.rpartition(":")[2]]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=address, timeout=30) as client:
        for _ in range(100):
            try:
                client.get("/_sandbox/health")
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    pytest.skip("the Stripe sandbox does not start")
                time.sleep(0.1)
        else:
            process.kill()
            pytest.skip("the Stripe sandbox did not come up")
        yield client
    process.terminate()
    process.wait(10)


@pytest.fixture
def control(sandbox: httpx.Client) -> httpx.Client:
    """Fresh books, customers that pay after 14 days."""
    sandbox.post("/_sandbox/reset").raise_for_status()
    sandbox.patch("/_sandbox/settings", json={"pays_after_days": 14}).raise_for_status()
    return sandbox


@pytest.fixture
def connect(control: httpx.Client, make_setup: Callable[..., Setup]) -> Iterator[Callable[..., StripeBilling]]:
    made: list[StripeBilling] = []

    def build(**settings: Any) -> StripeBilling:
        read_only = settings.pop("read_only", False)
        key = settings.pop("api_key", "sk_test_q2c")
        secrets = {"api_key": key, "read_key": "rk_test_readonly", "webhook_secrets": "whsec_q2c_sandbox"}
        base = str(control.base_url).rstrip("/")
        setup = make_setup(base_url=base, secrets=secrets, settings=settings, zone=ZONE, read_only=read_only)
        made.append(StripeBilling(setup))
        return made[-1]

    yield build
    for connector in made:
        connector.api.http.close()


@pytest.fixture
def billing(connect: Callable[..., StripeBilling]) -> StripeBilling:
    """A connector on a test clock that stands at the deal's afternoon, and the product it needs."""
    api = connect().api
    clock = api.post("/v1/test_helpers/test_clocks", {"frozen_time": int(START.timestamp())}, key="clock")
    api.post("/v1/products", {"id": "prod_gtx_plus_basic", "name": "GTX Plus Basic"}, key="product")
    return connect(test_clock=clock["id"])


def advance(billing: StripeBilling, to: datetime) -> None:
    """Move the test clock and wait until Stripe says it got there."""
    path = f"/v1/test_helpers/test_clocks/{billing.clock}"
    billing.api.post(f"{path}/advance", {"frozen_time": int(to.timestamp())}, key=f"to-{to.isoformat()}")
    for _ in range(200):
        if billing.api.get(path)["status"] == "ready":
            return
        time.sleep(0.05)
    raise AssertionError("the clock did not arrive")


def on_a_new_line(read: Callable[[], Any]) -> Any:
    """A read, once more where the connection it took had just been closed by the other side."""
    try:
        return read()
    except Unavailable:
        return read()


def shapes(billing: StripeBilling) -> list[Any]:
    events, _ = billing.poll(stream="events", cursor="", now=datetime.now(UTC))
    found = []
    for event in events:
        record = billing.reopen(kind=event.kind, raw=event.raw)
        if record is None:
            record = billing.fetch(kind=event.kind, object_ids=[event.object_id])[event.object_id]
        found += billing.translate(kind=event.kind, record=record, version=1)
    return found


@pytest.fixture
def sold(billing: StripeBilling, make_parcel: Callable[..., Parcel], make_contract, customer: Customer) -> str:
    """The customer's id after customer and contract were delivered."""
    held = billing.deliver(make_parcel(customer)).external_id
    billing.deliver(make_parcel(make_contract(), known={CUSTOMER: held}))
    return held


def test_a_deal_is_billed_for_exactly_its_value_and_paid(billing: StripeBilling, sold: str) -> None:
    # when the days go by until the customer has paid
    advance(billing, START + timedelta(days=1))
    advance(billing, START + timedelta(days=20))
    # then there is one invoice of exactly the deal's value for exactly its year
    invoice, payment, allocation = shapes(billing)
    assert isinstance(invoice, Invoice) and isinstance(payment, Payment) and isinstance(allocation, Allocation)
    assert (invoice.contract_reference, invoice.customer_reference) == (CONTRACT, CUSTOMER)
    assert (invoice.net, invoice.tax, invoice.total) == (Decimal("1054.00"), 0, Decimal("1054.00"))
    assert invoice.document_date == date(2026, 5, 14) and invoice.due_on == date(2026, 6, 13)
    (line,) = invoice.lines
    assert (line.service_starts_on, line.service_ends_on) == (date(2026, 5, 14), date(2027, 5, 13))
    assert line.billing_product == "prod_gtx_plus_basic"
    # and the money arrived 14 days later, allocated to it
    assert (payment.amount, payment.received_on) == (Decimal("1054.00"), date(2026, 5, 28))
    assert allocation.invoice_reference == invoice.reference
    assert allocation.payment_reference == payment.reference
    # and fetching tells the same as the event
    fetched = billing.fetch(kind="invoice.finalized", object_ids=[invoice.billing_id])
    (again,) = billing.translate(kind="invoice.finalized", record=fetched[invoice.billing_id], version=1)
    assert again == invoice


def test_a_deal_released_late_is_billed_that_day_for_its_full_year(
    billing: StripeBilling, make_parcel, make_contract, customer: Customer
) -> None:
    # given a deal that waited two months
    advance(billing, START + timedelta(days=61))
    held = billing.deliver(make_parcel(customer)).external_id
    billing.deliver(make_parcel(make_contract(), known={CUSTOMER: held}))
    # when
    advance(billing, START + timedelta(days=62))
    # then
    (invoice,) = shapes(billing)
    assert invoice.document_date == date(2026, 7, 14) and invoice.total == Decimal("1054.00")
    (line,) = invoice.lines
    assert (line.service_starts_on, line.service_ends_on) == (date(2026, 5, 14), date(2027, 5, 13))


def test_the_year_ends_without_a_second_invoice(billing: StripeBilling, sold: str) -> None:
    advance(billing, START + timedelta(days=300))
    advance(billing, START + timedelta(days=400))
    assert len([shape for shape in shapes(billing) if isinstance(shape, Invoice)]) == 1
    (found,) = billing.find(kind="contract", reference=CONTRACT, known={CUSTOMER: sold})
    assert found.held["status"] == "canceled"


def test_the_daily_lists_show_what_was_sold_billed_and_paid(
    billing: StripeBilling, sold: str, connect: Callable[..., StripeBilling]
) -> None:
    # given
    advance(billing, START + timedelta(days=1))
    advance(billing, START + timedelta(days=20))
    reader = connect(test_clock=billing.clock, read_only=True)

    def listed(kind: str, day: date) -> list[Any]:
        return [line for page in reader.list_day(kind=kind, entity="US01", day=day) for line in page.lines]

    # then
    (contract,) = listed("contract", date(2026, 5, 14))
    assert (contract.reference, contract.gross) == (CONTRACT, Decimal("1054.00"))
    (invoice,) = listed("invoice", date(2026, 5, 14))
    assert (invoice.gross, invoice.status, invoice.counterparty) == (Decimal("1054.00"), "paid", CUSTOMER)
    (receipt,) = listed("receipt", date(2026, 5, 28))
    assert receipt.gross == Decimal("1054.00")
    assert [line.reference for line in listed("customer", date(2026, 5, 14))] == [CUSTOMER]
    # terms and payment details are as they are now, whatever day is asked for
    assert [line.status for line in listed("contract_term", date(2020, 1, 1))] == ["2027-05-13 v1"]
    assert [line.status for line in listed("payment_details", date(2020, 1, 1))] == ["charged to nothing"]
    for kind in ("contract", "invoice", "receipt"):
        assert listed(kind, date(2026, 5, 13)) == [] == listed(kind, date(2026, 5, 15))
    # and the reading key cannot write
    with pytest.raises((Misconfigured, Rejected)):
        reader.api.post("/v1/customers", {"name": "Cancity"}, key="no")


@pytest.mark.parametrize("fault", ["drop_after_commit", "malformed"])
def test_a_lost_answer_is_found_and_nothing_is_made_twice(
    billing: StripeBilling, control: httpx.Client, make_parcel, make_contract, customer: Customer, fault: str
) -> None:
    # given a customer, and answers that get lost after the work was done
    held = billing.deliver(make_parcel(customer)).external_id
    known = {CUSTOMER: held}
    parcel = make_parcel(make_contract(), known=known)
    control.post("/_sandbox/faults", json={"kind": fault, "path": "/v1/subscriptions", "method": "POST"})
    # when
    with pytest.raises(OutcomeUnknown):
        billing.deliver(parcel)
    # then the look-up finds it, and the same key gives the same subscription
    (found,) = on_a_new_line(lambda: billing.find(kind="contract", reference=CONTRACT, known=known))
    assert found.version == 1
    assert billing.deliver(parcel).external_id == found.external_id
    assert len(billing.find(kind="contract", reference=CONTRACT, known={})) == 1


def test_a_server_error_is_replayed_and_stays_open_until_it_is_looked_up(
    billing: StripeBilling, control: httpx.Client, make_parcel, customer: Customer
) -> None:
    control.patch("/_sandbox/settings", json={"internal_errors": {"times": 1, "path": "/v1/customers", "commit": True}})
    parcel = make_parcel(customer)
    for replayed in (False, True):
        with pytest.raises(OutcomeUnknown) as unknown:
            billing.deliver(parcel)
        assert unknown.value.evidence["replayed"] is replayed
    assert len(billing.find(kind="customer", reference=CUSTOMER, known={})) == 1


def test_the_same_key_with_other_content_is_refused(billing: StripeBilling, make_parcel, customer: Customer) -> None:
    billing.deliver(make_parcel(customer))
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(replace(customer, name="Isdom")))
    assert refused.value.evidence["type"] == "idempotency_error"


def test_refusals_name_the_reason(billing: StripeBilling, make_parcel, make_contract, customer: Customer) -> None:
    held = billing.deliver(make_parcel(customer)).external_id
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(make_contract(line={"billing_product": "prod_none"}), known={CUSTOMER: held}))
    assert refused.value.reason == "PRODUCT_UNMAPPED"
    with pytest.raises(Rejected) as refused:
        billing.deliver(make_parcel(make_contract(version=9), known={CUSTOMER: "cus_none"}))
    assert (refused.value.code, refused.value.field) == ("resource_missing", "customer")


def test_faults_before_the_work_are_known_to_have_done_nothing(
    billing: StripeBilling, control: httpx.Client, make_parcel, customer: Customer
) -> None:
    body = {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "slow down"}}
    fault = {"kind": "status", "status": 429, "headers": {"Retry-After": "2"}, "body": body, "path": "/v1/customers"}
    control.post("/_sandbox/faults", json=fault)
    with pytest.raises(Unavailable) as refused:
        billing.deliver(make_parcel(customer))
    assert (refused.value.reason, refused.value.retry_after) == ("RATE_LIMIT", 2)


def test_a_wrong_key_is_a_matter_of_set_up(connect: Callable[..., StripeBilling]) -> None:
    with pytest.raises(Misconfigured):
        connect(api_key="sk_test_wrong").check()
    assert "acct_" in connect().check() or "key works" in connect().check()


def test_the_cursor_goes_on_where_it_stood(billing: StripeBilling, sold: str) -> None:
    now = datetime.now(UTC)
    advance(billing, START + timedelta(days=1))
    first, cursor = billing.poll(stream="events", cursor="", now=now)
    advance(billing, START + timedelta(days=20))
    second, later = billing.poll(stream="events", cursor=cursor, now=now)
    everything, _ = billing.poll(stream="events", cursor="", now=now)
    assert [event.event_id for event in first + second] == [event.event_id for event in everything]
    assert "invoice_payment.paid" in [event.kind for event in second] and later == second[-1].event_id
    with pytest.raises(CursorLost):
        billing.poll(stream="events", cursor="evt_never", now=now)


def test_the_sandboxs_own_webhooks_are_taken(
    billing: StripeBilling, control: httpx.Client, listener: Any, make_parcel, make_contract, customer: Customer
) -> None:
    # given a listener, told to Stripe
    control.patch("/_sandbox/settings", json={"webhook_url": listener.address}).raise_for_status()
    held = billing.deliver(make_parcel(customer)).external_id
    billing.deliver(make_parcel(make_contract(), known={CUSTOMER: held}))
    advance(billing, START + timedelta(days=1))
    # when the invoice is issued
    headers, body = listener.wait_for("invoice.finalized")
    # then its signed event is read, and is the invoice
    (event,) = billing.receive(headers=headers, body=body, now=datetime.now(UTC)).events
    (invoice,) = billing.translate(kind=event.kind, record=event.record or {}, version=1)
    assert invoice.reference == f"invoice:stripe:{event.object_id}"
    # and the listed event has the same id and content
    polled = {found.event_id: found for found in billing.poll(stream="events", cursor="", now=datetime.now(UTC))[0]}
    assert polled[event.event_id].record == event.record

"""Cash in NetSuite's books, against the sandbox: refunds of credits, journals, bank receipts found and listed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.canonical import Allocation, DisputeMovement, Payment, PaymentReturn, Payout, Refund, RefundFailure
from connectors.errors import Misconfigured, Rejected
from connectors.interface import Setup
from tests.connectors.netsuite.conftest import ACCOUNT
from tests.connectors.netsuite.test_against_sandbox import connect as connect
from tests.connectors.netsuite.test_against_sandbox import fresh_books as fresh_books
from tests.connectors.netsuite.test_against_sandbox import ready as ready

DAY = date(2026, 11, 16)
CUSTOMER = f"customer:{ACCOUNT}"
ACCOUNTS = {
    "bank": "101", "clearing": "118", "receivable": "122", "fees": "620", "disputed": "124", "dispute_fees": "621",
}  # fmt: skip
SHARED: dict[str, Any] = {"version": 1, "correlation_id": "story", "currency": "USD"}


@pytest.fixture
def books(ready, parcel, payment):
    """A connector that knows its accounts, with a payment of 300.00 on account; and what is known there."""
    connector, known = ready
    setup: Setup = connector.setup
    connector.setup = replace(setup, settings={**setup.settings, "accounts": ACCOUNTS})
    known = {**known, payment.reference: connector.deliver(parcel(payment, known=known)).external_id}
    return connector, known


def refund(number: int = 1, *, amount: str = "100.00", cause: str = "payment:stripe:pi_1") -> Refund:
    return Refund(
        **SHARED,
        reference=f"refund:stripe:re_{number}",
        gateway_id=f"re_{number}",
        payment_reference="payment:stripe:pi_1",
        customer_reference=CUSTOMER,
        refunded_on=DAY,
        amount=Decimal(amount),
        causes=((cause, amount),),
    )


def moved(sandbox: str, account: str) -> Decimal:
    """What the ledger holds on an account, debits positive."""
    rows = httpx.get(f"{sandbox}/_sandbox/books/ledger", trust_env=False).json()
    lines = [line for row in rows for line in row["lines"] if line["account"] == account and line["posting"]]
    return sum((Decimal(line["amount"]) for line in lines), Decimal(0))


def test_a_gateway_receipt_stands_gross_in_the_clearing_account(sandbox, books):
    assert (moved(sandbox, "118"), moved(sandbox, "122")) == (Decimal("300"), Decimal("-300"))


def test_a_refund_leaves_clearing_and_takes_it_off_what_was_paid_too_much(sandbox, books, parcel, payment):
    connector, known = books
    # when it is sent twice
    first = connector.deliver(parcel(refund(), known=known))
    again = connector.deliver(parcel(refund(), known=known))
    # then it is one refund
    assert first.external_id == again.external_id and first.posted
    assert (moved(sandbox, "118"), moved(sandbox, "122")) == (Decimal("200"), Decimal("-200"))
    (found,) = connector.find(kind="refund", reference="refund:stripe:re_1", known=known)
    assert found.held["total"] == "100.00"
    (held,) = connector.find(kind="payment", reference=payment.reference, known=known)
    assert held.held["open"] == "200.00"


def test_more_than_is_left_cannot_be_refunded(books, parcel):
    connector, known = books
    with pytest.raises(Rejected) as refused:
        connector.deliver(parcel(refund(amount="300.01"), known=known))
    assert refused.value.reason == "UNAPPLIED_CASH"


def test_a_refund_that_came_home_can_be_paid_out_again(sandbox, books, parcel):
    # given a refund and its reversal
    connector, known = books
    connector.deliver(parcel(refund(), known=known))
    failure = RefundFailure(
        **SHARED,
        reference="refund_failure:stripe:re_1",
        gateway_id="re_1",
        refund_reference="refund:stripe:re_1",
        customer_reference=CUSTOMER,
        failed_on=DAY,
        amount=Decimal("100.00"),
    )
    known[failure.reference] = connector.deliver(parcel(failure, known=known)).external_id
    assert (moved(sandbox, "118"), moved(sandbox, "122")) == (Decimal("300"), Decimal("-300"))
    # when it is refunded again, then what came home is used up; a third time it is refused
    connector.deliver(parcel(refund(2, cause=failure.reference), known=known))
    assert (moved(sandbox, "118"), moved(sandbox, "122")) == (Decimal("200"), Decimal("-200"))
    with pytest.raises(Rejected):
        connector.deliver(parcel(refund(3, cause=failure.reference), known=known))
    # and the day's list shows all three, signed
    lines = [line for page in connector.list_day(kind="refund", entity="US01", day=DAY) for line in page.lines]
    assert {line.reference: line.gross for line in lines} == {
        "refund:stripe:re_1": Decimal("-100.00"),
        "refund_failure:stripe:re_1": Decimal("100.00"),
        "refund:stripe:re_2": Decimal("-100.00"),
    }


def test_the_balance_of_the_clearing_account_is_read_up_to_a_day(books, parcel):
    # given 300.00 received on the day, of which 100.00 went back
    connector, known = books
    connector.deliver(parcel(refund(), known=known))
    # when / then
    for day, expected in ((DAY, {"clearing:USD": Decimal("200.00")}), (date(2026, 11, 15), {})):
        pages = connector.list_day(kind="clearing", entity="US01", day=day)
        assert {line.reference: line.net for page in pages for line in page.lines} == expected


def test_an_account_nobody_named_cannot_be_asked(netsuite):
    with pytest.raises(Misconfigured):
        list(netsuite().list_day(kind="clearing", entity="US01", day=DAY))


def test_a_payout_is_one_journal_however_often_it_is_sent(sandbox, books, parcel):
    connector, known = books
    payout = Payout(
        **SHARED,
        reference="payout:stripe:po_1",
        gateway_id="po_1",
        paid_on=DAY,
        amount=Decimal("291.00"),
        charges=Decimal("300.00"),
        refunds=Decimal(0),
        disputes=Decimal(0),
        dispute_fees=Decimal(0),
        fees=Decimal("9.00"),
        bank_trace="T1",
    )
    first, again = (connector.deliver(parcel(payout, known=known)) for _ in range(2))
    assert first.external_id == again.external_id
    assert (moved(sandbox, "101"), moved(sandbox, "620"), moved(sandbox, "118")) == (
        Decimal("291"),
        Decimal("9"),
        Decimal("0"),
    )
    assert connector.find(kind="payout", reference=payout.reference, known={})[0].posted
    (line,) = [line for page in connector.list_day(kind="payout", entity="US01", day=DAY) for line in page.lines]
    assert (line.reference, line.gross) == (payout.reference, Decimal("291.00"))


def test_a_dispute_moves_the_receivable_and_its_fee(sandbox, books, parcel):
    connector, known = books
    taken = DisputeMovement(
        **SHARED,
        reference="dispute_movement:stripe:txn_1",
        gateway_id="du_1",
        dispute_reference="dispute:stripe:du_1",
        payment_reference="payment:stripe:pi_1",
        customer_reference=CUSTOMER,
        moved_on=DAY,
        amount=Decimal("-300.00"),
        fee=Decimal("15.00"),
    )
    connector.deliver(parcel(taken, known=known))
    assert (moved(sandbox, "124"), moved(sandbox, "621"), moved(sandbox, "118")) == (
        Decimal("300"),
        Decimal("15"),
        Decimal("-15"),
    )
    (line,) = [line for page in connector.list_day(kind="dispute", entity="US01", day=DAY) for line in page.lines]
    assert line.gross == Decimal("-315.00")


def test_an_account_nobody_set_is_named(books, parcel):
    connector, known = books
    settings = {**connector.setup.settings, "accounts": {"clearing": "118"}}
    connector.setup = replace(connector.setup, settings=settings)
    payout = Payout(
        **SHARED,
        reference="payout:stripe:po_1",
        gateway_id="po_1",
        paid_on=DAY,
        amount=Decimal("291.00"),
        charges=Decimal("291.00"),
        refunds=Decimal(0),
        disputes=Decimal(0),
        dispute_fees=Decimal(0),
        fees=Decimal(0),
    )
    with pytest.raises(Rejected) as refused:
        connector.deliver(parcel(payout, known=known))
    assert (refused.value.reason, refused.value.value) == ("WRONG_ACCOUNT", "bank USD")


def test_a_wire_somebody_books_is_found_read_and_listed_and_ours_is_not(sandbox, books, parcel, invoice):
    # given two posted invoices, and a wire finance applied to both
    connector, known = books
    one, two = invoice("1"), invoice("2", net="50.00", quantity="1")
    ids = [connector.deliver(parcel(each, known=known)).external_id for each in (one, two)]
    answer = connector._call(
        "POST", "/services/rest/record/v1/customerPayment", writes=True,
        body={
            "customer": {"id": known[CUSTOMER]}, "payment": Decimal("260.00"), "tranDate": DAY,
            "undepFunds": {"id": "F"}, "account": {"id": "101"}, "apply": {"items": [
                {"apply": True, "doc": {"id": ids[0]}, "amount": Decimal("200.00")},
                {"apply": True, "doc": {"id": ids[1]}, "amount": Decimal("30.00")},
            ]},
        },
    )  # fmt: skip
    own_id = answer.headers["location"].rpartition("/")[2]
    # when NetSuite is asked for news
    events, cursor = connector.poll(stream="payments", cursor="", now=datetime(2026, 11, 16, tzinfo=UTC))
    # then it is the only one: what we posted ourselves does not come back
    assert [event.object_id for event in events] == [own_id] and cursor
    again, _ = connector.poll(stream="payments", cursor=cursor, now=datetime(2026, 11, 16, tzinfo=UTC))
    assert [event.event_id for event in again] == [events[0].event_id]
    record = connector.fetch(kind=events[0].kind, object_ids=[own_id])[own_id]
    payment, *applied = connector.translate(kind=events[0].kind, record=record, version=1)
    assert isinstance(payment, Payment) and (payment.origin, payment.amount, payment.customer_reference) == (
        "bank",
        Decimal("260.00"),
        CUSTOMER,
    )
    assert all(isinstance(one, Allocation) for one in applied)
    assert {one.reference: one.amount for one in applied} == {
        f"allocation:netsuite:{own_id}:in_1": Decimal("200.00"),
        f"allocation:netsuite:{own_id}:in_2": Decimal("30.00"),
    }
    # and it is listed by what it was applied to, and not among the gateway's receipts
    listed = [line for page in connector.list_day(kind="bank_receipt", entity="US01", day=DAY) for line in page.lines]
    assert {line.reference: line.gross for line in listed} == {one.reference: one.amount for one in applied}
    receipts = [line for page in connector.list_day(kind="receipt", entity="US01", day=DAY) for line in page.lines]
    assert [line.reference for line in receipts] == ["payment:stripe:pi_1"]


def test_a_wire_somebody_voids_comes_back_as_what_did_not_hold(sandbox, books, parcel, invoice):
    # given a wire finance applied to a posted invoice
    connector, known = books
    own = connector.deliver(parcel(invoice("1"), known=known)).external_id
    answer = connector._call(
        "POST", "/services/rest/record/v1/customerPayment", writes=True,
        body={
            "customer": {"id": known[CUSTOMER]}, "payment": Decimal("200.00"), "tranDate": DAY,
            "undepFunds": {"id": "F"}, "account": {"id": "101"},
            "apply": {"items": [{"apply": True, "doc": {"id": own}, "amount": Decimal("200.00")}]},
        },
    )  # fmt: skip
    own_id = answer.headers["location"].rpartition("/")[2]
    _, cursor = connector.poll(stream="payments", cursor="", now=datetime(2026, 11, 16, tzinfo=UTC))
    # when it is voided at the screen
    edit = httpx.patch(f"{sandbox}/_sandbox/books/customerPayment/{own_id}", json={"voided": True}, trust_env=False)
    assert edit.status_code == 200, edit.text
    # then the ledger holds nothing of it, and the invoice is open again
    assert (moved(sandbox, "101"), moved(sandbox, "122")) == (Decimal(0), Decimal("-100"))
    (held,) = connector.find(kind="invoice", reference="invoice:stripe:in_1", known=known)
    assert held.held["open"] == "200.00"
    # and the news of it is read as what did not hold, on its own day
    events, _ = connector.poll(stream="payments", cursor=cursor, now=datetime(2026, 11, 16, tzinfo=UTC))
    record = connector.fetch(kind=events[-1].kind, object_ids=[own_id])[own_id]
    (found,) = connector.translate(kind=events[-1].kind, record=record, version=1)
    assert isinstance(found, PaymentReturn)
    assert (found.payment_reference, found.returned_on) == (f"payment:netsuite:{own_id}", DAY)
    assert not [line for page in connector.list_day(kind="bank_receipt", entity="US01", day=DAY) for line in page.lines]
    # and who looks for the first time is told of no payment that is none
    assert connector.poll(stream="payments", cursor="", now=datetime(2026, 11, 16, tzinfo=UTC))[0] == []

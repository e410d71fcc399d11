"""Withheld tax in NetSuite's books: a journal, laid on its invoice by a payment of nothing; against the sandbox."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical import Withholding
from connectors.errors import Rejected
from connectors.netsuite.withholding import application_reference
from tests.connectors.netsuite.test_against_sandbox import connect as connect
from tests.connectors.netsuite.test_against_sandbox import fresh_books as fresh_books
from tests.connectors.netsuite.test_against_sandbox import ready as ready
from tests.connectors.netsuite.test_cash_against_sandbox import ACCOUNTS, CUSTOMER, DAY, moved


@pytest.fixture
def books(ready, parcel, invoice):
    """A connector that knows its accounts, with a posted invoice of 200.00; and what is known there."""
    connector, known = ready
    accounts = {**ACCOUNTS, "withholding": "126"}
    connector.setup = replace(connector.setup, settings={**connector.setup.settings, "accounts": accounts})
    billed = invoice()
    return connector, {**known, billed.reference: connector.deliver(parcel(billed, known=known)).external_id}


def withheld(amount: str = "30.00", **values: Any) -> Withholding:
    plain = Withholding(
        reference="withholding:stripe:in_1",
        version=1,
        correlation_id="story",
        legal_entity="US01",
        currency="USD",
        invoice_reference="invoice:stripe:in_1",
        number="INV-1",
        customer_reference=CUSTOMER,
        booked_on=DAY,
        amount=Decimal(amount),
    )
    return replace(plain, **values)


def left(connector: Any) -> Decimal:
    (found,) = connector.find(kind="invoice", reference="invoice:stripe:in_1", known={})
    return Decimal(found.held["open"])


def test_it_moves_the_claim_and_takes_it_off_the_invoice_however_often_it_is_sent(sandbox, books, parcel):
    connector, known = books
    subject = withheld(certificate_number="RF-17", certificate_date=date(2026, 11, 20))
    first, again = (connector.deliver(parcel(subject, known=known)) for _ in range(2))
    assert first.external_id == again.external_id and first.posted
    assert (moved(sandbox, "126"), moved(sandbox, "122"), left(connector)) == (Decimal(30), Decimal(170), Decimal(170))
    (found,) = connector.find(kind="withholding", reference=subject.reference, known=known)
    assert found.external_id == first.external_id and found.posted
    record = connector._get("journalEntry", reference=subject.reference)
    assert record["memo"] == "INV-1, certificate RF-17 of 2026-11-20"


def test_one_that_was_cut_short_does_not_count_and_a_repeat_does_the_rest(sandbox, books, parcel, monkeypatch):
    # given a call that ends after the journal
    connector, known = books
    write = connector._write

    def cut(method, path, **more):
        if "customerPayment" in path:
            raise ConnectionError
        return write(method, path, **more)

    monkeypatch.setattr(connector, "_write", cut)
    with pytest.raises(ConnectionError):
        connector.deliver(parcel(withheld(), known=known))
    assert connector.find(kind="withholding", reference=withheld().reference, known=known) == []
    # when it is sent again
    monkeypatch.setattr(connector, "_write", write)
    connector.deliver(parcel(withheld(), known=known))
    # then it stands once
    assert (moved(sandbox, "126"), left(connector)) == (Decimal(30), Decimal(170))
    assert len(connector.find(kind="withholding", reference=withheld().reference, known=known)) == 1


def test_more_than_is_open_is_refused(books, parcel):
    connector, known = books
    with pytest.raises(Rejected):
        connector.deliver(parcel(withheld("200.01"), known=known))


def test_it_is_no_receipt_and_never_comes_back_as_one(books, parcel):
    connector, known = books
    connector.deliver(parcel(withheld(), known=known))
    assert connector._get("customerPayment", reference=application_reference(withheld().reference))
    for kind in ("receipt", "bank_receipt"):
        assert [line for page in connector.list_day(kind=kind, entity="US01", day=DAY) for line in page.lines] == []
    events, _ = connector.poll(stream="payments", cursor="", now=datetime(2026, 11, 16, tzinfo=UTC))
    assert events == []

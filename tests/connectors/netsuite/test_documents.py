"""Credit memos, reversals and write-offs against the NetSuite sandbox: applied, repeatable, in the right accounts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.canonical import CreditMemo, CreditMemoLine, DocumentVoid, Invoice, WriteOff
from connectors.errors import Misconfigured, Rejected
from tests.connectors.netsuite.test_against_sandbox import connect as connect
from tests.connectors.netsuite.test_against_sandbox import fresh_books as fresh_books
from tests.connectors.netsuite.test_against_sandbox import ready as ready

DAY = date(2026, 11, 12)


def lines_of(invoice: Invoice, net: str, tax: str) -> tuple[CreditMemoLine, ...]:
    (line,) = invoice.lines
    fields: dict[str, Any] = {**vars(line), "net": Decimal(net), "tax": Decimal(tax), "quantity": Decimal(1)}
    return (CreditMemoLine(**fields, invoice_line_id=line.line_id),)


@pytest.fixture
def billed(ready, parcel, invoice) -> tuple[Any, dict[str, str], Invoice]:
    """A connector, known ids, and an invoice over 220.00 that is posted."""
    connector, known = ready
    connector.setup.settings["write_off_items"] = {"bad_debt": "BAD-DEBT"}
    connector._call(
        "POST", "/services/rest/record/v1/serviceSaleItem", writes=True,
        body={"externalId": "BAD-DEBT", "itemId": "Bad debt", "incomeAccount": {"id": "610"}},
    )  # fmt: skip
    subject = invoice(tax="20.00", tax_code="10")
    known[subject.reference] = connector.deliver(parcel(subject, known=known)).external_id
    return connector, known, subject


@pytest.fixture
def memo() -> Callable[..., CreditMemo]:
    def build(invoice: Invoice, net: str = "50.00", tax: str = "5.00", **values: Any) -> CreditMemo:
        total = Decimal(net) + Decimal(tax)
        plain = CreditMemo(
            reference="credit_memo:stripe:cn_1", version=1, correlation_id="story", currency="USD",
            number="INV-1-CN-01", billing_id="cn_1", customer_reference=invoice.customer_reference,
            contract_reference="contract:006",
            refers_to=invoice.reference, reason_code="order_change", document_date=DAY, posting_date=DAY, tax_point=DAY,
            net=Decimal(net), tax=Decimal(tax), total=total, applied=total, lines=lines_of(invoice, net, tax),
        )  # fmt: skip
        return replace(plain, **values)

    return build


def void_of(document: Invoice | CreditMemo, invoice: Invoice) -> DocumentVoid:
    return DocumentVoid(
        reference=f"void:stripe:{document.billing_id}", version=1, correlation_id="story", currency=document.currency,
        voids=document.reference, voided_kind=document.kind, number=document.number,
        invoice_reference=invoice.reference, customer_reference=invoice.customer_reference,
        contract_reference="contract:006", voided_on=DAY, posting_date=DAY, net=document.net, tax=document.tax,
        total=document.total, applied=document.total, lines=lines_of(invoice, str(document.net), str(document.tax)),
    )  # fmt: skip


def write_off_of(invoice: Invoice, amount: str) -> WriteOff:
    return WriteOff(
        reference="write_off:stripe:in_1", version=1, correlation_id="story", currency="USD",
        invoice_reference=invoice.reference, number=invoice.number, customer_reference=invoice.customer_reference,
        contract_reference="contract:006", written_off_on=DAY, posting_date=DAY, amount=Decimal(amount),
    )  # fmt: skip


def open_of(connector: Any, invoice: Invoice) -> str:
    (found,) = connector.find(kind="invoice", reference=invoice.reference, known={})
    return found.held["open"]


def booked(sandbox: str, connector: Any) -> dict[str, Decimal]:
    """Balance of each ledger account, debits positive."""
    query = (
        "SELECT l.account, SUM(l.netamount) total FROM transactionaccountingline l"
        " WHERE l.posting = 'T' GROUP BY l.account"
    )
    return {row["account"]: Decimal(str(row["total"])) for rows, _ in connector._pages(query) for row in rows}


def test_a_credit_memo_sent_twice_is_one_and_lowers_its_invoice_once(billed, parcel, memo) -> None:
    # given
    connector, known, invoice = billed
    subject = memo(invoice)
    # when
    first, second = (connector.deliver(parcel(subject, known=known)) for _ in range(2))
    # then
    assert first.external_id == second.external_id and first.posted
    assert open_of(connector, invoice) == "165.00"
    (found,) = connector.find(kind="credit_memo", reference=subject.reference, known={})
    assert (found.held["net"], found.held["tax"], found.held["total"]) == ("50.00", "5.00", "55.00")
    # and the list shows it below zero, with its tax, beside no invoice
    (page,) = connector.list_day(kind="credit_memo", entity="", day=DAY)
    (line,) = page.lines
    assert (line.reference, line.net, line.tax, line.gross) == (
        subject.reference, Decimal("-50.00"), Decimal("-5.00"), Decimal("-55.00"),
    )  # fmt: skip


def test_a_credit_memo_on_account_is_applied_to_nothing(billed, parcel, memo) -> None:
    connector, known, invoice = billed
    connector.deliver(parcel(memo(invoice, applied=Decimal(0)), known=known))
    assert open_of(connector, invoice) == "220.00"
    # one that comes from an invoice below zero names none
    negative = memo(invoice, refers_to="", applied=Decimal(0), reference="invoice:stripe:in_9", number="INV-9")
    connector.deliver(parcel(negative, known=known))
    assert open_of(connector, invoice) == "220.00"
    (page,) = connector.list_day(kind="credit_memo", entity="", day=DAY)
    assert {line.reference for line in page.lines} == {"credit_memo:stripe:cn_1", "invoice:stripe:in_9"}


def test_a_credit_memo_whose_invoice_is_gone_or_paid_says_so(billed, parcel, memo) -> None:
    # given more credit than is open
    connector, known, invoice = billed
    connector.deliver(parcel(memo(invoice, "150.00", "15.00"), known=known))
    second = memo(invoice, "150.00", "15.00", reference="credit_memo:stripe:cn_2", number="INV-1-CN-02")
    with pytest.raises(Rejected) as refused:
        connector.deliver(parcel(second, known=known))
    assert refused.value.reason == "CREDIT_WITHOUT_INVOICE"
    # given an invoice NetSuite does not have
    with pytest.raises(Rejected) as refused:
        connector.deliver(parcel(memo(invoice, refers_to="invoice:stripe:in_404"), known=known))
    assert (refused.value.reason, refused.value.value) == ("CREDIT_WITHOUT_INVOICE", "invoice:stripe:in_404")


def test_a_credit_memo_leaves_at_the_rate_its_invoice_came_with(sandbox, billed, parcel, memo) -> None:
    # given an invoice in euro at a rate nobody quotes any more
    connector, known, _ = billed
    connector.setup.settings["currencies"] = {"USD": "1", "EUR": "4"}
    (customer,) = httpx.get(f"{sandbox}/_sandbox/books/customer", trust_env=False).json()
    both = {"items": [{"currency": {"id": "1"}}, {"currency": {"id": "4"}}]}
    httpx.patch(
        f"{sandbox}/_sandbox/books/customer/{customer['id']}", json={"currencyList": both}, trust_env=False
    ).raise_for_status()
    _, _, plain = billed
    euro = replace(plain, reference="invoice:stripe:in_7", billing_id="in_7", number="INV-7", currency="EUR")
    key = connector.deliver(parcel(euro, known=known)).external_id
    httpx.patch(
        f"{sandbox}/_sandbox/books/invoice/{key}", json={"exchangeRate": "1.25"}, trust_env=False
    ).raise_for_status()
    # when
    connector.deliver(parcel(memo(euro, currency="EUR"), known=known))
    # then
    (row,) = httpx.get(f"{sandbox}/_sandbox/books/creditMemo", trust_env=False).json()
    assert Decimal(str(row["exchangeRate"])) == Decimal("1.25")


def test_a_void_leaves_the_invoice_its_number_and_nothing_to_pay(sandbox, billed, parcel) -> None:
    # given
    connector, known, invoice = billed
    before = booked(sandbox, connector)
    subject = void_of(invoice, invoice)
    # when it is sent twice
    for _ in range(2):
        connector.deliver(parcel(subject, known=known))
    # then receivables, revenue and tax are what they were before the invoice
    assert open_of(connector, invoice) == "0.00" and before["122"] == Decimal(220)
    assert not any(booked(sandbox, connector).values())
    (found,) = connector.find(kind="void", reference=subject.reference, known={})
    assert (found.held["total"], found.held["number"]) == ("220.00", "INV-1-VOID")
    lists = {
        kind: [line for page in connector.list_day(kind=kind, entity="", day=DAY) for line in page.lines]
        for kind in ("credit_memo", "void")
    }
    assert not lists["credit_memo"] and [line.gross for line in lists["void"]] == [Decimal("-220.00")]


def test_a_void_of_a_paid_invoice_is_refused_under_its_own_reason(billed, parcel, memo) -> None:
    connector, known, invoice = billed
    connector.deliver(parcel(memo(invoice), known=known))
    with pytest.raises(Rejected) as refused:
        connector.deliver(parcel(void_of(invoice, invoice), known=known))
    assert refused.value.reason == "VOID_NOT_ALLOWED"


def test_a_credit_taken_back_is_owed_again(sandbox, billed, parcel, memo) -> None:
    # given
    connector, known, invoice = billed
    credit = memo(invoice)
    before = booked(sandbox, connector)
    connector.deliver(parcel(credit, known=known))
    subject = void_of(credit, invoice)
    # when it is sent twice
    for _ in range(2):
        connector.deliver(parcel(subject, known=known))
    # then all of the invoice is open, and the books are as they were
    assert open_of(connector, invoice) == "220.00" and booked(sandbox, connector) == before
    (found,) = connector.find(kind="void", reference=subject.reference, known={})
    assert found.held["total"] == "55.00"
    voids = [line for page in connector.list_day(kind="void", entity="", day=DAY) for line in page.lines]
    assert [line.gross for line in voids] == [Decimal("55.00")]
    (page,) = connector.list_day(kind="invoice", entity="", day=DAY)
    assert not page.lines


def test_a_credit_half_taken_back_counts_as_not_taken_back(billed, parcel, memo) -> None:
    # given the reversal there, the memo still on the invoice
    connector, known, invoice = billed
    credit = memo(invoice)
    connector.deliver(parcel(credit, known=known))
    subject = void_of(credit, invoice)
    write, calls = connector._write, []

    def cut_short(method: str, path: str, **rest: Any) -> Any:
        calls.append(method)
        if method == "PATCH":
            raise ConnectionError
        return write(method, path, **rest)

    connector._write = cut_short
    with pytest.raises(ConnectionError):
        connector.deliver(parcel(subject, known=known))
    connector._write = write
    # then it is looked up as not there, and sending it again ends it
    assert calls == ["PUT", "PATCH"] and connector.find(kind="void", reference=subject.reference, known={}) == []
    connector.deliver(parcel(subject, known=known))
    assert connector.find(kind="void", reference=subject.reference, known={})
    assert open_of(connector, invoice) == "220.00"


def test_a_write_off_is_an_expense_and_never_lowers_revenue_or_tax(sandbox, billed, parcel) -> None:
    # given
    connector, known, invoice = billed
    before = booked(sandbox, connector)
    subject = write_off_of(invoice, "220.00")
    # when
    for _ in range(2):
        connector.deliver(parcel(subject, known=known))
    # then
    after = booked(sandbox, connector)
    moved = {key: after.get(key, 0) - before.get(key, 0) for key in {*after, *before}}
    assert {key: value for key, value in moved.items() if value} == {"122": Decimal(-220), "610": Decimal(220)}
    assert open_of(connector, invoice) == "0.00"
    (page,) = connector.list_day(kind="write_off", entity="", day=DAY)
    assert [(line.reference, line.gross) for line in page.lines] == [(subject.reference, Decimal("-220.00"))]


def test_a_small_difference_has_an_account_of_its_own(sandbox, billed, parcel) -> None:
    # given an account beside the one of bad debts
    connector, known, invoice = billed
    connector.setup.settings["write_off_items"]["small_difference"] = "SMALL-DIFFERENCE"
    connector._call(
        "POST", "/services/rest/record/v1/serviceSaleItem", writes=True,
        body={"externalId": "SMALL-DIFFERENCE", "itemId": "Small difference", "incomeAccount": {"id": "620"}},
    )  # fmt: skip
    before = booked(sandbox, connector)
    # when
    connector.deliver(parcel(replace(write_off_of(invoice, "0.50"), treatment="small_difference"), known=known))
    # then
    after = booked(sandbox, connector)
    moved = {key: after.get(key, 0) - before.get(key, 0) for key in {*after, *before}}
    assert {key: value for key, value in moved.items() if value} == {"122": Decimal("-0.50"), "620": Decimal("0.50")}


def test_without_an_account_of_its_own_nothing_is_written_off(billed, parcel) -> None:
    connector, known, invoice = billed
    connector.setup.settings["write_off_items"] = {}
    with pytest.raises(Misconfigured):
        connector.deliver(parcel(write_off_of(invoice, "1.00"), known=known))

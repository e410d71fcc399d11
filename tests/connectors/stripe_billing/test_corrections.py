"""Credit notes, voids and invoices given up, as our shapes: amounts in every currency's own digits."""

import copy
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import Clearance, CreditMemo, DocumentVoid, Invoice, WriteOff
from connectors.errors import Rejected
from connectors.money import from_minor
from connectors.stripe_billing import mapping
from connectors.stripe_billing.amounts import LAST_DIGIT_ZERO
from tests.connectors.test_records import E_INVOICE, invoice_at, kept

ZONE = ZoneInfo("America/New_York")
CURRENCIES = st.sampled_from(["USD", "EUR", "GBP", "JPY", "KWD", "BRL"])


def one(kind: str, record: dict[str, Any]) -> Any:
    (found,) = mapping.to_shapes(kind, record, version=1, zone=ZONE)
    return found


def test_a_credit_note_refers_to_its_invoice_and_keeps_its_tax(payload: Callable[[str], Any]) -> None:
    memo = one("credit_note.created", payload("credit_note_created")["data"]["object"])
    assert isinstance(memo, CreditMemo)
    assert (memo.reference, memo.refers_to) == ("credit_memo:stripe:cn_1QcCredit0001", "invoice:stripe:in_1QcCancity01")
    assert (memo.number, memo.reason_code) == ("QCCANCIT-0001-CN-01", "order_change")
    assert (memo.net, memo.tax, memo.total) == (Decimal("200.00"), Decimal("20.00"), Decimal("220.00"))
    # what the customer had paid already stays on account
    assert memo.applied == Decimal("150.00")
    assert memo.document_date == date(2026, 5, 15)
    (line,) = memo.lines
    assert (line.invoice_line_id, line.tax_code) == ("il_1QcCancity01", "txr_10")
    assert (line.net, line.tax) == (Decimal("200.00"), Decimal("20.00"))


def test_an_invoice_below_zero_is_a_credit_memo_on_account_under_its_own_reference(
    payload: Callable[[str], Any],
) -> None:
    # given an invoice whose lines give more back than they charge
    record = payload("invoice_finalized")["data"]["object"]
    record["lines"]["data"][0]["amount"] = record["total"] = record["total_excluding_tax"] = -4200
    # when
    memo = one("invoice.finalized", record)
    # then
    assert isinstance(memo, CreditMemo)
    assert (memo.reference, memo.number) == ("invoice:stripe:in_1QcCancity01", "QCCANCIT-0001")
    assert (memo.refers_to, memo.applied, memo.total) == ("", 0, Decimal("42.00"))
    assert memo.contract_reference == "contract:0065g00000KwyWtAAJ" and memo.lines[0].net == Decimal("42.00")


def test_an_invoice_over_nothing_is_an_invoice(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_finalized")["data"]["object"]
    record["lines"]["data"][0]["amount"] = record["total"] = record["total_excluding_tax"] = 0
    found = one("invoice.finalized", record)
    assert isinstance(found, Invoice) and found.total == 0
    # and there is nothing in it to void
    record = {
        **record,
        "status": "void",
        "status_transitions": {**record["status_transitions"], "voided_at": 1778864999},
    }
    assert mapping.to_shapes("invoice.voided", record, version=1, zone=ZONE) == []


def test_a_void_takes_the_document_back_at_its_own_amounts() -> None:
    void = one("invoice.voided", invoice_at("voided_at", status="void"))
    assert isinstance(void, DocumentVoid)
    assert (void.reference, void.voids) == ("void:stripe:in_1QcCancity01", "invoice:stripe:in_1QcCancity01")
    assert void.total == void.applied == Decimal("1054.00") and void.voided_on == date(2026, 5, 15)
    note = {**kept("stripe/credit_note_created.json")["data"]["object"], "status": "void", "voided_at": 1778864999}
    taken_back = one("credit_note.voided", note)
    assert (taken_back.voids, taken_back.voided_kind) == ("credit_memo:stripe:cn_1QcCredit0001", "credit_memo")
    assert (taken_back.total, taken_back.applied) == (Decimal("220.00"), Decimal("150.00"))


def test_what_is_given_up_is_what_is_still_open() -> None:
    record = {**invoice_at("marked_uncollectible_at", status="uncollectible"), "amount_remaining": 5400}
    written_off = one("invoice.marked_uncollectible", record)
    assert isinstance(written_off, WriteOff)
    assert (written_off.amount, written_off.invoice_reference) == (Decimal("54.00"), "invoice:stripe:in_1QcCancity01")
    nothing = {**record, "amount_remaining": 0}
    assert mapping.to_shapes("invoice.marked_uncollectible", nothing, version=1, zone=ZONE) == []


@pytest.mark.parametrize("kind", ["invoice.voided", "invoice.marked_uncollectible"])
def test_an_invoice_that_is_none_of_ours_was_never_posted(kind: str) -> None:
    stamp = "voided_at" if kind == "invoice.voided" else "marked_uncollectible_at"
    record = {**invoice_at(stamp, status="void"), "parent": None}
    assert mapping.to_shapes(kind, record, version=1, zone=ZONE) == []


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("total", 21999, "AMOUNT_MISMATCH"),
        ("total", -1, "AMOUNT_MISMATCH"),
        ("pre_payment_amount", 22001, "SCHEMA_CHANGE"),
        ("pre_payment_amount", -1, "SCHEMA_CHANGE"),
        ("number", "", "SCHEMA_CHANGE"),
        ("invoice", None, "SCHEMA_CHANGE"),
    ],
)
def test_a_credit_note_that_does_not_add_up_is_refused(
    payload: Callable[[str], Any], where: str, value: Any, reason: str
) -> None:
    record = {**payload("credit_note_created")["data"]["object"], where: value}
    with pytest.raises(Rejected) as refused:
        one("credit_note.created", record)
    assert refused.value.reason == reason


def test_what_the_tax_authority_said_is_read_from_the_invoice(payload: Callable[[str], Any]) -> None:
    record = {**payload("invoice_finalized")["data"]["object"], "metadata": E_INVOICE}
    said = one("invoice.updated", record)
    assert isinstance(said, Clearance)
    assert (said.reference, said.status) == ("clearance:invoice:stripe:in_1QcCancity01", "cleared")
    assert (said.legal_number, said.contract_reference) == ("35-9-001", "contract:0065g00000KwyWtAAJ")
    # a later word counts more than an earlier one, whatever the order they come in
    earlier = one("invoice.updated", {**record, "metadata": {"e_invoice_status": "rejected"}})
    assert earlier.version < said.version
    # and any other change of an invoice is no news
    assert mapping.to_shapes("invoice.updated", {**record, "metadata": {}}, version=1, zone=ZONE) == []
    with pytest.raises(Rejected):
        one("invoice.updated", {**record, "metadata": {"e_invoice_status": "perhaps"}})


def test_an_invoice_made_by_hand_for_a_contract_may_debit_another_one(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_finalized")["data"]["object"]
    ours = record["parent"]["subscription_details"]["metadata"]
    by_hand = {**record, "parent": None, "metadata": {**ours, "q2c_debits": "in_1QcCancity00"}}
    debit = one("invoice.finalized", by_hand)
    assert isinstance(debit, Invoice)
    assert debit.preceding_reference == "invoice:stripe:in_1QcCancity00"
    assert debit.contract_reference == "contract:0065g00000KwyWtAAJ"
    with pytest.raises(Rejected):
        one("invoice.finalized", {**by_hand, "metadata": {**ours, "q2c_debits": "../x"}})


@given(data=st.data(), currency=CURRENCIES)
def test_what_is_left_is_the_invoice_less_all_that_lowers_it(data: st.DataObject, currency: str) -> None:
    """Invoice - credits + credits taken back - void or write-off = what billing shows as open, in every currency."""
    step = 10 if currency in LAST_DIGIT_ZERO else 1
    total = data.draw(st.integers(1, 10**9)) * step
    issued = invoice_at("voided_at", status="open")
    issued["lines"]["data"][0]["amount"] = issued["total"] = issued["total_excluding_tax"] = total
    issued["currency"] = currency.lower()
    invoice = one("invoice.finalized", issued)
    left_at_billing, left = total, invoice.total
    note = kept("stripe/credit_note_created.json")["data"]["object"]
    for number in range(data.draw(st.integers(0, 4))):
        amount = data.draw(st.integers(0, left_at_billing // step)) * step
        if not amount:
            continue
        mine = copy.deepcopy(note)
        mine |= {
            "id": f"cn_{number}", "currency": currency.lower(), "total": amount, "total_excluding_tax": amount,
            "total_taxes": [], "pre_payment_amount": amount,
        }  # fmt: skip
        mine["lines"]["data"][0] |= {"amount": amount, "taxes": []}
        left -= one("credit_note.created", mine).applied
        left_at_billing -= amount
        if data.draw(st.booleans()):
            mine |= {"status": "void", "voided_at": 1778864999}
            left += one("credit_note.voided", mine).applied
            left_at_billing += amount
    assert left == from_minor(left_at_billing, currency)
    if left_at_billing and data.draw(st.booleans()):
        issued |= {"amount_remaining": left_at_billing}
        issued["status_transitions"] |= {"marked_uncollectible_at": 1778864999}
        left -= one("invoice.marked_uncollectible", issued).amount
        assert left == 0

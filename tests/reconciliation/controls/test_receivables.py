"""Receivables, tax and cash on account: what is open, document by document, and the balances of the accounts."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.balances import open_documents, receivable, tax
from sync.models import CreditMemoRecord, InvoiceRecord
from tests.paper_erp import Books, Paper, line
from tests.refunds import refund, refund_failure
from tests.small_company import DAY, Company, allocation, credit_memo, invoice, payment

pytestmark = pytest.mark.django_db
IN1, IN2, PAID = invoice(1).reference, invoice(2).reference, payment().reference


@pytest.fixture
def erp(company: Company, paper: Any, monkeypatch: pytest.MonkeyPatch) -> Books:
    """An ERP that lists everything; an invoice over 100.00 posted there, and another one."""
    monkeypatch.setattr(Paper, "lists", frozenset())
    company.sells()
    company.bills(1)
    company.bills(2)
    company.settles()
    return paper("erp")


def ask(company: Company, name: str) -> ControlRun:
    return runner.run(name, entity=company.entity, business_date=DAY)


def open_now(company: Company) -> dict[str, Decimal]:
    return {one.reference: one.net for one in open_documents.invoices(company.entity, DAY)}


def balance(company: Company) -> dict[str, Decimal]:
    return {one.reference: one.net for one in receivable.lines(company.entity, DAY)}


def test_they_are_asked_of_who_bills_and_of_who_received(company: Company, paper: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Paper, "lists", frozenset())
    names = {"open_items", "unapplied_cash", "receivables", "tax_payable"}
    assert not names & {control.name for control in controls_of(company.entity)}
    company.sells()
    company.bills()
    assert names & {control.name for control in controls_of(company.entity)} == names - {"unapplied_cash"}


def test_what_was_posted_lowers_what_is_open_and_the_rest_is_a_line_of_its_own(company: Company, erp: Books) -> None:
    assert open_now(company) == {IN1: 100, IN2: 100} and balance(company) == {"receivable:USD": 200}
    # given a payment of the first, heard and not carried yet
    company.hears(payment(), allocation(), source=company.billing)
    assert open_now(company) == {IN1: 100, IN2: 100, allocation().reference: -100}
    assert balance(company) == {"receivable:USD": 200, PAID: -100}
    # when it is posted
    company.settles()
    assert open_now(company) == {IN2: 100} and balance(company) == {"receivable:USD": 100}


def test_every_kind_moves_the_account_as_it_is_booked(company: Company, erp: Books) -> None:
    company.hears(payment(amount="140.00"), allocation(amount="100.00"), source=company.billing)
    company.hears(refund(1), source=company.billing)
    company.hears(refund_failure(1), source=company.billing)
    company.hears(credit_memo(1, of_invoice=2), source=company.billing)
    company.settles()
    (whole,) = receivable.RECEIVABLE.roll_forward(company.entity, since=DAY, until=DAY)
    assert {name: value for name, value in whole.moved.items() if value} == {
        "invoiced": 200,
        "credited": -40,
        "received": -140,
    }
    # what came home counts against what was given back
    assert (whole.moved["refunded"], whole.closing) == (0, 20)
    assert open_now(company) == {IN2: 60}


def test_tax_is_charged_credited_and_voided(company: Company, erp: Books) -> None:
    InvoiceRecord.objects.filter(reference=IN1).update(tax=8, total=108)
    company.hears(credit_memo(1, of_invoice=1), source=company.billing)
    company.settles()
    CreditMemoRecord.objects.update(tax=3, total=43)
    (whole,) = tax.TAX_PAYABLE.roll_forward(company.entity, since=DAY, until=DAY)
    assert whole.moved == {"charged": 8, "credited": -3, "voided": 0} and whole.closing == 5
    assert {one.reference: one.net for one in tax.lines(company.entity, DAY)} == {"tax:USD": 5}


def test_the_same_open_amounts_tie_and_another_is_a_case_of_its_own_reason(company: Company, erp: Books) -> None:
    erp.lists["open_item"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    assert ask(company, "open_items").status == "tied"
    # when somebody in the ERP lays money on the wrong one
    erp.lists["open_item"] = [line(IN2, "100.00", day=DAY)]
    assert ask(company, "open_items").status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.reference, case.amount) == ("OPEN_ITEM_DIFFERS", IN1, Decimal(100))
    assert (case.team, case.entity) == ("finance", company.entity)


def test_a_document_with_a_case_of_its_own_control_is_no_second_one(company: Company, erp: Books, paper: Any) -> None:
    # given an invoice that is gone from the ERP, which the control of invoices has found
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    erp.lists["invoice"] = erp.lists["open_item"] = [line(IN2, "100.00", day=DAY)]
    ask(company, "invoices")
    run = ask(company, "open_items")
    assert run.status == "tied_with_items" and run.totals["USD"]["explained"] == "100.00"
    assert [case.reason for case in ExceptionCase.objects.all()] == ["MISSING_IN_TARGET"]


def test_a_balance_that_is_off_is_a_case_over_what_it_is_off_by(company: Company, erp: Books) -> None:
    erp.lists["receivable"] = [line("receivable:USD", "193.00", day=DAY)]
    ask(company, "receivables")
    case = ExceptionCase.objects.get()
    assert (case.reason, case.amount) == ("BALANCE_DIFFERS", Decimal(7))
    assert "invoiced 200.00 = 200.00" in case.document
    erp.lists["receivable"] = [line("receivable:USD", "200.00", day=DAY)]
    assert ask(company, "receivables").status == "tied"


def test_what_a_document_is_off_by_counts_once(company: Company, erp: Books, paper: Any) -> None:
    # given an invoice that somebody lowered in the ERP, which the control of invoices has found
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    erp.lists["invoice"] = [line(IN1, "64.00", day=DAY), line(IN2, "100.00", day=DAY)]
    ask(company, "invoices")
    # then the account, which is lower by as much, is no second case
    erp.lists["receivable"] = [line("receivable:USD", "164.00", day=DAY)]
    assert ask(company, "receivables").status == "tied"
    assert [case.reason for case in ExceptionCase.objects.all()] == ["AMOUNT_MISMATCH"]
    # and what it is off by beyond that is one
    erp.lists["receivable"] = [line("receivable:USD", "160.00", day=DAY)]
    ask(company, "receivables")
    assert ExceptionCase.objects.get(reason="BALANCE_DIFFERS").amount == Decimal(4)


def test_what_is_in_another_currency_there_is_missing_here_whole(company: Company, erp: Books, paper: Any) -> None:
    paper("billing").lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "100.00", day=DAY)]
    erp.lists["invoice"] = [line(IN1, "90.00", day=DAY, currency="EUR"), line(IN2, "100.00", day=DAY)]
    ask(company, "invoices")
    erp.lists["receivable"] = [line("receivable:USD", "100.00", day=DAY)]
    assert ask(company, "receivables").status == "tied"


def test_cash_on_account_is_compared_receipt_by_receipt(company: Company, erp: Books) -> None:
    company.hears(payment(amount="140.00"), allocation(amount="100.00"), source=company.billing)
    company.settles()
    assert {one.reference: one.net for one in open_documents.receipts(company.entity, DAY)} == {PAID: 40}
    erp.lists["unapplied"] = [line(PAID, "40.00", day=DAY)]
    assert ask(company, "unapplied_cash").status == "tied"
    # when a receipt nobody told us of lies there, it is unexplained until somebody says what it is
    erp.lists["unapplied"].append(line("payment:netsuite:77", "500.00", day=DAY))
    assert ask(company, "unapplied_cash").status == "unexplained"
    assert Break.objects.get().kind == "UNAPPLIED_DIFFERS"


def test_a_journal_typed_on_our_account_is_found(company: Company, erp: Books) -> None:
    assert ask(company, "outside_journals").status == "tied"
    typed = replace(line("journal:netsuite:9:122", "-250.00", day=DAY), label="JE9", status="account 122")
    erp.lists["outside_journal"] = [typed]
    ask(company, "outside_journals")
    case = ExceptionCase.objects.get()
    assert (case.reason, case.amount, case.currency) == ("OUTSIDE_JOURNAL", Decimal(250), "USD")
    assert "JE9, account 122" in case.document
    # when another one takes it back, it is over
    erp.lists["outside_journal"].append(line("journal:netsuite:10:122", "250.00", day=DAY))
    erp.lists["outside_journal"][1] = replace(erp.lists["outside_journal"][1], status="account 122")
    assert ask(company, "outside_journals").status == "tied"
    assert ExceptionCase.objects.get().status == "closed"

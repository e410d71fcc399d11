"""What must agree beside amounts: whose document it is, on which account it stands, and in which period."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.models import Break, ControlLine, ControlRun, ExceptionCase
from sync.models import Delivery, ExternalIdentity, LatePosting
from tests.paper_erp import Books, line
from tests.small_company import DAY, Company, customer, invoice

IN1 = invoice(1).reference
ONE, TWO = customer(1).reference, customer(2).reference
NEXT_MONTH = date(DAY.year, DAY.month + 1, 3)


@pytest.fixture
def billed(company: Company, paper: Any) -> Books:
    """An invoice of the first of two customers, posted, and listed alike on both sides; gives the ERP's books."""
    company.sells(1)
    company.sells(2, of=2)
    company.bills(1)
    company.bills(2, of_deal=2)
    company.settles()
    paper("billing").lists["invoice"] = [replace(line(IN1, "100.00", day=DAY), customer=ONE)]
    paper("erp").lists["invoice"] = [replace(line(IN1, "100.00", day=DAY), customer=of(company, ONE))]
    return paper("erp")


def of(company: Company, reference: str) -> str:
    """The ERP's own id of a customer."""
    return ExternalIdentity.objects.get(connection=company.erp, reference=reference).external_id


def shows(books: Books, **values: Any) -> None:
    books.lists["invoice"] = [replace(books.lists["invoice"][0], **values)]


def ask(company: Company, day: date = DAY) -> ControlRun:
    return runner.run("invoices", entity=company.entity, business_date=day)


def test_a_system_may_call_a_customer_by_its_own_id(company: Company, billed: Books) -> None:
    assert ask(company).status == "tied"
    assert set(ControlLine.objects.values_list("customer", flat=True)) == {ONE}


def test_another_customer_is_a_break_though_the_amounts_agree(company: Company, billed: Books) -> None:
    shows(billed, customer=of(company, TWO))
    assert ask(company).status == "open_exceptions"
    found, case = Break.objects.get(), ExceptionCase.objects.get()
    assert (found.kind, found.difference) == ("CUSTOMER_MISMATCH", 0)
    called = [f"Customer {number}, {customer(number).crm_account_id}" for number in (1, 2)]
    assert [found.left["customer"], found.right["customer"]] == called
    assert case.reason == "CUSTOMER_MISMATCH" and case.team == "finance"
    # and with the right one again it is over
    shows(billed, customer=of(company, ONE))
    assert ask(company).status == "tied" and ExceptionCase.objects.get().status == "closed"


@pytest.mark.parametrize("stranger", ["", "4711"])
def test_whom_we_do_not_know_differs_from_nobody(company: Company, billed: Books, stranger: str) -> None:
    shows(billed, customer=stranger)
    assert ask(company).status == "tied"


def test_another_account_is_a_break_that_names_it(company: Company, billed: Books) -> None:
    shows(billed, other_account="1190")
    ask(company)
    case = ExceptionCase.objects.get()
    assert (case.reason, case.value) == ("ACCOUNT_MISMATCH", "1190")
    assert case.evidence["right"]["account"] == "1190" and "account" not in case.evidence["left"]


def test_another_period_is_a_break_and_another_day_of_the_same_is_none(company: Company, billed: Books) -> None:
    shows(billed, document_date=DAY + timedelta(days=1))
    ask(company)
    assert ask(company, DAY + timedelta(days=1)).status == "tied"
    shows(billed, document_date=NEXT_MONTH)
    for day in (DAY, DAY + timedelta(days=1), NEXT_MONTH):
        ask(company, day)
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.value) == ("PERIOD_MISMATCH", f"{DAY:%Y-%m} and {NEXT_MONTH:%Y-%m}")


def test_what_two_people_let_into_another_period_is_no_exception(company: Company, billed: Books) -> None:
    delivery = Delivery.objects.get(reference=IN1)
    LatePosting.objects.create(
        delivery=delivery,
        entity=company.entity,
        kind="invoice",
        reference=IN1,
        title="Invoice 1",
        amount=100,
        currency="USD",
        document_date=DAY,
        posting_date=NEXT_MONTH,
        crosses="month",
        moved_at=delivery.created_at,
    )
    shows(billed, document_date=NEXT_MONTH)
    ask(company)
    # it was missing while only its own day was read
    assert ask(company, NEXT_MONTH).status == "tied_with_items"
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_periods_are_those_of_the_erp_where_it_has_some(company: Company, billed: Books) -> None:
    # given an ERP whose period runs until the tenth of the next month
    company.period("open", starts=DAY.replace(day=1), ends=NEXT_MONTH.replace(day=10))
    shows(billed, document_date=NEXT_MONTH)
    ask(company)
    assert ask(company, NEXT_MONTH).status == "tied"


def test_an_amount_that_differs_comes_first(company: Company, billed: Books) -> None:
    shows(billed, customer=of(company, TWO), net=90, gross=90)
    ask(company)
    assert Break.objects.get().kind == "AMOUNT_MISMATCH"

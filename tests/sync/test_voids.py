"""Documents taken back: by themselves where nothing stands against it, else by two people of finance."""

from datetime import date
from decimal import Decimal

import pytest

from connectors.errors import Rejected
from reconciliation import approvals
from reconciliation.models import ExceptionCase
from sync import open_items
from sync.models import CreditMemoRecord, Delivery, InvoiceRecord, VoidRecord
from sync.states import Condition
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.reconciliation.desk import approver as second_person
from tests.small_company import DAY, Company, allocation, credit_memo, invoice, payment, void

NEXT_MONTH = date(2026, 6, 3)


@pytest.fixture
def billed(company: Company) -> Company:
    company.sells()
    company.bills()
    company.settles()
    return company


def left() -> Decimal:
    return open_items.of_invoices(["invoice:paper:in_1"])["invoice:paper:in_1"].left


def owed() -> Delivery:
    return Delivery.objects.get(kind="void")


def test_an_untouched_invoice_is_taken_back_with_its_own_lines(billed: Company, paper) -> None:
    # when
    billed.hears(void(), source=billed.billing)
    billed.settles()
    # then
    assert owed().state == "posted" and left() == 0
    sent = paper("erp").parcels[-1].subject
    assert [line.erp_item for line in sent.lines] == ["basic"] and sent.total == Decimal("100.00")
    row = InvoiceRecord.objects.get()
    assert (row.status, row.number, row.total) == ("void", "INV-0001", Decimal(100))


def test_an_invoice_that_never_reached_the_erp_is_posted_before_it_is_taken_back(company: Company, paper) -> None:
    # so that its number is in the ledger too
    company.sells()
    company.bills()
    company.hears(void(), source=company.billing)
    assert owed().condition == Condition.WAITING
    company.settles()
    assert [parcel.subject.kind for parcel in paper("erp").parcels] == ["customer", "invoice", "void"]


@pytest.mark.parametrize("by", ["payment", "credit"])
def test_an_invoice_that_was_paid_or_credited_in_part_is_for_finance(billed: Company, paper, by: str) -> None:
    # given
    if by == "payment":
        billed.hears(payment(amount="30.00"), allocation(amount="30.00"), source=billed.billing)
    else:
        billed.hears(credit_memo(amount="30.00"), source=billed.billing)
    billed.settles()
    sent = len(paper("erp").parcels)
    # when
    billed.hears(void(), source=billed.billing)
    billed.settles()
    # then nothing is sent
    case = case_of("VOID_NOT_ALLOWED")
    assert (case.team, case.value) == ("finance", "paid or credited") and len(paper("erp").parcels) == sent
    # when two people decide to reverse what is left
    billed.period("open")
    request = ask("post_reversal", at(case), user=preparer())
    with pytest.raises(approvals.Refused):
        approvals.approve(request.pk, user=preparer())
    run = finish(approvals.approve(request.pk, user=second_person()), billed)
    # then the reversal is whole, and takes off the invoice what was still open
    assert run.status == "done"
    subject = paper("erp").parcels[-1].subject
    assert (subject.total, subject.applied) == (Decimal("100.00"), Decimal("70.00"))


def test_a_void_in_a_later_period_is_for_finance_and_goes_into_the_first_open_one(billed: Company, paper) -> None:
    # given a void in June of an invoice of May
    billed.period("open")
    billed.period("open", starts=date(2026, 6, 1), ends=date(2026, 6, 30))
    billed.hears(void(day=NEXT_MONTH), source=billed.billing)
    billed.settles()
    case = case_of("VOID_NOT_ALLOWED")
    assert case.value == "another period"
    # when
    run = finish(approvals.approve(ask("post_reversal", at(case), user=preparer()).pk, user=approver()), billed)
    # then
    assert run.status == "done" and owed().posting_date == NEXT_MONTH
    assert paper("erp").parcels[-1].subject.applied == Decimal("100.00")


def test_a_decision_that_waits_holds_up_nothing_else_of_the_invoice(billed: Company, paper) -> None:
    # given a void nobody has decided on
    billed.hears(void(day=NEXT_MONTH), source=billed.billing)
    # when money comes for the invoice
    billed.hears(payment(), allocation(), source=billed.billing)
    billed.settles()
    # then it is booked and applied
    assert Delivery.objects.get(kind="allocation").state == "posted"


def test_what_was_approved_is_not_sent_once_it_is_no_longer_that(billed: Company, paper) -> None:
    # given an approval to reverse all of an invoice
    billed.period("open")
    billed.hears(void(day=NEXT_MONTH), source=billed.billing)
    billed.settles()
    request = ask("post_reversal", at(case_of("VOID_NOT_ALLOWED")), user=preparer())
    # when part of it is paid before the second person says yes
    billed.hears(payment(amount="30.00"), allocation(amount="30.00"), source=billed.billing)
    billed.settles()
    # then that yes is for something else
    with pytest.raises(approvals.Changed):
        approvals.approve(request.pk, user=approver())


def test_a_voided_credit_memo_gives_back_what_it_took(billed: Company, paper) -> None:
    memo = credit_memo(amount="40.00")
    billed.hears(memo, source=billed.billing)
    billed.settles()
    assert left() == Decimal(60)
    billed.hears(void(of=memo), source=billed.billing)
    billed.settles()
    assert left() == Decimal(100) and owed().state == "posted"
    assert CreditMemoRecord.objects.get().status == "void" and VoidRecord.objects.get().voided_kind == "credit_memo"
    assert paper("erp").parcels[-1].subject.lines[0].invoice_line_id == "1"


def test_a_void_over_another_amount_than_we_know_stops(billed: Company) -> None:
    billed.hears(void(of=invoice(amount="90.00")), source=billed.billing)
    assert case_of("AMOUNT_MISMATCH").reference == "void:paper:in_1"


def test_an_erp_that_knows_more_than_we_refuses_and_it_is_a_case(billed: Company, paper) -> None:
    paper("erp").next.append(Rejected("paid", reason="VOID_NOT_ALLOWED"))
    billed.hears(void(), source=billed.billing)
    billed.settles()
    assert ExceptionCase.objects.get(status="open").reason == "VOID_NOT_ALLOWED"
    assert DAY == owed().posting_date

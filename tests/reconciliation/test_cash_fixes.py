"""Fixes of cash: two people, exactly what was shown, and the case closes once it is booked."""

import dataclasses
from decimal import Decimal

import pytest

from connectors.canonical import Allocation, Refund
from reconciliation import approvals
from reconciliation.fixes.fix import InputError
from reconciliation.fixes.registry import for_case
from reconciliation.models import ExceptionCase
from sync.models import Delivery
from tests.paper_erp import books
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import Company, account_id, allocation, payment


@pytest.fixture
def company(company: Company) -> Company:
    """A deal over 100.00 that is billed and posted."""
    company.sells()
    company.bills()
    company.settles()
    return company


def free_cash(company: Company, amount: str = "100.00") -> None:
    """Money of the customer that no invoice asked for, from the gateway."""
    plain = payment(amount=amount)
    shape = dataclasses.replace(
        plain, reference="payment:stripe:pi_1", pays_reference="", customer_reference=f"customer:{account_id(1)}"
    )
    company.hears(shape, source=company.billing)
    company.settles()


def test_cash_on_account_is_applied_in_billing_by_two_people(company: Company) -> None:
    # given 60.00 nobody said what for, and an invoice of 100.00 that is open
    free_cash(company, "60.00")
    case = case_of("UNAPPLIED_CASH")
    assert next(fix.name for fix in for_case(case)) == "apply_cash"
    request = ask("apply_cash", at(case), {"invoice": "invoice:paper:in_1"}, user=preparer())
    run = approvals.approve(request.pk, user=approver())
    finish(run, company, steps=3)
    # then billing is told to apply exactly what was shown
    row = Delivery.objects.get(role="billing", kind="allocation")
    sent = next(entry.subject for entry in books("billing").entries if entry.kind == "allocation")
    assert isinstance(sent, Allocation) and (sent.amount, sent.invoice_reference) == (
        Decimal("60.00"),
        "invoice:paper:in_1",
    )
    assert row.subject_sha256 == request.change["subject_sha256"]
    # when billing tells that it is applied, then the case closes and the run ends well
    told = dataclasses.replace(allocation(amount="60.00"), payment_reference="payment:stripe:pi_1")
    company.hears(told, source=company.billing)
    finish(run, company)
    assert run.note == "1 went through, 0 were refused."
    # and what is left is the invoice, which is short of the rest
    left = ExceptionCase.objects.get(status="open")
    assert (left.reason, left.reference, left.amount) == ("UNDERPAYMENT", "invoice:paper:in_1", Decimal("40"))


def test_an_invoice_that_is_not_open_cannot_be_chosen(company: Company) -> None:
    free_cash(company)
    with pytest.raises(InputError):
        ask("apply_cash", at(case_of("UNAPPLIED_CASH")), {"invoice": "invoice:paper:in_9"}, user=preparer())


def test_what_was_approved_and_is_not_so_any_more_is_not_sent(company: Company) -> None:
    # given an approved refund of 100.00
    free_cash(company)
    request = ask("refund_rest", at(case_of("UNAPPLIED_CASH")), user=preparer())
    # when a part of the money is applied before it is approved
    told = dataclasses.replace(allocation(amount="60.00"), payment_reference="payment:stripe:pi_1")
    company.hears(told, source=company.billing)
    # then nothing is paid back
    try:
        finish(approvals.approve(request.pk, user=approver()), company)
    except ValueError as refused:
        assert str(refused)
    assert not Delivery.objects.filter(role="billing", kind="refund").exists()


def test_what_was_paid_too_much_goes_back_after_two_people_said_so(company: Company) -> None:
    free_cash(company)
    request = ask("refund_rest", at(case_of("UNAPPLIED_CASH")), user=preparer())
    finish(approvals.approve(request.pk, user=approver()), company, steps=3)
    sent = next(entry.subject for entry in books("billing").entries if entry.kind == "refund")
    assert isinstance(sent, Refund) and (sent.amount, sent.payment_reference) == (
        Decimal("100.00"),
        "payment:stripe:pi_1",
    )


def test_money_may_stay_on_account_if_two_people_say_so(company: Company) -> None:
    free_cash(company)
    request = ask("leave_as_it_is", at(case_of("UNAPPLIED_CASH")), user=preparer())
    finish(approvals.approve(request.pk, user=approver()), company)
    assert not ExceptionCase.objects.filter(status="open").exists()
    assert not Delivery.objects.filter(role="billing", kind__in=["allocation", "refund"]).exists()

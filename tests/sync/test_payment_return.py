"""Bank payments that do not hold: told to billing invoice by invoice, and one case until the money is here."""

import dataclasses
from decimal import Decimal

import pytest
from django.db import transaction

from connectors.canonical import Allocation, Payment, PaymentReturn
from connectors.errors import Rejected
from sync import open_items
from sync.models import Delivery, PaymentReturnRecord
from sync.pipelines.cash import left_of
from sync.states import Condition
from tests.paper_erp import books
from tests.small_company import DAY, Company, allocation, credit_memo, payment
from tests.sync.test_cash import open_cases

INVOICE = "invoice:paper:in_1"


@pytest.fixture
def company(company: Company) -> Company:
    """Two invoices of 100.00 that are billed and posted."""
    company.sells()
    company.bills(1)
    company.bills(2)
    company.settles()
    return company


def wire(number: int = 1, *, amount: str = "100.00", of_invoice: int = 1) -> tuple[Payment, Allocation]:
    """Money the ERP tells of, and what it was applied to."""
    bank = {"source_system": "paper_erp"}
    return (
        dataclasses.replace(payment(number, amount=amount, of_invoice=of_invoice), origin="bank", **bank),
        dataclasses.replace(allocation(number, amount=amount, of_invoice=of_invoice), **bank),
    )


def returned(number: int = 1) -> PaymentReturn:
    """As the ERP tells it: it keeps the payment over nothing."""
    return PaymentReturn(
        reference=f"payment_return:paper:pi_{number}",
        version=1,
        correlation_id="",
        currency="USD",
        gateway_id=f"pi_{number}",
        payment_reference=f"payment:paper:pi_{number}",
        customer_reference="",
        returned_on=DAY,
        amount=Decimal(0),
        source_system="paper_erp",
    )


def left(reference: str = INVOICE) -> Decimal:
    return open_items.of_invoices([reference])[reference].left


def told() -> list[PaymentReturn]:
    return [entry.subject for entry in books("billing").entries if isinstance(entry.subject, PaymentReturn)]


def test_what_it_had_paid_is_open_again_and_billing_is_told(company: Company) -> None:
    # given an invoice paid by wire, which billing knows
    company.hears(*wire(), source=company.erp)
    company.settles()
    assert left() == 0 and not open_cases()
    # when the bank takes it back
    company.hears(returned(), source=company.erp)
    company.settles()
    # then it is open again, billing is told of that invoice, and somebody must act
    (one,) = told()
    assert (one.invoice_reference, one.amount) == (INVOICE, Decimal("100.00"))
    assert left() == Decimal("100.00") and left_of(["payment:paper:pi_1"]) == {"payment:paper:pi_1": Decimal(0)}
    assert open_cases() == {"PAYMENT_RETURNED": (Decimal("100"), INVOICE)}
    # and the ERP, which told us, is told nothing
    assert not Delivery.objects.filter(role="erp", kind__in=["payment", "payment_return"]).exists()


def test_the_case_is_over_once_the_money_is_here(company: Company) -> None:
    company.hears(*wire(), source=company.erp)
    company.hears(returned(), source=company.erp)
    company.settles()
    # when a part comes, then the case is over the rest; when all of it is here, it is closed
    company.hears(*wire(2, amount="40.00"), source=company.erp)
    assert open_cases() == {"PAYMENT_RETURNED": (Decimal("60"), INVOICE)}
    company.hears(*wire(3, amount="60.00"), source=company.erp)
    company.settles()
    assert not open_cases() and left() == 0


def test_or_once_the_rest_is_credited(company: Company) -> None:
    company.hears(*wire(), source=company.erp)
    company.hears(returned(), source=company.erp)
    company.hears(credit_memo(amount="100.00"), source=company.billing)
    company.settles()
    assert not open_cases()


def test_a_wire_over_two_invoices_opens_both_again(company: Company) -> None:
    money, first = wire(amount="150.00")
    second = dataclasses.replace(wire(2, of_invoice=2)[1], payment_reference=money.reference, amount=Decimal("50.00"))
    company.hears(money, dataclasses.replace(first, amount=Decimal("100.00")), second, source=company.erp)
    company.settles()
    company.hears(returned(), source=company.erp)
    company.settles()
    assert {one.invoice_reference: one.amount for one in told()} == {
        INVOICE: Decimal("100.00"),
        "invoice:paper:in_2": Decimal("50.00"),
    }
    assert len({one.reference for one in told()}) == 2
    assert (left(), left("invoice:paper:in_2")) == (Decimal(100), Decimal(100))


def test_heard_twice_it_is_told_once(company: Company) -> None:
    company.hears(*wire(), source=company.erp)
    for _ in range(2):
        company.hears(returned(), source=company.erp)
        company.settles()
    assert len(told()) == PaymentReturnRecord.objects.count() == 1


def test_it_waits_for_the_payment_it_takes_back(company: Company) -> None:
    (item,) = company.hears(returned(), source=company.erp)
    assert (item.condition, item.waits_for) == (Condition.WAITING, "payment:paper:pi_1")


def test_what_billing_refused_to_hear_of_the_payment_is_no_longer_wanted(company: Company) -> None:
    # given a payment billing does not take
    books("billing").next.append(Rejected("no", reason="PAID_IN_ERP_OPEN_IN_BILLING"))
    company.hears(*wire(), source=company.erp)
    company.settles()
    assert set(open_cases()) == {"PAID_IN_ERP_OPEN_IN_BILLING"}
    # when the bank takes it back, then that is over, and the invoice is what somebody looks after
    company.hears(returned(), source=company.erp)
    company.settles()
    assert set(open_cases()) == {"PAYMENT_RETURNED"}
    assert Delivery.objects.get(role="billing", kind="allocation").condition == Condition.WITHDRAWN


def test_an_application_heard_after_it_is_not_told_to_billing(company: Company) -> None:
    money, applied = wire()
    company.hears(money, returned(), source=company.erp)
    company.hears(applied, source=company.erp)
    company.settles()
    assert not Delivery.objects.filter(role="billing", kind="allocation").exists()
    assert left() == Decimal("100.00") and set(open_cases()) == {"PAYMENT_RETURNED"}


def test_cash_on_account_that_did_not_hold_is_left_over_no_more(company: Company) -> None:
    money, applied = wire(amount="140.00")
    company.hears(money, dataclasses.replace(applied, amount=Decimal("100.00")), source=company.erp)
    company.settles()
    assert set(open_cases()) == {"OVERPAYMENT"}
    with transaction.atomic():
        company.hears(returned(), source=company.erp)
    assert set(open_cases()) == {"PAYMENT_RETURNED"}

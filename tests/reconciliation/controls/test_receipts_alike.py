"""Money that seems to have come twice: one customer, sum and currency within four weeks, and one settles nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync import clock
from sync.models import AllocationRecord, PaymentRecord, PaymentReturnRecord, RefundFailureRecord, RefundRecord
from tests.small_company import DAY, Company, account_id, customer, invoice

pytestmark = pytest.mark.django_db

MAY_10 = DAY - timedelta(days=3)


@pytest.fixture
def paid(company: Company) -> Company:
    """One customer, who paid an invoice of 250.00 by card."""
    company.hears(customer(1))
    company.settles()
    received(company, "pi_1", day=MAY_10)
    applied(company, "pi_1")
    return company


def _document(company: Company, kind: str, number: str) -> dict[str, Any]:
    return {
        "reference": f"{kind}:{number}",
        "version": 1,
        "correlation_id": "",
        "legal_entity": company.entity,
        "currency": "USD",
        "source_system": "paper_billing",
        "source_event": "",
        "created_at": clock.now(),
    }


def received(company: Company, number: str, *, day: Any = DAY, origin: str = "bank", **values: Any) -> PaymentRecord:
    plain = {
        **_document(company, "payment", number),
        "gateway_id": number,
        "customer_reference": f"customer:{account_id(1)}",
        "origin": origin,
        "received_on": day,
        "amount": Decimal("250.00"),
    }
    return PaymentRecord.objects.create(**{**plain, **values})


def applied(company: Company, number: str, *, of_invoice: int = 1) -> None:
    AllocationRecord.objects.create(
        **_document(company, "allocation", number),
        payment_reference=f"payment:{number}",
        invoice_reference=invoice(of_invoice).reference,
        customer_reference=f"customer:{account_id(1)}",
        applied_on=DAY,
        amount=Decimal("250.00"),
    )


def asked(company: Company) -> ControlRun:
    return runner.run("receipts_alike", entity=company.entity, business_date=DAY)


def test_a_transfer_of_the_sum_that_was_paid_by_card_is_a_case_until_it_settles_something(paid: Company) -> None:
    received(paid, "TRANSFER-7")
    assert asked(paid).status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.customer_name) == ("RECEIPTS_ALIKE", "finance", "Customer 1")
    assert (case.amount, case.currency, case.document) == (Decimal("250.00"), "USD", "Receipt TRANSFER-7")
    assert case.value == "pi_1 of 10 May 2026 is of the same sum"
    applied(paid, "TRANSFER-7", of_invoice=2)
    assert asked(paid).status == "tied" and Break.objects.get().healed_at is not None


def test_next_months_payment_and_other_sums_currencies_and_customers_are_none(paid: Company) -> None:
    paid.hears(customer(2))
    received(paid, "NEXT-MONTH", day=MAY_10 + timedelta(days=28))
    received(paid, "A-CENT-MORE", amount=Decimal("250.01"))
    received(paid, "EUROS", currency="EUR")
    received(paid, "ANOTHERS", customer_reference=f"customer:{account_id(2)}")
    assert asked(paid).status == "tied"


def test_the_last_day_of_four_weeks_counts(paid: Company) -> None:
    received(paid, "LATE", day=MAY_10 + timedelta(days=27))
    assert asked(paid).status == "open_exceptions"


def test_two_payments_that_each_settle_an_invoice_are_in_order(paid: Company) -> None:
    received(paid, "TRANSFER-7")
    applied(paid, "TRANSFER-7", of_invoice=2)
    assert asked(paid).status == "tied"


def test_what_went_back_came_once(paid: Company) -> None:
    one = received(paid, "REFUNDED")
    RefundRecord.objects.create(
        **_document(paid, "refund", "re_1"),
        gateway_id="re_1",
        payment_reference=one.reference,
        customer_reference=one.customer_reference,
        refunded_on=DAY,
        amount=one.amount,
        causes=["overpayment"],
    )
    other = received(paid, "RETURNED")
    PaymentReturnRecord.objects.create(
        **_document(paid, "payment_return", "rt_1"),
        gateway_id="rt_1",
        payment_reference=other.reference,
        customer_reference=other.customer_reference,
        returned_on=DAY,
        amount=other.amount,
    )
    assert asked(paid).status == "tied"
    # a refund the bank sent home leaves the money here
    RefundFailureRecord.objects.create(
        **_document(paid, "refund_failure", "re_1"),
        gateway_id="re_1",
        refund_reference="refund:re_1",
        customer_reference=one.customer_reference,
        failed_on=DAY,
        amount=one.amount,
    )
    assert asked(paid).status == "open_exceptions"
    assert ExceptionCase.objects.get().document == "Receipt REFUNDED"


def test_of_three_alike_two_are_listed_each_beside_the_one_before(paid: Company) -> None:
    received(paid, "SECOND", day=DAY - timedelta(days=1))
    received(paid, "THIRD")
    asked(paid)
    assert set(ExceptionCase.objects.values_list("document", "value")) == {
        ("Receipt SECOND", "pi_1 of 10 May 2026 is of the same sum"),
        ("Receipt THIRD", "SECOND of 12 May 2026 is of the same sum"),
    }


def test_what_people_were_told_of_when_it_came_is_no_second_case(paid: Company) -> None:
    one = received(paid, "TRANSFER-7")
    asked(paid)
    ExceptionCase.objects.update(reason="UNAPPLIED_CASH", reference=one.reference, break_row=None, event=paid.event())
    Break.objects.all().delete()
    assert asked(paid).status == "open_exceptions"
    assert ExceptionCase.objects.count() == 1

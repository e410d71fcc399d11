"""Invoices billing has given up: a proposal, posted only after two people, and no hindrance until then."""

from decimal import Decimal

import pytest

from reconciliation import approvals
from reconciliation.models import ExceptionCase
from sync import open_items
from sync.models import Delivery
from sync.states import Condition
from tests.reconciliation.desk import approver, ask, at, case_of, finish, preparer
from tests.small_company import Company, allocation, payment, write_off


@pytest.fixture
def given_up(company: Company) -> Company:
    company.sells()
    company.bills()
    company.settles()
    company.hears(write_off(), source=company.billing)
    company.settles()
    return company


def left() -> Decimal:
    return open_items.of_invoices(["invoice:paper:in_1"])["invoice:paper:in_1"].left


def test_giving_up_is_a_proposal_and_nothing_is_sent(given_up: Company, paper) -> None:
    case = case_of("WRITE_OFF_PROPOSED")
    assert (case.team, case.amount) == ("finance", Decimal(100)) and left() == Decimal(100)
    assert [parcel.subject.kind for parcel in paper("erp").parcels] == ["customer", "invoice"]
    # also when it is said again
    given_up.hears(write_off(), source=given_up.billing)
    given_up.settles()
    assert ExceptionCase.objects.filter(status="open").count() == 1


def test_two_people_write_it_off(given_up: Company, paper) -> None:
    request = ask("approve_write_off", at(case_of("WRITE_OFF_PROPOSED")), user=preparer())
    with pytest.raises(approvals.Refused):
        approvals.approve(request.pk, user=preparer())
    run = finish(approvals.approve(request.pk, user=approver()), given_up)
    assert run.status == "done"
    row = Delivery.objects.get(kind="write_off")
    assert (row.state, row.serial_key) == ("posted", "open:invoice:paper:in_1") and left() == 0
    assert paper("erp").parcels[-1].subject.amount == Decimal("100.00")
    assert not ExceptionCase.objects.filter(status="open").exists()


def test_a_customer_may_still_pay_while_it_is_only_proposed(given_up: Company) -> None:
    given_up.hears(payment(), allocation(), source=given_up.billing)
    given_up.settles()
    assert Delivery.objects.get(kind="allocation").state == "posted"
    assert Delivery.objects.get(kind="write_off").condition == Condition.BLOCKED

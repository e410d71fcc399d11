"""Changes between two readings: terms, limit and hold in the ERP, and the method that is charged in billing."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.interface import ControlLine
from reconciliation import reconciling_items
from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from tests.paper_erp import line
from tests.reconciliation.views import desk_people
from tests.small_company import DAY, Company, customer

pytestmark = pytest.mark.django_db
BEFORE, AFTER = "terms Net 30; limit 5000.00; hold auto", "terms Net 60; limit 5000.00; hold auto"
PLACES = [("granted", "erp", "what the ERP grants"), ("payment_details", "billing", "how invoices are paid")]


def says(status: str, *, number: int = 1) -> list[ControlLine]:
    return [replace(line(customer(number).reference, "0.00", day=DAY), status=status, label=f"Customer {number}")]


@pytest.fixture
def billed(company: Company) -> Company:
    company.sells(1)
    company.bills(1)
    company.settles()
    return company


def asked(company: Company, control: str = "granted") -> ControlRun:
    return runner.run(control, entity=company.entity, business_date=DAY)


@pytest.mark.parametrize(("control", "code", "words"), PLACES)
def test_a_change_of_a_billed_customer_is_a_case_of_finance_until_two_people_accept_it(
    billed: Company, paper: Any, control: str, code: str, words: str
) -> None:
    # given a reading, and one that says something else
    paper(code).lists[control] = says(BEFORE)
    assert asked(billed, control).status == "tied"
    paper(code).lists[control] = says(AFTER)
    assert asked(billed, control).status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.customer_name) == ("MASTER_DATA_CHANGED", "finance", "Customer 1")
    assert case.value == f"{words} was “{BEFORE}” and is “{AFTER}”"
    # when nothing changes any more it is still there, and there once
    assert asked(billed, control).status == "open_exceptions"
    assert Break.objects.filter(healed_at=None).count() == ExceptionCase.objects.filter(status="open").count() == 1
    # then two people accept it
    preparer, approver = (desk_people.person(f"Finance {role}") for role in ("preparer", "approver"))
    item = reconciling_items.propose(
        Break.objects.get().pk, kind="erp_only", expected_on=None, user=preparer, because="Agreed with the customer"
    )
    reconciling_items.accept(item.pk, user=approver)
    assert asked(billed, control).status == "tied_with_items" and ExceptionCase.objects.get().status == "closed"


def test_changed_and_changed_back_are_two_changes(billed: Company, paper: Any) -> None:
    for status in (BEFORE, AFTER, BEFORE):
        paper("erp").lists["granted"] = says(status)
        asked(billed)
    assert sorted(row.right["status"] for row in Break.objects.filter(healed_at=None)) == [BEFORE, AFTER]


def test_a_new_customer_and_one_who_was_never_billed_are_in_order(billed: Company, paper: Any) -> None:
    paper("erp").lists["granted"] = says(BEFORE)
    asked(billed)
    paper("erp").lists["granted"] = [*says(BEFORE), *says(BEFORE, number=2)]
    assert asked(billed).status == "tied"
    paper("erp").lists["granted"] = [*says(BEFORE), *says(AFTER, number=2)]
    assert asked(billed).status == "tied"

"""Changes of customers who are billed: tax number, country and parent are looked at, whatever else changes is not."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.canonical import Address
from reconciliation import reconciling_items
from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from tests.reconciliation.views import desk_people
from tests.small_company import DAY, Company, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(company: Company) -> Company:
    company.sells(1)
    return company


def becomes(company: Company, version: int, **values: Any) -> None:
    company.hears(replace(customer(1), version=version, **values), revision=version)
    company.settles()


def asked(company: Company) -> ControlRun:
    return runner.run("master_data", entity=company.entity, business_date=DAY)


@pytest.fixture
def billed(sold: Company) -> Company:
    sold.bills(1)
    sold.settles()
    return sold


def test_a_customer_that_stays_as_it_is_or_only_moves_house_is_in_order(billed: Company) -> None:
    becomes(billed, 2, address=Address(country="United States", street="Second Street 2"))
    assert asked(billed).status == "tied"


def test_a_change_before_the_first_invoice_is_in_order(sold: Company) -> None:
    becomes(sold, 2, tax_id="US123456789")
    sold.bills(1)
    sold.settles()
    assert asked(sold).status == "tied"


def test_each_change_of_tax_number_country_or_parent_is_a_case_of_finance(billed: Company) -> None:
    becomes(billed, 2, tax_id="US123456789")
    assert asked(billed).status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.customer_name) == ("MASTER_DATA_CHANGED", "finance", "Customer 1")
    assert case.value == "the tax number was “empty” and is “US123456789”"
    # two at once are two
    becomes(billed, 3, tax_id="US987654321", address=Address(country="Germany"))
    asked(billed)
    assert sorted(ExceptionCase.objects.values_list("value", flat=True)) == [
        "the country was “United States” and is “Germany”",
        "the tax number was “US123456789” and is “US987654321”",
        "the tax number was “empty” and is “US123456789”",
    ]


def test_it_stands_until_two_people_accept_it(billed: Company) -> None:
    becomes(billed, 2, tax_id="US123456789")
    asked(billed)
    preparer, approver = (desk_people.person(f"Finance {role}") for role in ("preparer", "approver"))
    item = reconciling_items.propose(
        Break.objects.get().pk, kind="erp_only", expected_on=None, user=preparer, because="Their certificate is filed"
    )
    reconciling_items.accept(item.pk, user=approver)
    assert asked(billed).status == "tied_with_items"
    assert ExceptionCase.objects.get().status == "closed"

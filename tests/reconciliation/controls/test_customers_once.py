"""Customers that are there twice: by tax number, or by name at one address; families are not."""

from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import CustomerRecord
from tests.small_company import DAY, Company, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(company: Company) -> Company:
    company.hears(customer(1), customer(2))
    company.settles()
    return company


def are(number: int, **values: Any) -> None:
    row = CustomerRecord.objects.get(reference=customer(number).reference)
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def asked(company: Company) -> ControlRun:
    return runner.run("customers_once", entity=company.entity, business_date=DAY)


def test_customers_of_different_names_and_numbers_are_there_once(two: Company) -> None:
    assert asked(two).status == "tied"


def test_one_with_anothers_tax_number_is_a_case_however_the_number_is_typed(two: Company) -> None:
    are(1, tax_id="DE 123.456.789")
    are(2, tax_id="de123456789")
    assert asked(two).status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.customer_name) == ("CUSTOMER_TWICE", "sales_ops", "Customer 2")
    assert case.value == "Customer 1 has the same tax number"
    # and it is over once one of them is corrected
    are(2, tax_id="DE987654321")
    assert asked(two).status == "tied" and Break.objects.get().healed_at is not None


def test_the_same_name_at_the_same_address_is_one_and_at_another_is_none(two: Company) -> None:
    where = {"street": "High Street 1", "postal_code": "10115", "country": "DE"}
    are(1, name="Acme GmbH", address=where)
    are(2, name="ACME GmbH.", address={**where, "postal_code": "80331"})
    assert asked(two).status == "tied"
    are(2, address=where)
    assert asked(two).status == "open_exceptions"


def test_without_an_address_a_name_alone_says_nothing(two: Company) -> None:
    for number in (1, 2):
        are(number, name="Acme", address={}, tax_id="")
    assert asked(two).status == "tied"


@pytest.mark.parametrize("family", ["parent", "siblings"])
def test_a_family_may_share_a_tax_number(two: Company, family: str) -> None:
    parent = customer(1).reference
    are(1, tax_id="DE123456789", parent_reference="" if family == "parent" else "customer:paper:top")
    are(2, tax_id="DE123456789", parent_reference=parent if family == "parent" else "customer:paper:top")
    assert asked(two).status == "tied"

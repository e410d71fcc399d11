"""Accounts merged away in the CRM whose customers are ours."""

from dataclasses import replace
from typing import Any

import pytest

from reconciliation.controls import runner
from reconciliation.models import ControlRun, ExceptionCase
from tests.paper_erp import line
from tests.small_company import DAY, Company, customer

pytestmark = pytest.mark.django_db


def asked(company: Company) -> ControlRun:
    return runner.run("customer_merges", entity=company.entity, business_date=DAY)


def merged(loser: str, winner: str) -> Any:
    return replace(line(loser, "0.00", day=DAY), status=winner)


def test_a_customer_of_ours_that_lost_a_merge_is_a_case_of_finance(company: Company, paper: Any) -> None:
    company.hears(customer(1), customer(2))
    paper("crm").lists["customer_merge"] = [merged(customer(1).reference, customer(2).reference)]
    assert asked(company).status == "open_exceptions"
    case = ExceptionCase.objects.get()
    assert (case.reason, case.team, case.customer_name) == ("CUSTOMER_MERGED", "finance", "Customer 1")
    assert case.value == "it is part of “Customer 2” now"
    # restored from the bin, it is over
    paper("crm").lists["customer_merge"] = []
    assert asked(company).status == "tied" and ExceptionCase.objects.get().status == "closed"


def test_accounts_that_never_were_customers_do_not_matter(company: Company, paper: Any) -> None:
    company.hears(customer(1))
    paper("crm").lists["customer_merge"] = [merged(customer(7).reference, customer(1).reference)]
    assert asked(company).status == "tied"

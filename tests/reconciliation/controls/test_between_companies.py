"""What companies of one group owe each other, by both ledgers."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.interface import ControlLine
from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import ControlRun, ExceptionCase
from sync.models import EntityRoute, LegalEntity
from tests.paper_erp import line
from tests.small_company import DAY, FIRST_DAY, Company

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(company: Company) -> LegalEntity:
    """A second company of the same group, on an ERP of its own."""
    company.erp.settings = {"intercompany": {"DE01": ["1250"]}}
    company.erp.save()
    other = LegalEntity.objects.create(
        code="DE01", name="Other", functional_currency="EUR", country="DE", time_zone="Europe/Berlin",
        business_date=company.entity.business_date,
    )  # fmt: skip
    company.crm.settings = {"intercompany": {"US01": ["1251"]}}
    company.crm.role = "erp"
    company.crm.system = "paper_erp"
    company.crm.save()
    EntityRoute.objects.create(entity=other, role="erp", connection=company.crm, company_code="2", valid_from=FIRST_DAY)
    return other


def owed(other: str, amount: str, currency: str = "EUR") -> ControlLine:
    return replace(line(f"between:{other}:{currency}", amount, day=DAY, currency=currency), label=f"Owed by {other}")


def asked(entity: LegalEntity) -> ControlRun:
    return runner.run("between_companies", entity=entity, business_date=DAY)


def test_a_company_alone_is_not_asked(company: Company) -> None:
    assert "between_companies" not in {control.name for control in controls_of(company.entity)}


def test_what_one_is_owed_is_what_the_other_owes(company: Company, group: LegalEntity, paper: Any) -> None:
    assert "between_companies" in {control.name for control in controls_of(company.entity)}
    paper("erp").lists["between_companies"] = [owed("DE01", "120.50"), owed("DE01", "7.00", "USD")]
    paper("crm").lists["between_companies"] = [owed("US01", "-120.50"), owed("US01", "-7.00", "USD")]
    asked(group)
    assert asked(company.entity).status == "tied" and asked(group).status == "tied"


def test_a_difference_is_a_case_per_currency_with_both_figures(
    company: Company, group: LegalEntity, paper: Any
) -> None:
    paper("erp").lists["between_companies"] = [owed("DE01", "120.50"), owed("DE01", "7.00", "USD")]
    paper("crm").lists["between_companies"] = [owed("US01", "-120.00"), owed("US01", "-7.00", "USD")]
    asked(group)
    assert asked(company.entity).status == "open_exceptions"
    case = ExceptionCase.objects.get(entity=company.entity)
    assert (case.reason, case.amount, case.currency) == ("COMPANIES_DISAGREE", Decimal("0.50"), "EUR")
    assert case.value == "DE01 owes 120.50 EUR by this ledger, and 120.00 by its own"
    # what only one of them has booked is a difference too, and never netted against another currency
    paper("crm").lists["between_companies"] = [owed("US01", "-120.50")]
    asked(group)
    asked(company.entity)
    case = ExceptionCase.objects.get(entity=company.entity, status="open")
    assert (case.amount, case.currency) == (Decimal("7.00"), "USD")

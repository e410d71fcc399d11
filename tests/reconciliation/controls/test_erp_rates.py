"""The ERP's own table of rates beside the approved ones."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.interface import ControlLine
from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import ControlRun, ExceptionCase
from sync.models import LegalEntity
from tests.paper_erp import line
from tests.small_company import DAY, Company, invoice
from tests.sync.test_rates import european as european
from tests.sync.test_rates import rate

pytestmark = pytest.mark.django_db


def table(at: str, *, since: date = DAY, currency: str = "USD") -> list[ControlLine]:
    plain = line(f"rate:{currency}:EUR", "0.00", day=since, currency="EUR")
    return [replace(plain, status=f"{currency} {at}")]


@pytest.fixture
def erp(european: Company, paper: Any) -> Any:
    """A company that bills dollars at 0.92 and keeps euros, on the day after; gives the ERP's books."""
    rate(european, "0.92")
    european.hears(invoice(1), source=european.billing)
    european.settles()
    LegalEntity.objects.update(business_date=DAY + timedelta(days=1))
    paper("erp").lists["rate_table"] = table("0.92")
    return paper("erp")


def asked(company: Company) -> ControlRun:
    company.entity.refresh_from_db()
    return runner.run("erp_rates", entity=company.entity, business_date=DAY)


def test_a_company_of_one_currency_is_not_asked(company: Company) -> None:
    assert "erp_rates" not in {control.name for control in controls_of(company.entity)}


def test_the_same_rate_ties(european: Company, erp: Any) -> None:
    assert "erp_rates" in {control.name for control in controls_of(european.entity)}
    assert asked(european).status == "tied"


@pytest.mark.parametrize(
    ("at", "kinds"), [("0.9384", []), ("0.9385", ["RATE_OFF"]), ("0.9016", []), ("0.9015", ["RATE_OFF"])]
)
def test_more_than_two_percent_off_is_a_case(european: Company, erp: Any, at: str, kinds: list[str]) -> None:
    erp.lists["rate_table"] = table(at)
    asked(european)
    assert [case.reason for case in ExceptionCase.objects.all()] == kinds


def test_a_missing_and_a_stale_one_are_cases(european: Company, erp: Any) -> None:
    erp.lists["rate_table"] = []
    asked(european)
    (case,) = ExceptionCase.objects.all()
    assert (case.reason, case.value) == ("RATE_MISSING", "USD in EUR")
    erp.lists["rate_table"] = table("0.92", since=DAY - timedelta(days=3))
    assert asked(european).status == "tied"
    erp.lists["rate_table"] = table("0.92", since=DAY - timedelta(days=4))
    asked(european)
    assert ExceptionCase.objects.get(status="open").reason == "RATE_STALE"


def test_a_day_without_an_approved_rate_is_a_case(european: Company, erp: Any) -> None:
    LegalEntity.objects.update(business_date=DAY + timedelta(days=3), rate_fall_back_days=0)
    erp.lists["rate_table"] = table("0.92", since=DAY + timedelta(days=1))
    asked(european)
    assert ExceptionCase.objects.get(status="open").reason == "RATE_MISSING"


def test_currencies_nothing_is_billed_in_do_not_matter(european: Company, erp: Any) -> None:
    erp.lists["rate_table"] = [*table("0.92"), *table(format(Decimal("1.5"), "f"), currency="GBP")]
    assert asked(european).status == "tied"

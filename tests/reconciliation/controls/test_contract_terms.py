"""Versions and terms of contracts: what billing shows beside what it was brought to and what the CRM says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.canonical import AS_BEFORE
from connectors.interface import ControlLine
from reconciliation.controls import runner
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync.models import Delivery
from tests.paper_erp import line
from tests.small_company import DAY, Company, deal, deal_id

pytestmark = pytest.mark.django_db
REFERENCE, ENDS = deal(1).reference, (DAY + timedelta(days=364)).isoformat()


def says(status: str) -> list[ControlLine]:
    return [replace(line(REFERENCE, "100.00", day=DAY), status=status, external_id=deal_id(1))]


@pytest.fixture
def sold(company: Company, paper: Any) -> Company:
    """A contract of a year in its first version, the same everywhere."""
    company.sells(1)
    for code in ("crm", "billing"):
        paper(code).lists["contract_term"] = says(f"{ENDS} v1")
    return company


def asked(company: Company) -> ControlRun:
    return runner.run("contract_terms", entity=company.entity, business_date=DAY)


def found(company: Company) -> list[tuple[str, str]]:
    asked(company)
    return [(row.kind, ExceptionCase.objects.get(break_row=row).value) for row in Break.objects.filter(healed_at=None)]


def upsell(**values: Any) -> Any:
    plain = {"modification_number": 2, "modification_kind": "upsell", "record_revision": 2, "effective_on": DAY}
    kept = {"term_months": AS_BEFORE, "billing_frequency": "", "payment_terms_days": AS_BEFORE}
    return deal(1, version=2, amount="200.00", **{**plain, **kept, **values})


def test_a_contract_that_is_the_same_on_both_sides_ties(sold: Company) -> None:
    assert asked(sold).status == "tied" and not Break.objects.exists()


def test_another_last_day_is_a_case_of_billing_until_it_is_right(sold: Company, paper: Any) -> None:
    later = (DAY + timedelta(days=400)).isoformat()
    paper("billing").lists["contract_term"] = says(f"{later} v1")
    assert found(sold) == [("CONTRACT_TERM_DIFFERS", f"agreed until {ENDS}, billed until {later}")]
    assert ExceptionCase.objects.get().team == "billing_ops"
    paper("billing").lists["contract_term"] = says(f"{ENDS} v1")
    assert asked(sold).status == "tied" and ExceptionCase.objects.get().status == "closed"


def test_the_end_of_a_month_may_stand_one_day_apart(sold: Company, paper: Any) -> None:
    paper("billing").lists["contract_term"] = says(f"{(DAY + timedelta(days=365)).isoformat()} v1")
    assert asked(sold).status == "tied"


@pytest.mark.parametrize(
    ("agreed", "billed", "differs"),
    [
        ("no end", "no end", False),
        ("no end", ENDS, True),
        (ENDS, "no end", True),
        (ENDS, "ended", True),
        ("no end", "ended", True),
        (DAY.isoformat(), "ended", False),
        ("taken over", ENDS, False),
    ],
)
def test_ends_that_are_no_dates(sold: Company, paper: Any, agreed: str, billed: str, differs: bool) -> None:
    paper("crm").lists["contract_term"] = says(f"{agreed} v1")
    paper("billing").lists["contract_term"] = says(f"{billed} v1")
    assert [kind for kind, _ in found(sold)] == (["CONTRACT_TERM_DIFFERS"] if differs else [])


def test_a_change_that_billing_took_and_does_not_show_is_a_case(sold: Company, paper: Any) -> None:
    sold.hears(upsell())
    sold.settles()
    paper("crm").lists["contract_term"] = says(f"{ENDS} v2")
    assert found(sold) == [("CONTRACT_VERSION_DIFFERS", "change 2 was taken there, and it shows 1")]


def test_a_change_that_is_on_its_way_is_no_difference(sold: Company, paper: Any) -> None:
    sold.hears(upsell(effective_on=DAY + timedelta(days=30)))
    sold.settles()
    assert Delivery.objects.get(version=2, kind="contract").condition == "held"
    paper("crm").lists["contract_term"] = says(f"{ENDS} v2")
    assert asked(sold).status == "tied"


def test_a_change_in_the_crm_nobody_heard_of_is_a_case(sold: Company, paper: Any) -> None:
    paper("crm").lists["contract_term"] = says(f"{ENDS} v2")
    words = "the CRM has change 2, and change 1 is the last one we heard of"
    assert found(sold) == [("CONTRACT_VERSION_DIFFERS", words)]


def test_what_only_one_side_has_is_another_controls(sold: Company, paper: Any) -> None:
    paper("billing").lists["contract_term"] = []
    assert asked(sold).status == "tied"
    paper("billing").lists["contract_term"] = [replace(line("contract:unknown", "1.00", day=DAY), status=f"{ENDS} v9")]
    assert asked(sold).status == "tied"

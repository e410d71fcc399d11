"""The page of a change with a number that is taken: what both changes say, in full, side by side."""

import dataclasses
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.test import Client

from connectors.canonical import AS_BEFORE, Canonical, SubscriptionContract
from reconciliation import figures_versions
from reconciliation.models import ExceptionCase
from tests.reconciliation.desk import case_of
from tests.small_company import Company, customer, deal, person
from tests.sync.test_taken_numbers import FIRST, LATE, by
from tests.sync.test_versions import change

#: how it came here and what we made of it: nothing the seller says
OURS = {field.name for field in dataclasses.fields(Canonical)} - {"currency"} | {
    "master_reference", "parts", "record_revision", "backdating", "continues_reference", "lines",
}  # fmt: skip


def taken(company: Company) -> ExceptionCase:
    """A contract whose second change is live, and a cheaper one of three months and two products with its number."""
    company.hears(customer(1))
    company.hears(change(1, 1), by(FIRST, 2, "150.00", po_number="PO-7"))
    company.settles()
    plain = by(LATE, 2, "1200.50", payment_terms_days=AS_BEFORE)
    (line,) = plain.lines
    more = replace(
        line, line_id="2", crm_product="Extra", quantity=Decimal(2), unit_price=Decimal("600.25"), own_dates=True,
        starts_on=date(2026, 6, 1), ends_on=date(2026, 8, 31), list_amount=Decimal("1300.00"),
        ship_to_reference=f"customer:{customer(1).crm_account_id}",
    )  # fmt: skip
    company.hears(replace(plain, lines=(line, more)))
    return case_of("STALE_VERSION")


def rows(case: ExceptionCase) -> dict[str, tuple[str, str, bool]]:
    (both,) = figures_versions.beside(case)
    return {cell.label: (cell.left, cell.right, cell.differs) for cell in both.cells}


def test_both_changes_are_shown_field_by_field_and_line_by_line(company: Company) -> None:
    found = rows(taken(company))
    assert found["Opportunity"] == (FIRST, LATE, True)
    assert found["Number of the change"] == ("2", "2", False)
    assert found["Kind of change"] == ("Amendment", "Amendment", False)
    assert found["Amount"] == ("USD 150.00", "USD 1,200.50", True)
    assert found["Purchase order"] == ("PO-7", "not there", True)
    assert found["Payment terms"] == ("30 days", "as before", True)
    assert found["Starts on"] == ("13 May 2026", "13 May 2026", False)
    year = "list price USD 0.00, 13 May 2026 to 12 May 2027"
    assert found["Basic"] == (f"1 × 150.00 = USD 150.00, {year}", f"1 × 1,200.50 = USD 1,200.50, {year}", True)
    assert found["Extra"] == (
        "not there",
        "2 × 600.25 = USD 1,200.50, list price USD 1,300.00, 01 Jun 2026 to 31 Aug 2026 (dates of its own),"
        f" used by Customer 1 ({customer(1).crm_account_id})",
        True,
    )


def test_nothing_a_seller_says_in_a_change_is_left_out() -> None:
    said = {field.name for field in dataclasses.fields(SubscriptionContract)} - OURS - {"currency"}
    assert said <= set(figures_versions.FIELDS)
    # and each of them changes what is shown
    plain: dict[str, Any] = {"currency": "USD", "amount": "1.00"}
    for name in said - {"amount", "commitment"}:
        _, told = figures_versions.FIELDS[name]
        other = date(2026, 7, 1).isoformat() if name.endswith("_on") else 7
        if name in ("removes",):
            other = ["7"]  # type: ignore[assignment]
        if name.endswith("_reference") or name in ("modification_kind", "billing_frequency", "name"):
            other = "seven"
        assert told({**plain, name: other}, {}) != told(plain, {}), name


def test_the_page_shows_both_and_offers_to_keep_what_was_signed(company: Company) -> None:
    case = taken(company)
    client = Client()
    client.force_login(person("sales.ops", "Sales operations"))
    page = client.get(f"/x/{case.number}")
    text = page.content.decode()
    assert page.status_code == 200 and "What both changes say" in text
    assert f"Has the number: {FIRST}" in text and f"Came late: {LATE}" in text
    assert "USD 150.00" in text and "USD 1,200.50" in text and "PO-7" in text
    assert "A change came late with a number that another change of the contract has" in text
    assert "Keep what was signed" in text


def test_other_cases_have_no_such_part(company: Company) -> None:
    company.sells(1)
    company.hears(replace(deal(1), record_revision=2, amount=Decimal("90.00")))
    assert figures_versions.beside(case_of("DEAL_CHANGED_AFTER_BILLING")) == []

"""A day is signed by two people and suspended by what comes late; a month is closed by two people."""

from collections.abc import Callable
from datetime import date

from django.db import transaction
from playwright.sync_api import Page, expect

from reconciliation.controls import runner
from reconciliation.controls.registry import controls_of
from reconciliation.models import SignOff
from sync.models import EntityRoute, LegalEntity
from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_tables_journey import looked_at
from tests.paper_erp import Books, line
from tests.small_company import DAY, Company, invoice

IN1, IN2 = invoice(1).reference, invoice(2).reference
ONE = f"/sign-off/invoices/US01/{DAY}/{DAY}"
#: the last two days of a month, whose controls ran, and the day after
FIRST, LAST, AFTER = date(2026, 5, 30), date(2026, 5, 31), date(2026, 6, 1)


def run(company: Company) -> None:
    runner.run("invoices", entity=company.entity, business_date=DAY)


def prepared(page: Page, path: str) -> None:
    opened(page, path)
    page.get_by_role("button", name="Prepare for review").click()
    expect(page.get_by_text("Prepared. Another person reviews and signs it.")).to_be_visible()


def signed(page: Page, path: str) -> None:
    opened(page, path)
    page.get_by_role("button", name="Review and sign").click()
    expect(page.get_by_text("Reviewed and signed by")).to_be_visible()


def test_a_day_is_signed_by_two_and_late_data_suspends_it(
    windows: Windows, committed_company: Company, paper: Callable[[str], Books]
) -> None:
    # given a day on which both sides agree
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY)]
    run(committed_company)
    preparer, approver = windows.of("Finance preparer"), windows.of("Finance approver")
    opened(preparer, f"/sign-off/?month={DAY:%Y-%m}")
    looked_at(preparer, "sign-offs")
    opened(preparer, ONE)
    looked_at(preparer, "sign-off-open")
    # when one prepares it and another signs it
    prepared(preparer, ONE)
    looked_at(preparer, "sign-off-own")
    opened(approver, ONE)
    looked_at(approver, "sign-off-review")
    signed(approver, ONE)
    looked_at(approver, "sign-off-signed")
    # then an invoice of that day comes late
    for code in ("billing", "erp"):
        paper(code).lists["invoice"].append(line(IN2, "70.00", day=DAY))
    run(committed_company)
    for page in (opened(approver, ONE), opened(windows.of("Auditor", width=375, scheme="dark"), ONE)):
        banner = page.locator(".b-banner")
        expect(banner).to_contain_text("Suspended.")
        expect(banner).to_contain_text("It was signed by Finance preparer and Finance approver")
        expect(banner).to_contain_text("1 document over USD 100.00 before, 2 documents over USD 170.00 now")
        looked_at(page, "sign-off-suspended")


def test_a_month_is_closed_by_two_people(windows: Windows, committed_company: Company) -> None:
    # given a month that is over, and controls that ran on each of its days
    company = committed_company
    company.period("open")
    with transaction.atomic():
        EntityRoute.objects.update(valid_from=FIRST)
        LegalEntity.objects.update(business_date=AFTER)
    company.entity.refresh_from_db()
    runner.run_due()
    preparer, approver = windows.of("Finance preparer"), windows.of("Finance approver")
    card = "#close-US01-2026-05-01"
    opened(preparer, "/close/?entity=US01")
    preparer.locator(card).get_by_role("button", name="Begin to close").click()
    expect(preparer.get_by_text("May 2026 of US01 is closing")).to_be_visible()
    # when nothing is signed, it cannot be closed
    opened(approver, "/close/?entity=US01")
    expect(approver.locator(card).get_by_role("button", name="Close the period")).to_be_disabled()
    looked_at(approver, "close-unsigned")
    for control in controls_of(company.entity):
        if control.is_key:
            path = f"/sign-off/{control.name}/US01/2026-05-01/{LAST}"
            prepared(preparer, path)
            signed(approver, path)
    opened(approver, "/sign-off/?entity=US01&month=2026-05")
    looked_at(approver, "sign-offs-all")
    # then the one who did not begin it closes it
    opened(preparer, "/close/?entity=US01")
    expect(preparer.locator(card).get_by_role("button", name="Close the period")).to_be_disabled()
    opened(approver, "/close/?entity=US01")
    looked_at(approver, "close-ready")
    approver.locator(card).get_by_role("button", name="Close the period").click()
    expect(approver.get_by_text("May 2026 of US01 is closed.")).to_be_visible()
    assert company.entity.periods.get(starts_on="2026-05-01").state == "closed"
    assert set(SignOff.objects.values_list("status", flat=True)) == {"signed"}

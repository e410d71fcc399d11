"""An invoice the ERP holds in two parts is put together by one person, with keys alone, and approved by another."""

from collections.abc import Callable

from playwright.sync_api import expect

from reconciliation.models import Match
from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_tables_journey import looked_at
from tests.paper_erp import Books
from tests.reconciliation.test_matching_passes import By, ask, document, rule, show
from tests.small_company import DAY, Company

PAGE = "/controls/invoices/US01/match"


def test_two_people_match_by_hand(windows: Windows, committed_company: Company, paper: Callable[[str], Books]) -> None:
    company = committed_company
    show(paper("billing"), document("INV-1", "100.00"), document("INV-2", "55.10", customer="Borealis"))
    show(
        paper("erp"),
        document("CINV-7", "60.00", customer="Alpine AG"),
        document("CINV-8", "40.00", customer="Alpine AG"),
        document("CINV-9", "55.10", customer="Borealis"),
    )
    rule(company, By.CUSTOMER_AMOUNT, does="suggest")
    ask(company)
    preparer, approver = windows.of("Finance preparer"), windows.of("Finance approver")
    opened(preparer, PAGE)
    looked_at(preparer, "matcher")
    # chosen with the space bar; the sum follows
    said = preparer.locator("[data-sum-text]")
    for name, words in (
        ("INV-1", "1 document chosen: USD 100.00 left over."),
        ("CINV-7", "2 documents chosen: USD 40.00 left over."),
        ("CINV-8", "3 documents chosen: both sides come to the same."),
    ):
        preparer.get_by_role("checkbox", name=name, exact=False).first.focus()
        preparer.keyboard.press("Space")
        expect(said).to_have_text(words)
    looked_at(preparer, "matcher-chosen")
    preparer.get_by_label("Why do they belong together?").fill("Posted in two parts")
    preparer.keyboard.press("Tab")
    preparer.keyboard.press("Enter")
    expect(preparer.get_by_text("waits for another person.")).to_be_visible()
    looked_at(preparer, "matcher-own")
    # another person approves, and the breaks are gone
    opened(approver, PAGE)
    looked_at(approver, "matcher-approve")
    approver.get_by_role("button", name="Approve the match").click()
    expect(approver.get_by_text("is matched. The control was compared again")).to_be_visible()
    assert Match.objects.filter(status="in_force", by="people").count() == 1
    expect(approver.get_by_role("heading", name="Matched without a common reference")).to_be_visible()
    looked_at(opened(windows.of("Auditor", width=375, scheme="dark"), PAGE), "matcher-narrow")


def test_two_people_accept_a_cent(windows: Windows, committed_company: Company, paper: Callable[[str], Books]) -> None:
    show(paper("billing"), document("INV-1", "100.00"))
    show(paper("erp"), document("INV-1", "99.99"))
    ask(committed_company)
    page, other = windows.of("Finance preparer"), windows.of("Finance approver", width=375, scheme="dark")
    opened(page, f"/controls/invoices/US01/{DAY}")
    page.get_by_text("Say what it is").click()
    page.get_by_label("Kind of difference").select_option("Rounding")
    page.get_by_label("Why it may stand").fill("A cent of tax, rounded line by line")
    looked_at(page, "item-propose")
    page.get_by_role("button", name="Propose as a reconciling item").click()
    expect(page.get_by_text("waits for another person.")).to_be_visible()
    opened(other, "/approvals/")
    looked_at(other, "item-approvals")
    other.get_by_role("link", name="ITM-").click()
    looked_at(other, "item-decide")
    other.get_by_role("button", name="Accept the item").click()
    expect(
        other.get_by_text("is accepted. The control was compared again: tied, with explained items.")
    ).to_be_visible()

"""The five jobs people come for, each done with a mouse, with the keyboard alone, and on a phone 320 pixels wide."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from reconciliation.controls import runner
from reconciliation.models import ApprovalRequest, ExceptionCase, FixRun, SignOff
from sync.models import ConnectionHealth, ProductMapping
from tests.browser.conftest import Windows
from tests.browser.hands import HANDS, Mouse
from tests.paper_erp import Books, line
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told
from tests.small_company import DAY, Company, invoice

#: in every run by the keyboard alone; other journeys are by mouse and on a phone, these too are in `make e2e`
pytestmark = pytest.mark.parametrize(
    "way",
    [pytest.param(way, id=name, marks=[] if name == "keyboard" else [pytest.mark.slow]) for name, way in HANDS.items()],
)
WHY = "Why (the approver reads this)"


def test_the_first_case_of_the_day_is_taken_and_put_off(
    windows: Windows, company_story: told.Story, way: type[Mouse]
) -> None:
    # given somebody of billing operations who begins the day
    hand = way(windows, "Billing operations")
    page = hand.page
    hand.goes_to("/admin/")
    # when the queue is opened, and in it the one case of a product nobody knows
    hand.presses(page.get_by_role("link", name=re.compile("Open the queue|Show all")).first)
    hand.presses(page.get_by_role("main").get_by_role("link", name=re.compile("GTXPro")).first)
    case = desk_people.product_case()
    expect(page).to_have_url(re.compile(rf"/x/{case.number}$"))
    # and it is taken, a note is left, and it is put off until tomorrow with a reason
    hand.presses(page.get_by_role("button", name="Take this case"))
    expect(page.get_by_text("is yours for the next")).to_be_visible()
    hand.writes(page.get_by_label("Comment", exact=True), "Asked the seller which product it is")
    hand.presses(page.get_by_role("button", name="Save comment"))
    expect(page.get_by_role("main")).to_contain_text("Asked the seller which product it is")
    hand.presses(page.locator("summary").filter(has_text="Put off"))
    hand.writes(page.get_by_label("Why it can wait"), "The seller answers tomorrow")
    hand.presses(page.get_by_role("button", name="Put off"))
    # then it is off the queue, still owned, and says until when and why
    expect(page.get_by_text("is off the queue until")).to_be_visible()
    expect(page.locator("#put-off")).to_contain_text("The seller answers tomorrow")
    case.refresh_from_db()
    assert (case.status, case.team) == (ExceptionCase.Status.OPEN, "billing_ops")
    # and a second thought takes no more than a press
    hand.presses(page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("Reversed: ").first).to_be_visible()
    expect(page.locator("#put-off")).to_have_count(0)


def test_a_product_is_mapped_once_and_its_deal_goes_on(
    windows: Windows, company_story: told.Story, way: type[Mouse]
) -> None:
    # given a product nobody mapped
    owner, approver = way(windows, "Billing operations"), way(windows, "Finance approver")
    owner.goes_to(f"/p/{desk_people.product_problem().number}")
    # when the owner says which it is, looks at what that will do, and asks
    owner.dates(owner.page.get_by_label(re.compile("Valid from")), 2026, 5, 1)
    owner.presses(owner.page.get_by_role("button", name="Preview: what will this do?"))
    preview = owner.page.locator("#preview")
    expect(preview).to_be_focused()
    owner.writes(preview.get_by_label(WHY), "The CRM writes it in one word")
    owner.presses(preview.get_by_role("button", name="Ask for approval"))
    expect(owner.page).to_have_url(re.compile(r"/approvals/APR-\d+$"))
    # and the approver finds the request and approves it
    approver.goes_to("/approvals/")
    approver.presses(approver.page.get_by_role("table", name="Requests you can decide").get_by_role("link").first)
    approver.presses(approver.page.get_by_role("button", name="Approve"))
    expect(approver.page).to_have_url(re.compile(r"/runs/\d+$"))
    # then the deal goes on, and the case is over
    desk_people.finish(FixRun.objects.get())
    expect(approver.page.get_by_text("1 of 1 finished")).to_be_visible()
    assert ProductMapping.objects.filter(crm_product="GTXPro", status="approved").exists()
    owner.goes_to("/queue/")
    expect(owner.page.get_by_role("main")).not_to_contain_text("GTXPro")


def test_an_invoice_is_posted_again_with_a_second_pair_of_eyes(
    windows: Windows, lost_invoice: Callable[[], str], way: type[Mouse]
) -> None:
    # given an invoice that is gone from the ERP
    path = lost_invoice()
    preparer, approver = way(windows, "Finance preparer"), way(windows, "Finance approver")
    preparer.goes_to(path)
    # when finance looks at both sides and asks to post it again
    expect(preparer.page.get_by_role("table", name="Values of the document in both systems")).to_be_visible()
    preparer.presses(preparer.page.get_by_role("button", name="Preview: what will this do?"))
    preview = preparer.page.locator("#preview")
    expect(preview).to_be_focused()
    preparer.writes(preview.get_by_label(WHY), "It was deleted by hand")
    preparer.presses(preview.get_by_role("button", name="Ask for approval"))
    # then the asker cannot decide
    expect(preparer.page.get_by_role("main")).to_contain_text("You asked for this; another approver must decide.")
    expect(preparer.page.get_by_role("button", name="Approve")).to_be_disabled()
    # when the approver reads why, and approves
    approver.goes_to("/approvals/")
    approver.presses(approver.page.get_by_role("table", name="Requests you can decide").get_by_role("link").first)
    expect(approver.page.get_by_role("main")).to_contain_text("It was deleted by hand")
    approver.presses(approver.page.get_by_role("button", name="Approve"))
    # then it runs
    expect(approver.page).to_have_url(re.compile(r"/runs/\d+$"))
    asked = ApprovalRequest.objects.get()
    assert (asked.status, asked.decided_by) == ("approved", windows.people["Finance approver"])


def test_a_day_is_prepared_by_one_and_signed_by_another(
    windows: Windows, committed_company: Company, paper: Callable[[str], Books], way: type[Mouse]
) -> None:
    # given a day on which both sides agree
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(invoice(1).reference, "100.00", day=DAY)]
    runner.run("invoices", entity=committed_company.entity, business_date=DAY)
    preparer, approver = way(windows, "Finance preparer"), way(windows, "Finance approver")
    of_the_day = f"/sign-off/invoices/US01/{DAY}/{DAY}"
    # when one looks at the day on the board and prepares it
    preparer.goes_to("/controls/")
    preparer.presses(preparer.page.locator(f'main a[href*="/controls/invoices/US01/{DAY}"]').first)
    expect(preparer.page.get_by_role("main")).to_contain_text("USD 100.00")
    preparer.presses(preparer.page.get_by_role("main").locator(f'a[href*="{of_the_day}"]').first)
    preparer.presses(preparer.page.get_by_role("button", name="Prepare for review"))
    expect(preparer.page.get_by_text("Prepared. Another person reviews and signs it.")).to_be_visible()
    # then that one cannot sign it, and another can
    expect(preparer.page.get_by_role("button", name="Review and sign")).to_have_count(0)
    approver.goes_to(of_the_day)
    approver.presses(approver.page.get_by_role("button", name="Review and sign"))
    expect(approver.page.get_by_text("Reviewed and signed by")).to_be_visible()
    row = SignOff.objects.get()
    assert (row.status, row.prepared_by, row.reviewed_by) == (
        "signed",
        windows.people["Finance preparer"],
        windows.people["Finance approver"],
    )


def test_a_system_is_paused_a_deal_is_traced_and_it_goes_on(
    windows: Windows, company_story: told.Story, way: type[Mouse]
) -> None:
    # given integration support, who hears that the ERP is being upgraded
    hand = way(windows, "Integration support")
    page = hand.page
    hand.goes_to("/connections/")
    card = page.get_by_role("region", name="NetSuite", exact=True)
    # when the connection is paused with a reason
    hand.presses(card.locator("summary").filter(has_text="Pause"))
    hand.writes(card.get_by_label("Why? The next person reads it."), "The ERP is being upgraded")
    hand.presses(card.get_by_role("button", name="Pause NetSuite"))
    expect(card.locator(".b-banner")).to_contain_text("The ERP is being upgraded")
    # and somebody asks what became of an invoice
    hand.goes_to("/find")
    hand.writes(page.get_by_label("Id, number or customer name"), "ABC-0001")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/t/deal:{told.PAID}$"))
    hand.looks()
    expect(page.get_by_role("main")).to_contain_text("Where it stands:")
    hand.presses(page.get_by_role("navigation", name="Views of this trail").get_by_role("link", name="Full"))
    expect(page.locator(".b-moments")).to_be_visible()
    # then the connection is let go on
    hand.goes_to("/connections/")
    hand.presses(card.get_by_role("button", name="Resume NetSuite"))
    expect(card.locator(".b-banner")).to_contain_text("Works")
    assert ConnectionHealth.objects.get(connection=company_story.netsuite).paused_at is None

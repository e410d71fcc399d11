"""From home to an empty queue: billing operations ask, a finance approver approves, the engine carries."""

import re
from typing import Any

from django.db import transaction
from playwright.sync_api import Page, expect

from reconciliation.fixes import runner
from reconciliation.models import FixRun
from sync.models import WorkItem
from tests.browser.conftest import Windows
from tests.reconciliation.views import desk_people
from tests.small_company import Company, customer, deal


def _three_deals_of_an_unknown_product(company: Company) -> None:
    company.map_product("GTX Pro", name="GTX Pro", price="4821")
    with transaction.atomic():
        company.hears(customer(1))
    company.settles()
    with transaction.atomic():
        company.hears(*(deal(number, amount="4821.00", product="GTXPro") for number in (1, 2, 3)))


def _run_to_its_end(company: Company) -> None:
    """What the worker does."""
    run = FixRun.objects.get()
    for _ in range(20):
        if runner.advance(run.pk):
            return
        company.settles()
    raise AssertionError(f"the run did not end: {run.status}")


def _sign_in(page: Page, role: str) -> None:
    user = desk_people.person(role)
    page.goto("/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill("demo-demo-demo")
    page.get_by_role("button", name="Log in").click()


def test_a_product_is_mapped_by_two_people_and_the_queue_is_empty_afterwards(
    windows: Windows, committed_company: Company, machine: Any
) -> None:
    # given three deals that stopped for one product, and two people
    _three_deals_of_an_unknown_product(committed_company)
    assert WorkItem.objects.filter(condition="blocked").count() == 3
    owner, approver = windows.stranger(), windows.of("Finance approver")
    # when the owner goes from home to the queue to the problem
    _sign_in(owner, "Billing operations")
    expect(owner.get_by_role("heading", level=1)).to_be_visible()
    expect(owner.locator(".q-figures")).to_contain_text("USD 14,463.00")
    owner.get_by_role("link", name=re.compile("Open the queue|Show all")).click()
    expect(owner).to_have_url(re.compile("/queue/"))
    row = owner.get_by_role("row").filter(has_text="GTXPro")
    expect(row).to_contain_text("USD 14,463.00")
    row.get_by_role("link").first.click()
    expect(owner).to_have_url(re.compile(r"/p/PRB-\d+$"))
    # and looks at what the mapping will do
    expect(owner.get_by_label("“GTXPro” is")).to_have_value("GTX Pro")
    owner.get_by_label(re.compile("Valid from")).fill("2026-05-01")
    owner.get_by_role("button", name="Preview: what will this do?").click()
    preview = owner.locator("#preview")
    expect(preview).to_be_focused()
    expect(preview).to_contain_text("3 cases")
    expect(preview).to_contain_text("USD 14,463.00")
    expect(preview).to_contain_text(re.compile("Valid from.*2026", re.DOTALL))
    # and asks with a reason
    preview.get_by_label("Why (the approver reads this)").fill("The CRM writes GTX Pro in one word")
    preview.get_by_role("button", name="Ask for approval").click()
    # then the owner reads why somebody else must decide, and cannot press it
    expect(owner).to_have_url(re.compile(r"/approvals/APR-\d+$"))
    expect(owner.get_by_role("main")).to_contain_text("You asked for this; another approver must decide.")
    expect(owner.get_by_role("button", name="Approve")).to_be_disabled()
    # when the approver reads the request and approves
    approver.goto("/approvals/")
    waiting = approver.get_by_role("table", name="Requests you can decide")
    expect(waiting).to_contain_text("USD 14,463.00")
    waiting.get_by_role("link").first.click()
    page = approver.get_by_role("main")
    expect(page).to_contain_text("The CRM writes GTX Pro in one word")
    expect(page.locator(".q-preview")).to_contain_text("3 cases")
    approver.get_by_role("button", name="Approve").click()
    # then the run shows itself, and ends when the engine has carried all three
    expect(approver).to_have_url(re.compile(r"/runs/\d+$"))
    expect(approver.get_by_text("0 of 3 finished")).to_be_visible()
    _run_to_its_end(committed_company)
    expect(approver.get_by_text("3 of 3 finished")).to_be_visible()
    expect(approver.locator("#progress[hx-get]")).to_have_count(0)
    # and the queue is empty and says so
    owner.goto("/queue/")
    expect(owner.get_by_role("main")).to_contain_text("All clear")
    expect(owner.get_by_role("main")).to_contain_text("No open cases.")
    assert not WorkItem.objects.exclude(condition="settled").exists()


def test_two_presses_make_one_request(windows: Windows, company_story: Any) -> None:
    from reconciliation.models import ApprovalRequest

    # given a preview with a reason
    page = windows.of("Billing operations")
    page.goto(f"/p/{desk_people.product_problem().number}")
    page.get_by_role("button", name="Preview: what will this do?").click()
    page.get_by_label("Why (the approver reads this)").fill("It is GTX Pro")
    # when the button is pressed twice in a row
    page.get_by_role("button", name="Ask for approval").dblclick(no_wait_after=True)
    expect(page).to_have_url(re.compile(r"/approvals/APR-\d+$"))
    # then there is one request
    assert ApprovalRequest.objects.count() == 1

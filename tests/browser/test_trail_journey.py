"""From any id to the trail of its deal, in three views."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.reconciliation.views import story as told


def test_an_invoice_number_leads_to_the_trail_of_its_deal_in_three_views(
    windows: Windows, company_story: told.Story
) -> None:
    # given a deal that went all the way to cash
    page = windows.of("Finance preparer")
    # when its invoice number is typed into the search
    page.goto("/find")
    expect(page.get_by_label("Id, number or customer name")).to_be_focused()
    page.keyboard.type("ABC-0001")
    page.keyboard.press("Enter")
    # then its trail opens, compact: the chain without the timeline
    expect(page).to_have_url(re.compile(f"/t/deal:{told.PAID}$"))
    expect(page.get_by_role("main")).to_contain_text("Where it stands:")
    views = page.get_by_role("navigation", name="Views of this trail")
    stations = page.get_by_role("heading", level=3)
    expect(views.get_by_role("link", name="Compact")).to_have_attribute("aria-current", "page")
    assert stations.count() >= 7
    expect(page.get_by_role("heading", name="Timeline")).to_have_count(0)
    # when the timeline is chosen, then moments stand there in place of the chain
    views.get_by_role("link", name="Timeline").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.locator(".b-moments > li").first).to_contain_text("Salesforce called us")
    expect(page.locator(".b-chain")).to_have_count(0)
    # when everything is chosen, then both
    views.get_by_role("link", name="Full").click()
    expect(page.locator(".b-chain")).to_be_visible()
    expect(page.locator(".b-moments")).to_be_visible()
    # and what the portal writes in its own codes stays closed
    for box in page.locator("main details").all():
        assert box.get_attribute("open") is None


def test_what_nobody_knows_is_said_in_words(windows: Windows, company_story: told.Story) -> None:
    page = windows.of("Finance preparer")
    page.goto("/find?q=in_nothing")
    expect(page.get_by_role("heading", name=re.compile("Nothing found"))).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Check the spelling")


def test_the_box_in_the_header_finds_a_case(windows: Windows, company_story: told.Story) -> None:
    page = windows.of("Billing operations")
    page.goto("/controls/")
    page.get_by_label("Search cases: number, customer, invoice, id").fill("Bioholding")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/queue/\?q=Bioholding"))
    expect(page.get_by_role("main")).to_contain_text("Philipines")

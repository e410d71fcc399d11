"""Ctrl+K: going anywhere and pressing what the page offers, by keyboard, on a phone, and when the portal is silent."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from reconciliation.models import ExceptionCase
from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_axe import barriers
from tests.browser.test_tables_journey import looked_at
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


def asked_for(page: Page, text: str = "") -> Locator:
    """The dialog, open, with this typed and the answer to it there."""
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Go to")
    expect(dialog.get_by_role("combobox")).to_be_focused()
    expect(dialog.get_by_role("status")).not_to_contain_text("Looking")
    if text:
        with page.expect_response(lambda answer: "/palette?q=" in answer.url):
            page.keyboard.type(text)
    return dialog


def chosen(dialog: Locator) -> Locator:
    """The choice Enter would open: the one the field says is active."""
    found = dialog.get_by_role("option", selected=True)
    expect(found).to_have_count(1)
    expect(dialog.get_by_role("combobox")).to_have_attribute(
        "aria-activedescendant", found.get_attribute("id") or "none"
    )
    return found


def test_a_case_is_reached_by_its_number_before_the_answer_is_there(
    windows: Windows, company_story: told.Story
) -> None:
    number = desk_people.product_case().number
    page = opened(windows.of("Billing operations"), "/queue/")
    asked_for(page)
    # Enter is pressed at once, as fast hands do
    page.keyboard.type(number.lower())
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/x/{number}$"))


def test_arrows_move_and_the_focus_goes_back(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Billing operations"), "/queue/")
    opener = page.get_by_role("button", name="Go to anything")
    opener.click()
    dialog = page.get_by_role("dialog", name="Go to")
    expect(dialog.get_by_role("status")).to_contain_text(re.compile(r"^\d+ choices"))
    looked_at(page, "palette")
    expect(chosen(dialog)).to_contain_text("My work")
    page.keyboard.press("ArrowDown")
    expect(chosen(dialog)).to_contain_text("Queue")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(chosen(dialog)).to_contain_text("Back from being put off")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    # from inside a field as well, and a second time closes it
    page.locator("#f-q").click()
    asked_for(page, "appro")
    expect(chosen(dialog)).to_contain_text("Approvals")
    page.keyboard.press("Control+k")
    expect(dialog).to_be_hidden()
    expect(page.locator("#f-q")).to_be_focused()


def test_closed_and_opened_again_in_one_breath_it_still_answers(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Billing operations"), "/queue/")
    dialog = asked_for(page)
    # the browser's word of the closing comes after both keys
    page.evaluate("""() => {
        document.querySelector("#palette").close();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }));
    }""")
    expect(dialog.get_by_role("status")).to_contain_text(re.compile(r"^\d+ choices"))


def test_a_case_offers_what_its_page_offers(windows: Windows, lost_invoice: Callable[[], str]) -> None:
    path = lost_invoice()
    page = opened(windows.of("Finance preparer"), path)
    dialog = asked_for(page)
    for name in ("Take the case", "Put the case off", "Preview the fix", "Write a comment"):
        expect(dialog.get_by_role("group", name="On this page")).to_contain_text(name)
    looked_at(page, "palette-case")
    page.keyboard.press("Escape")
    asked_for(page, "comm")
    page.keyboard.press("Enter")
    expect(page.locator("#comment")).to_be_focused()
    asked_for(page, "put off")
    expect(chosen(dialog)).to_contain_text("Put the case off")
    page.keyboard.press("Enter")
    expect(page.locator("#until")).to_be_focused()
    asked_for(page, "preview")
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_be_focused()
    asked_for(page, "take")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is yours for the next")).to_be_visible()
    # somebody who only looks is offered none of it
    auditor = opened(windows.of("Auditor"), path)
    mine = asked_for(auditor)
    expect(mine.get_by_role("group", name="On this page")).not_to_contain_text(re.compile("Take|Put|Preview|Write"))
    assert ExceptionCase.objects.filter(assignee__isnull=False).count() == 1


def test_what_nobody_knows_and_a_silent_portal_are_said_in_words(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Auditor"), "/queue/")
    dialog = asked_for(page, "no such thing")
    expect(dialog.get_by_role("status")).to_contain_text("Nothing goes by “no such thing” itself")
    expect(chosen(dialog)).to_contain_text("Search the queue")
    looked_at(page, "palette-nothing")
    page.route("**/palette?q=*", lambda route: route.abort())
    dialog.get_by_role("combobox").fill("queue")
    expect(dialog.get_by_role("status")).to_contain_text("The portal did not answer")
    looked_at(page, "palette-silent")
    page.unroute("**/palette?q=*")
    dialog.get_by_role("button", name="Ask again").click()
    expect(chosen(dialog)).to_contain_text("Queue")
    # and somebody whose session ended meanwhile
    page.context.clear_cookies()
    dialog.get_by_role("combobox").fill("controls")
    expect(dialog.get_by_role("status")).to_contain_text("You are signed out")


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (1280, "dark")])
def test_it_fits_a_phone_and_stands_in_nobodys_way(
    windows: Windows, company_story: told.Story, width: int, scheme: Any
) -> None:
    page = opened(windows.of("Billing operations", width=width, scheme=scheme), "/queue/")
    page.get_by_role("button", name="Go to anything").click()
    dialog = page.get_by_role("dialog", name="Go to")
    expect(dialog.get_by_role("option").first).to_be_visible()
    assert barriers(page, scheme="light") == []
    dialog.get_by_role("combobox").fill("Cancity")
    expect(chosen(dialog)).to_contain_text("Customer Cancity")
    looked_at(page, f"palette-{scheme}")
    assert barriers(page, scheme="light") == []
    chosen(dialog).click()
    expect(page).to_have_url(re.compile(r"/t/customer:"))


def test_it_is_the_same_on_record_pages(windows: Windows, company_story: told.Story) -> None:
    page = windows.of("Auditor")
    page.goto("/admin/sync/customerrecord/")
    dialog = asked_for(page, "controls")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/controls/$"))
    expect(dialog).to_be_hidden()

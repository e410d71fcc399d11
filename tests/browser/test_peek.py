"""A case beside the queue: opened by a button or a key, read, closed, and what happens when it cannot be shown."""

import re
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_axe import barriers
from tests.browser.test_tables_journey import looked_at
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


@pytest.fixture
def queue(windows: Windows, company_story: told.Story) -> Page:
    """Two cases, one by one."""
    return opened(windows.of("Billing operations"), "/queue/?view=cases")


def test_a_case_is_read_beside_the_queue_by_keys(queue: Page) -> None:
    rows, pane = queue.locator("main .q-row-link"), queue.get_by_role("region", name="Preview of a case")
    queue.keyboard.press("j")
    queue.keyboard.press("v")
    expect(pane.get_by_role("heading", level=2)).to_be_focused()
    for question in ("What happened", "Why", "What it holds up", "Who owns it", "How we check it worked"):
        expect(pane.get_by_text(question, exact=True)).to_be_visible()
    looked_at(queue, "peek")
    # from within the pane the keys go on from the row that is shown
    first = pane.get_by_role("heading", level=2).text_content()
    queue.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    queue.keyboard.press("v")
    expect(pane.get_by_role("heading", level=2)).not_to_have_text(first or "")
    expect(pane.get_by_role("heading", level=2)).to_be_focused()
    queue.keyboard.press("Escape")
    expect(pane).to_be_hidden()
    expect(rows.nth(1)).to_be_focused()
    queue.keyboard.press("v")
    expect(pane.get_by_role("heading", level=2)).to_be_focused()
    queue.keyboard.press("o")
    expect(queue).to_have_url(re.compile(r"/x/EXC-\d+$"))


def test_the_button_opens_it_and_has_the_focus_back(queue: Page) -> None:
    number = desk_people.product_case().number
    button, pane = (
        queue.get_by_role("button", name=f"Preview {number}"),
        queue.get_by_role("region", name="Preview of a case"),
    )
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(pane).to_contain_text("Product has no billing plan: GTXPro")
    expect(button).to_have_attribute("aria-expanded", "true")
    pane.get_by_role("button", name="Close the preview").click()
    expect(pane).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    pane.get_by_role("link", name="Open the case").click()
    expect(queue).to_have_url(re.compile(rf"/x/{number}$"))


def test_what_cannot_be_shown_is_said_in_the_pane(queue: Page) -> None:
    button, pane = (
        queue.locator("[data-peek]").first,
        queue.get_by_role("region", name="Preview of a case"),
    )
    queue.route("**/peek", lambda route: route.abort())
    button.click()
    expect(pane.get_by_role("alert")).to_contain_text("could not be shown just now")
    queue.unroute("**/peek")
    queue.keyboard.press("Escape")
    expect(button).to_be_focused()
    button.evaluate("(one) => { one.dataset.peek = '/x/EXC-987654/peek' }")
    button.click()
    expect(pane.get_by_role("alert")).to_contain_text("This case is not there any more.")
    looked_at(queue, "peek-gone")
    queue.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    button.evaluate("(one) => { one.dataset.peek = '/x/EXC-1/peek' }")
    button.click()
    expect(pane.get_by_role("alert")).to_contain_text("You are signed out.")
    expect(pane.locator("input")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1024, 1280, 1900])
def test_it_fits_beside_the_list_and_stands_in_nobodys_way(
    windows: Windows, company_story: told.Story, width: int, scheme: Any
) -> None:
    page = opened(windows.of("Auditor", width=width, scheme=scheme), "/queue/?view=cases")
    page.locator("[data-peek]").first.click()
    expect(page.locator("#peek-title")).to_be_focused()
    looked_at(page, f"peek-{scheme}")
    assert barriers(page) == []


def test_on_a_phone_the_row_opens_the_case(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Auditor", width=390), "/queue/?view=cases")
    expect(page.locator("[data-peek]").first).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.get_by_role("region", name="Preview of a case")).to_be_hidden()
    page.locator("main .q-row-link").first.click()
    expect(page).to_have_url(re.compile(r"/x/EXC-\d+$"))

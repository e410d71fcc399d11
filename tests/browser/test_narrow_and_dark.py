"""The main pages on a phone's width and in the dark."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.pages import main_pages, opened, sideways

MAIN = (
    "home",
    "queue",
    "queue one by one",
    "case",
    "approvals",
    "approval",
    "problem",
    "controls",
    "trail",
    "close",
    "close list",
    "register",
    "dashboards",
    "executive",
    "audit",
    "replay",
    "access",
    "sample",
    "profile",
)
BRIGHTNESS = """() => {
  const card = document.querySelector("main .q-card, main .b-card");
  const [red, green, blue] = getComputedStyle(card).backgroundColor.match(/[\\d.]+/g).map(Number);
  return (red + green + blue) / 3;
}"""


def _open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")


def test_no_page_scrolls_sideways_at_320_pixels(windows: Windows, lost_invoice: Callable[[], str]) -> None:
    # given pages with work on them
    pages = main_pages(lost_invoice)
    phones = {role: windows.of(role, width=320, scheme="dark") for role, _ in pages.values()}
    found: list[str] = []
    for name in MAIN:
        # when one is opened on a phone, and everything folded on it as well
        role, path = pages[name]
        page = opened(phones[role], path)
        _open_everything(page)
        # then it is no wider than the phone
        if wide := sideways(page):
            found.append(f"{name}: {wide}")
    assert found == []


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_pages_follow_the_scheme_of_the_system(
    windows: Windows, lost_invoice: Callable[[], str], scheme: Any, dark: bool
) -> None:
    # given somebody whose system is light, or dark
    pages = main_pages(lost_invoice)
    page = windows.of("Finance preparer", scheme=scheme)
    for name in ("home", "case", "trail", "controls"):
        # when a page is opened
        opened(page, pages[name][1])
        # then its cards are so too
        assert (page.evaluate(BRIGHTNESS) < 128) is dark, name


def test_the_preview_fits_a_phone(windows: Windows, lost_invoice: Callable[[], str]) -> None:
    # given a break's case on a phone
    page = windows.of("Finance preparer", width=320)
    page.goto(lost_invoice())
    # when the preview is asked for
    page.get_by_role("button", name="Preview: what will this do?").click()
    expect(page.locator("#preview")).to_be_focused()
    # then the table of what will be written scrolls inside its own box
    assert sideways(page) == ""

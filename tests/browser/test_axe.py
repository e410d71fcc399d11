"""axe finds no barrier on any page, light or dark."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.pages import main_pages, opened

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: all that can differ in the dark: the rest is looked for once
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def barriers(page: Page, *, scheme: str = "light") -> list[str]:
    """Each violation with the first element it was seen on."""
    rules = {"resultTypes": ["violations"], "runOnly": COLOURS if scheme == "dark" else STANDARDS}
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{one['id']} ({len(one['nodes'])}×) {one['nodes'][0]['html'][:160]}" for one in found]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_page_has_a_barrier(windows: Windows, lost_invoice: Callable[[], str], scheme: Any) -> None:
    # given every page with work on it
    pages = main_pages(lost_invoice)
    people = {role: windows.of(role, scheme=scheme) for role, _ in pages.values()}
    found: dict[str, list[str]] = {}
    for name, (role, path) in pages.items():
        # when somebody opens it
        page = opened(people[role], path)
        found[name] = barriers(page, scheme=scheme)
        if name == "case":
            page.get_by_role("button", name="Preview: what will this do?").click()
            expect(page.locator("#preview")).to_be_focused()
            found["preview"] = barriers(page, scheme=scheme)
    # then nothing stands in anybody's way
    assert {name: those for name, those in found.items() if those} == {}


def test_the_empty_pages_and_the_way_in_have_no_barrier(windows: Windows, transactional_db: None) -> None:
    # given a portal in which nothing happened yet
    page, stranger = windows.of("Finance preparer"), windows.stranger()
    found: dict[str, list[str]] = {}
    stranger.goto("/admin/login/")
    found["login"] = barriers(stranger)
    for path in (
        "/admin/",
        "/queue/",
        "/queue/?q=nothing",
        "/approvals/",
        "/controls/",
        "/connections/",
        "/audit/",
        "/find",
        "/x/EXC-9",
    ):
        found[path] = barriers(opened(page, path))
    assert {name: those for name, those in found.items() if those} == {}

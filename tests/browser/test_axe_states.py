"""axe finds no barrier in what pages become: rows chosen, dialogs and forms open, errors at their fields, refusals."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.pages import main_pages, opened
from tests.browser.test_axe import barriers

Act = Callable[[Page], None]


def _choose(page: Page) -> None:
    boxes = page.locator("input.q-choice")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.locator("#several-snooze summary").click()
    page.locator("#several-hand summary").click()


def _peek(page: Page) -> None:
    page.locator("[data-peek]").first.click()
    expect(page.locator("#peek-title")).to_be_focused()


def _fold_out(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")


def _palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to").get_by_role("option").first).to_be_visible()


def _keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def sent_wrong(form: str, error: str, *, press: str = "button[type=submit]", **values: str) -> Act:
    """A form sent with these values past what the browser would have said, so that the portal says it."""

    def act(page: Page) -> None:
        _fold_out(page)
        found = page.locator(form).first
        found.evaluate("(one) => { one.noValidate = true }")
        for name, value in values.items():
            found.locator(f"[name={name}]").first.fill(value)
        found.locator(press).first.click()
        expect(page.locator(error).first).to_be_visible()

    return act


def _nothing(page: Page) -> None:
    """As it is."""


#: what it is -> the page of `main_pages` or an address, who is there, and what they do
STATES: dict[str, tuple[str, str, Act]] = {
    "rows chosen": ("queue one by one", "Billing operations", _choose),
    "filters and views folded out": ("/queue/?view=cases&team=billing_ops", "Billing operations", _fold_out),
    "preview beside the queue": ("queue one by one", "Billing operations", _peek),
    "palette": ("queue", "Billing operations", _palette),
    "keys": ("queue", "Billing operations", _keys),
    "a case with all folded out": ("case", "Finance preparer", _fold_out),
    "put off without a reason": (
        "case", "Finance preparer", sent_wrong("form[action$='/snooze']", "#snooze-error, [role=alert]", because=""),
    ),
    "handed over to nobody": (
        "case", "Finance preparer", sent_wrong("form[action$='/hand-over']", "#hand-error", because=""),
    ),
    "an empty comment": ("case", "Finance preparer", sent_wrong("form[action$='/comment']", "#comment-error", text="")),
    "a tag that cannot be": (
        "case", "Finance preparer", sent_wrong("form[action$='/tags']", "#tag-error", tags="x" * 60),
    ),
    "refused without a reason": (
        "approval", "Finance approver",
        sent_wrong("form:has([name=because])", "#because-error", press="button:has-text('Refuse')", because=""),
    ),
    "a question without words": (
        "approval", "Finance approver", sent_wrong("form[action$='/ask-back']", "#question-error", text=""),
    ),
    "an unknown time zone": (
        "profile", "Billing operations", sent_wrong("form:has([name=zone])", "#zone-why", zone="x"),
    ),
    "rows with problems": (
        "table", "Billing operations", sent_wrong("form:has(textarea)", "main table", rows="a,b\n1,2"),
    ),
    "not for this role": ("/replay/", "Executive", _nothing),
    "not there": ("/x/EXC-99999", "Billing operations", _nothing),
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_state_of_a_page_has_a_barrier(windows: Windows, lost_invoice: Callable[[], str], scheme: Any) -> None:
    # given every page with work on it
    pages = main_pages(lost_invoice)
    people = {role: windows.of(role, scheme=scheme) for _, role, _ in STATES.values()}
    found: dict[str, list[str]] = {}
    for name, (place, role, act) in STATES.items():
        # when somebody does what makes it another one
        page = opened(people[role], pages[place][1] if place in pages else place)
        act(page)
        found[name] = barriers(page, scheme=scheme)
    # and when somebody signs in with a wrong password
    stranger = windows.stranger(scheme=scheme)
    stranger.goto("/admin/login/")
    stranger.locator("input[name=username]").fill("nobody")
    stranger.locator("input[name=password]").fill("wrong")
    stranger.locator("input[name=password]").press("Enter")
    stranger.wait_for_load_state("load")
    found["a wrong password"] = barriers(stranger, scheme=scheme)
    # then nothing stands in anybody's way
    assert {name: those for name, those in found.items() if those} == {}

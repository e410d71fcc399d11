"""Without a mouse: from the top of the problem to its preview and the request."""

import re

from playwright.sync_api import Page, expect

from reconciliation.models import ApprovalRequest
from tests.browser.conftest import Windows
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

#: what has the focus: its name as people read it, and whether an outline or a shadow shows it
FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const own = one.labels && one.labels[0];
  const label = own ? own.textContent : one.getAttribute("aria-label") || one.textContent;
  return {
    name: label.trim().replace(/\\s+/g, " "),
    shown: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none",
    inside: one.closest("main") !== null,
    covered: box.width > 0 && box.top >= 0 && box.bottom <= innerHeight
      && !one.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)),
  };
}"""


def _tab_to(page: Page, name: str, *, at_most: int = 80) -> list[str]:
    """Press Tab until what carries this name has the focus; every stop on the way must show that it has it."""
    way: list[str] = []
    for _ in range(at_most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        way.append(focus["name"])
        if focus["inside"]:
            assert focus["shown"], f"nobody sees that “{focus['name']}” has the focus"
            assert not focus["covered"], f"“{focus['name']}” has the focus and is covered"
        if focus["name"].startswith(name):
            return way
    raise AssertionError(f"{at_most} tabs did not reach “{name}”: {way}")


def test_a_problem_is_asked_for_without_a_mouse(windows: Windows, company_story: told.Story) -> None:
    # given a problem's page, and a keyboard
    page = windows.of("Billing operations")
    page.goto(f"/p/{desk_people.product_problem().number}")
    # when the first stops are made, then one skips the menu
    _tab_to(page, "Skip to content", at_most=60)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    # and the form comes in reading order: product, date, button
    assert _tab_to(page, "“GTXPro” is")
    assert _tab_to(page, "Valid from", at_most=1)
    _tab_to(page, "Preview: what will this do?", at_most=6)
    # when it is pressed
    page.keyboard.press("Enter")
    # then the focus goes to what was asked for
    expect(page.locator("#preview")).to_be_focused()
    # when the reason is written and sent
    _tab_to(page, "Why (the approver reads this)", at_most=5)
    page.keyboard.type("It is GTX Pro")
    _tab_to(page, "Ask for approval", at_most=2)
    page.keyboard.press("Enter")
    # then the request is there
    expect(page).to_have_url(re.compile(r"/approvals/APR-\d+$"))
    assert ApprovalRequest.objects.get().asked_because == "It is GTX Pro"


def test_what_is_typed_wrong_gets_the_focus_back(windows: Windows, company_story: told.Story) -> None:
    # given something typed that is no date
    page = windows.of("Billing operations")
    page.goto(f"/p/{desk_people.product_problem().number}")
    page.get_by_label("Valid from").evaluate("(one) => { one.type = 'text'; one.value = 'soon' }")
    # when the preview is asked for by keyboard
    page.get_by_role("button", name="Preview: what will this do?").focus()
    page.keyboard.press("Enter")
    # then what is wrong stands beside its field, in words
    field = page.get_by_label("Valid from")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#map_product-valid_from-why")).to_contain_text("Give a date such as")


def test_an_approver_decides_without_a_mouse(windows: Windows, company_story: told.Story) -> None:
    from tests.browser.pages import ask_for_the_mapping

    # given a request that waits
    asked = ask_for_the_mapping()
    page = windows.of("Finance approver")
    page.goto(f"/approvals/{asked.number}")
    page.get_by_role("main").focus()
    # when the approver goes to the button and presses it
    _tab_to(page, "Reason (needed to refuse)", at_most=12)
    _tab_to(page, "Approve", at_most=1)
    page.keyboard.press("Space")
    # then it runs
    expect(page).to_have_url(re.compile(r"/runs/\d+$"))

"""Without a mouse: the way from the top of a page to what is pressed, stop by stop. Whole jobs: `test_main_jobs.py`."""

import re

from playwright.sync_api import expect

from reconciliation.models import ApprovalRequest
from tests.browser.conftest import Windows
from tests.browser.hands import Keyboard
from tests.browser.pages import ask_for_the_mapping
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


def test_a_problem_is_asked_for_without_a_mouse(windows: Windows, company_story: told.Story) -> None:
    # given a problem's page, and a keyboard
    hand = Keyboard(windows, "Billing operations")
    page = hand.page
    hand.goes_to(f"/p/{desk_people.product_problem().number}")
    # when the first stops are made, then one skips the menu
    hand.reaches(page.get_by_role("link", name="Skip to content"), at_most=60)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    # and the form comes in reading order: product, date, button
    hand.reaches(page.get_by_label("“GTXPro” is"), at_most=80)
    hand.reaches(page.get_by_label("Valid from"), at_most=1)
    hand.reaches(page.get_by_role("button", name="Preview: what will this do?"), at_most=6)
    # when it is pressed
    page.keyboard.press("Enter")
    # then the focus goes to what was asked for
    expect(page.locator("#preview")).to_be_focused()
    # when the reason is written and sent
    hand.reaches(page.get_by_label("Why (the approver reads this)"), at_most=5)
    page.keyboard.type("It is GTX Pro")
    hand.reaches(page.get_by_role("button", name="Ask for approval"), at_most=2)
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
    # given a request that waits
    asked = ask_for_the_mapping()
    hand = Keyboard(windows, "Finance approver")
    page = hand.page
    hand.goes_to(f"/approvals/{asked.number}")
    page.get_by_role("main").focus()
    # when the approver goes to the button and presses it
    hand.reaches(page.get_by_label("Reason (needed to refuse)"), at_most=12)
    hand.reaches(page.get_by_role("button", name="Approve"), at_most=1)
    page.keyboard.press("Space")
    # then it runs
    expect(page).to_have_url(re.compile(r"/runs/\d+$"))

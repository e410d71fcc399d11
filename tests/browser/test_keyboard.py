"""Without a mouse: what is typed wrong gets the focus back. Whole jobs by keyboard: `test_main_jobs.py`."""

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


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

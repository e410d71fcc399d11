"""Single keys on the desk: rows, the case, help and its off switch; none of them while somebody types."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.browser.pages import opened, reached
from tests.browser.test_tables_journey import looked_at
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


def test_a_case_is_reached_taken_and_put_off_by_single_keys(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Billing operations"), "/queue/?view=cases")
    # the counts of the views come after the queue itself
    expect(page.locator(".q-views .q-count").first).to_be_visible()
    looked_at(page, "queue-views")
    rows = page.locator("main .q-row-link")
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("o")
    reached(page, re.compile(r"/x/EXC-\d+$"))
    page.keyboard.press("i")
    expect(page.get_by_text("is yours for the next")).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("#until")).to_be_focused()
    looked_at(page, "case-put-off-form")
    page.locator("#put-off-because").fill("just keys: j k o i s")
    page.get_by_role("button", name="Put off").click()
    expect(page.get_by_text("is off the queue until")).to_be_visible()
    looked_at(page, "case-put-off")
    # back up to the queue, and on to controls
    page.keyboard.press("g")
    page.keyboard.press("q")
    reached(page, re.compile(r"/queue/$"))
    page.keyboard.press("g")
    page.keyboard.press("r")
    reached(page, re.compile(r"/controls/$"))


def test_keys_are_listed_and_can_be_switched_off(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Auditor"), "/queue/?view=cases")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    looked_at(page, "keys")
    dialog.get_by_label("Switch single keys off in this browser").check()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("j")
    expect(page.locator("main .q-row-link").nth(0)).not_to_be_focused()
    # typing in a field is typing
    page.reload()
    page.get_by_role("button", name="Keys of this page").click()
    dialog.get_by_label("Switch single keys off in this browser").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.locator("#f-q").click()
    page.keyboard.type("jk?")
    expect(page.locator("#f-q")).to_have_value("jk?")
    expect(dialog).to_be_hidden()


def test_views_fit_a_phone(windows: Windows, company_story: told.Story) -> None:
    page = opened(windows.of("Billing operations", width=320, scheme="dark"), "/queue/?team=billing_ops")
    expect(page.locator(".q-views .q-count").first).to_be_visible()
    looked_at(page, "queue-views-narrow")
    assert desk_people.product_problem().number

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


def test_keys_of_one_s_own_count_in_every_browser_and_what_cannot_be_is_said(
    windows: Windows, company_story: told.Story
) -> None:
    page = opened(windows.of("Billing operations"), "/queue/?view=cases")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_role("button", name="Choose keys of your own").click()
    expect(dialog.get_by_label("Next row")).to_be_focused()
    looked_at(page, "keys-own")
    # another's key: nothing is saved, nothing typed is lost
    dialog.get_by_label("Next row").fill("k")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status")).to_have_text("“k” stands for two things. Give each a key of its own.")
    expect(dialog.get_by_label("Next row")).to_have_value("k")
    looked_at(page, "keys-own-refused")
    dialog.get_by_label("Next row").fill("m")
    dialog.get_by_label("Row before").fill("j")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status")).to_contain_text("These are your keys now")
    dialog.get_by_role("button", name="Close").click()
    rows = page.locator("main .q-row-link")
    for pressed, place in (("m", 0), ("m", 1), ("j", 0)):
        page.keyboard.press(pressed)
        expect(rows.nth(place)).to_be_focused()
    # what was given away means nothing
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    # another browser of the same person
    other = opened(windows.of("Billing operations", width=1024), "/queue/?view=cases")
    other.keyboard.press("m")
    expect(other.locator("main .q-row-link").nth(0)).to_be_focused()
    # and back
    other.keyboard.press("?")
    again = other.get_by_role("dialog", name="Keys")
    again.get_by_role("button", name="Choose keys of your own").click()
    again.get_by_role("button", name="The portal’s again").click()
    again.get_by_role("button", name="Save").click()
    expect(again.get_by_role("status")).to_contain_text("These are your keys now")
    again.get_by_role("button", name="Close").click()
    # the focus is where it was, on the first row
    other.keyboard.press("j")
    expect(other.locator("main .q-row-link").nth(1)).to_be_focused()


def test_times_in_lists_are_told_as_how_long_ago_and_those_in_sentences_stay(
    windows: Windows, company_story: told.Story
) -> None:
    page = opened(windows.of("Billing operations"), "/profile/")
    page.get_by_label("Times in lists").select_option("As how long ago")
    page.locator("form", has=page.get_by_label("Times in lists")).get_by_role("button").click()
    expect(page.get_by_text("Times are shown as you chose from now on.")).to_be_visible()
    # a sentence
    expect(page.locator("p", has_text="for you.").locator("time")).to_contain_text("UTC")
    looked_at(page, "profile-times")
    case = opened(page, f"/x/{desk_people.product_case().number}")
    told_so = case.locator("time[data-moment]")
    expect(told_so.first).to_have_text(re.compile("this minute"))
    assert "UTC" in str(told_so.first.get_attribute("title"))
    looked_at(case, "case-times")

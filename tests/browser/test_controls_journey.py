"""The controls board, a run's page, and asking again."""

import re

from playwright.sync_api import expect

from reconciliation.controls import runner
from tests.browser.conftest import Windows
from tests.reconciliation.views.story import DAY, Sides


def test_a_control_is_opened_from_the_board_and_run_again(windows: Windows, sides: Sides) -> None:
    # given two controls that ran today, while the others wait for the end of the day
    for name in ("committed_vs_contracted", "invoices"):
        runner.run(name, entity=sides.story.entity, business_date=DAY)
    page = windows.of("Finance preparer")
    # when the board is opened
    page.goto("/controls/")
    # then both legs stand in plain figures, and each cell says its state
    expect(page.get_by_role("heading", name=re.compile("Sold to billed"))).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("USD 10,247.00")
    today = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=f"{DAY:%a %d %b %Y}"))
    expect(today).to_contain_text("Day not over")
    expect(today).to_contain_text("Tied, with explained items")
    # when a run is opened
    today.get_by_role("cell", name="Tied, with explained items").last.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/controls/invoices/US01/{DAY}$"))
    expect(page.get_by_role("main")).to_contain_text("version 1 of 1")
    expect(page.get_by_role("table", name="Both sides, all dates read so far")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("In flight")
    # and asked again
    page.get_by_role("button", name="Run again").click()
    # then there is a second version, and the first can still be read
    expect(page.locator(".q-messages")).to_contain_text("Version 2")
    expect(page.get_by_role("main")).to_contain_text("version 2 of 2")
    page.goto(f"/controls/invoices/US01/{DAY}?v=1")
    expect(page.get_by_role("main")).to_contain_text("This is an older version")


def test_a_day_that_goes_on_says_so_and_can_be_asked_by_hand(windows: Windows, sides: Sides) -> None:
    # given a day that is not over
    page = windows.of("Finance preparer")
    page.goto(f"/controls/receipts/US01/{DAY}")
    # then its page does not call it missed
    expect(page.locator(".b-banner").first).to_contain_text("Day not over.")
    # when it is asked by hand
    page.get_by_role("button", name="Run now").click()
    # then it has run
    expect(page.locator(".q-messages")).to_contain_text("Version 1")

"""Taking a view as a file with the keyboard alone, and the page that says why there is none."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.habits.exports import queue
from reconciliation.sign_offs import signing
from tests import small_company
from tests.browser.conftest import Windows
from tests.browser.pages import ask_for_the_mapping, opened, sideways
from tests.browser.test_axe import STANDARDS
from tests.browser.test_tables_journey import looked_at
from tests.paper_erp import Books, line
from tests.reconciliation.exports import papers
from tests.reconciliation.exports.spreadsheets import Book, records
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.story import DAY
from tests.small_company import Company, invoice


def _taken(page: Page, name: str | re.Pattern[str]) -> bytes:
    """What comes when the link of this name is pressed by keyboard."""
    link = page.get_by_role("link", name=name)
    link.focus()
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    return Path(waiting.value.path()).read_bytes()


def test_the_queue_is_taken_by_keyboard_as_it_is_narrowed(windows: Windows, lost_invoice: Callable[[], str]) -> None:
    # given somebody who looks at the deals that stopped
    lost_invoice()
    page = opened(windows.of("Finance preparer"), "/queue/?view=cases&system=salesforce")
    # when both files are taken
    rows = records(_taken(page, "Export CSV of these open cases"))
    book = Book(_taken(page, "Export XLSX of these open cases")).records()
    # then they are what the page shows
    shown = page.locator("tbody th .q-sub").all_inner_texts()
    assert [row["Case"] for row in rows] == [row["Case"] for row in book] == [one.split(" ")[0] for one in shown]


def test_too_many_rows_lead_to_a_page_that_says_what_to_do(
    windows: Windows, lost_invoice: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost_invoice()
    monkeypatch.setattr(queue, "MOST", 1)
    page = opened(windows.of("Finance preparer", width=320), "/queue/?view=cases")
    page.get_by_role("link", name="Export CSV of these open cases").press("Enter")
    # then a page says why, in words, without a barrier, on a phone too
    expect(page.get_by_role("heading", level=1)).to_have_text("Too many rows for one file")
    expect(page.get_by_role("main")).to_contain_text("Nothing was cut off and no file was made.")
    rules = {"resultTypes": ["violations"], "runOnly": STANDARDS}
    assert Axe().run(page, options=rules).response["violations"] == [] and sideways(page) == ""
    # and leads back to the view with its filters
    page.get_by_role("link", name="Back to the view").click()
    expect(page).to_have_url(re.compile(r"/queue/\?view=cases$"))


@pytest.mark.parametrize("path", [f"/controls/invoices/US01/{DAY}", "/controls/", "/approvals/", "/audit/"])
def test_each_list_offers_its_file(windows: Windows, lost_invoice: Callable[[], str], path: str) -> None:
    lost_invoice()
    if path == "/approvals/":
        ask_for_the_mapping()
    page = opened(windows.of("Auditor"), path)
    assert records(_taken(page, re.compile("^Export CSV of ")))


def test_a_signed_day_is_taken_as_a_paper(
    windows: Windows, committed_company: Company, paper: Callable[[str], Books]
) -> None:
    # given a day on which both sides agree, prepared by one person
    day, entity = small_company.DAY, committed_company.entity
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(invoice(1).reference, "100.00", day=day)]
    runner.run("invoices", entity=entity, business_date=day)
    signing.prepare(
        CONTROLS["invoices"], entity=entity, first=day, last=day, user=desk_people.person("Finance preparer")
    )
    # when it is taken from its page
    page = opened(windows.of("Auditor", width=320), f"/sign-off/invoices/US01/{day}/{day}")
    looked_at(page, "sign-off-paper")
    text = papers.words(_taken(page, "PDF to file of version 1"))
    # then it is that paper
    assert "Prepared, not reviewed yet" in text and f"Period {day:%d %b %Y}" in text

"""An auditor sees every page, no button that changes anything, and why."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.reconciliation.views import desk_people

CHANGES = re.compile(
    r"Preview|Ask for approval|Take|Approve$|Refuse|Run (again|now)|Pause|Resume|^Test|Save comment|Withdraw"
)


def test_an_auditor_sees_pages_without_buttons_and_is_told_why(
    windows: Windows, lost_invoice: Callable[[], str]
) -> None:
    # given work of every kind
    case = lost_invoice()
    page = windows.of("Auditor")
    told_why = {
        "/queue/": "Open cases, grouped by what caused them",
        f"/p/{desk_people.product_problem().number}": "Your role can look at this but not prepare fixes",
        case: "Your role can look at this but not prepare fixes",
        "/controls/": "every control, every day",
        "/controls/invoices/US01/2026-11-18": "Your role can look at this run; people who work cases can run it again.",
        "/connections/": "Your role can look at connections; integration support or a configuration admin tests",
    }
    for path, words in told_why.items():
        # when the auditor opens a page
        answer = page.goto(path)
        # then it is there, says why nothing can be pressed, and offers nothing to press
        assert answer is not None and answer.status == 200, path
        expect(page.get_by_role("main")).to_contain_text(words)
        expect(page.get_by_role("main").get_by_role("button", name=CHANGES)).to_have_count(0)
        assert page.locator("main form[method=post]").count() == 0, path

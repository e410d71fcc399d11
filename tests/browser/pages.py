"""The pages every look is taken at, with something on each of them."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from reconciliation import approvals
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.governance import changes, files
from reconciliation.governance.tables import TABLES
from reconciliation.models import ApprovalRequest, ExceptionCase, RowChange
from sync import anchors, journal, sealing, verifying
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

SIDEWAYS = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= window.innerWidth) return "";
  const sticksOut = (one) => one.getBoundingClientRect().right > window.innerWidth + 1;
  const over = [...document.querySelectorAll("body *")].filter(sticksOut);
  return `${wide} wide, because of ${over.slice(0, 3).map((one) => `${one.tagName}.${one.className}`).join(" and ")}`;
}"""


def sideways(page: Page) -> str:
    """What sticks out of the page at its side, or nothing. A page that was just followed is waited for."""
    page.wait_for_load_state("load")
    said: str = page.evaluate(SIDEWAYS)
    return said


def opened(page: Page, path: str) -> Page:
    """The page at this address, and not the login in its place."""
    answer = page.goto(path)
    assert answer is not None and answer.status < 500 and "/login/" not in page.url, f"{path} gave {page.url}"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def reached(page: Page, address: re.Pattern[str]) -> None:
    """The page followed a link to this address and hears keys: they mean nothing before its scripts are there."""
    expect(page).to_have_url(address)
    page.wait_for_load_state("load")


def ask_for_the_mapping() -> ApprovalRequest:
    """Billing operations ask for the product they know."""
    fix, target = FIXES["map_product"], Target(problem=desk_people.product_problem())
    inputs = {name: value for name, value in desk_people.INPUTS.items() if name != "fix"}
    user = desk_people.person("Billing operations")
    sha256 = fix.preview(target, inputs, user=user).sha256
    return approvals.ask(fix, target, inputs, user=user, sha256=sha256, because="The same product")


def draft_a_row() -> RowChange:
    """Billing operations draft a product from a file."""
    table = TABLES["products"]
    row = "Growth,Growth,120.00,USD,growth,growth,ratable_over_term,zero,billing,2026-01-01,,"
    tried = files.try_out(table, f"{','.join(table.header)}\n{row}".encode())
    return changes.draft(tried, user=desk_people.person("Billing operations"), source="products.csv", because="New")


def sealed_and_broken() -> None:
    """The journal is sealed, anchored and verified twice; something waits, and the second look found it broken."""
    sealing.seal_due()
    anchors.anchor()
    row, _ = verifying.check(by="the timetable")
    row.pk, row.is_good, row.wrong_at = None, False, 3
    row.words = "Number 3: entry 4 or its seal was changed after it was sealed."
    row.save()
    journal.note([journal.Fact(action="looked", object_kind="page", object_key="1", text="Somebody looked.")])


def main_pages(lost_invoice: Callable[[], str]) -> dict[str, tuple[str, str]]:
    """Name of a page -> who opens it, and its address: each with work on it."""
    case = lost_invoice()
    country = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN").problem
    asked = ask_for_the_mapping()
    drafted = draft_a_row()
    sealed_and_broken()
    return {
        "home": ("Finance preparer", "/admin/"),
        "queue": ("Finance preparer", "/queue/"),
        "queue one by one": ("Finance preparer", "/queue/?view=cases"),
        "problem": ("Sales operations", f"/p/{country.number}"),
        "case": ("Finance preparer", case),
        "approvals": ("Finance approver", "/approvals/"),
        "approval": ("Finance approver", f"/approvals/{asked.number}"),
        "trail": ("Finance preparer", f"/t/deal:{told.PAID}?view=full"),
        "controls": ("Finance preparer", "/controls/"),
        "control run": ("Finance preparer", f"/controls/invoices/US01/{told.DAY}"),
        "matcher": ("Finance preparer", "/controls/invoices/US01/match"),
        "close": ("Finance preparer", "/close/"),
        "sign-off": ("Finance preparer", f"/sign-off/?month={told.DAY:%Y-%m}"),
        "sign-off of a day": ("Finance preparer", f"/sign-off/invoices/US01/{told.DAY}/{told.DAY}"),
        "close list": ("Finance preparer", f"/close/US01/{told.DAY:%Y-%m}-01?what=cases"),
        "register": ("Auditor", f"/registers/tax?month={told.DAY:%Y-%m}"),
        "tables": ("Finance approver", "/tables/"),
        "table": ("Billing operations", "/tables/products"),
        "change": ("Finance approver", f"/changes/{drafted.number}"),
        "dashboards": ("Auditor", "/dashboards/?span=30d"),
        "executive": ("Executive", "/dashboards/executive?span=30d"),
        "audit": ("Auditor", "/audit/"),
        "connections": ("Integration support", "/connections/"),
        "replay": ("Integration support", f"/replay/?what=deal:{told.PAID}"),
        "access": ("Auditor", "/audit/access"),
        "sample": ("Auditor", f"/audit/sample?of=postings&seed=7&first={told.DAY:%Y}-01-01&last={told.DAY:%Y}-12-31"),
        "ownership": ("Configuration admin", "/ownership/?place=10&reason=PRODUCT_UNMAPPED&team=finance"),
        "profile": ("Billing operations", "/profile/"),
    }

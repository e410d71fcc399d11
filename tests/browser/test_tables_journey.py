"""A file of products: its problems are shown, then it is mended, drafted, approved, and the waiting deal goes on."""

import os
from pathlib import Path
from typing import Any

from django.db import transaction
from playwright.sync_api import Page, expect

from reconciliation.governance.tables import TABLES
from sync.models import ContractRecord, ProductMapping, WorkItem
from tests.browser.conftest import Windows
from tests.browser.pages import opened, sideways
from tests.small_company import Company, customer, deal

HEADER = ",".join(TABLES["products"].header)
GOOD = "Growth,Growth,120.00,USD,growth,growth,ratable_over_term,zero,billing,2026-01-01,,"


def looked_at(page: Page, name: str) -> None:
    """Nothing sticks out; where a folder is named, a picture is kept."""
    assert sideways(page) == "", name
    if folder := os.environ.get("Q2C_PICTURES"):
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=str(Path(folder) / f"{name}_{width}.png"), full_page=True)


def test_a_file_goes_from_problems_to_work_that_goes_on(
    windows: Windows, committed_company: Company, machine: Any
) -> None:
    # given a deal that waits for a product
    with transaction.atomic():
        committed_company.hears(customer(1))
    committed_company.settles()
    with transaction.atomic():
        committed_company.hears(deal(1, product="Growth"))
    for width in (1280, 375):
        owner = windows.of("Billing operations", width=width)
        opened(owner, "/tables/")
        looked_at(owner, "tables")
        owner.get_by_role("link", name="Products").click()
        expect(owner.get_by_role("button", name="Try it out")).to_be_visible()
        looked_at(owner, "table")
        # when a file with problems is tried out, each is named by row and field
        owner.get_by_label("or rows typed below this header").fill(f"{HEADER}\n{GOOD.replace('USD', 'usd')}")
        owner.get_by_role("button", name="Try it out").click()
        expect(owner.get_by_role("row").filter(has_text="Row 2")).to_contain_text("ISO 4217")
        looked_at(owner, "problems")
    assert not ProductMapping.objects.filter(crm_product="Growth").exists()
    # when it is mended and drafted
    opened(owner, "/tables/products")
    owner.get_by_label("or rows typed below this header").fill(f"{HEADER}\n{GOOD}")
    owner.get_by_role("button", name="Try it out").click()
    expect(owner.get_by_text("Waiting, and let go")).to_be_visible()
    looked_at(owner, "tried")
    owner.get_by_label("Why this change?").fill("Sold since January")
    owner.get_by_role("button", name="Draft 1 rows").click()
    expect(owner.get_by_text("You drafted this; another approver must decide.")).to_be_visible()
    looked_at(owner, "change")
    # then another person approves, and the deal goes through
    approver = windows.of("Finance approver")
    opened(approver, "/tables/")
    approver.get_by_role("link", name="CHG-").first.click()
    expect(approver.get_by_role("button", name="Approve")).to_be_visible()
    looked_at(approver, "change")
    approver.get_by_role("button", name="Approve").click()
    expect(approver.get_by_text("1 waiting objects go on")).to_be_visible()
    committed_company.settles()
    assert ContractRecord.objects.count() == 1 and not WorkItem.objects.filter(condition="blocked").exists()

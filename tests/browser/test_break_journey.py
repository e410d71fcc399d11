"""A break from both sides to a refusal: finance asks to post again, the approver says no, with a reason."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from reconciliation.models import ApprovalRequest
from tests.browser.conftest import Windows


def test_posting_again_is_refused_only_with_a_reason(windows: Windows, lost_invoice: Callable[[], str]) -> None:
    # given an invoice that is gone from the ERP
    path = lost_invoice()
    preparer, approver = windows.of("Finance preparer"), windows.of("Finance approver")
    # when finance opens its case
    preparer.goto(path)
    # then both sides stand beside each other, with what differs in words
    table = preparer.get_by_role("table", name="Values of the document in both systems")
    expect(table.get_by_role("columnheader")).to_have_text(["Value", "Stripe", "NetSuite", "Agree"])
    expect(table).to_contain_text("differs")
    expect(preparer.locator(".q-sum")).to_contain_text("USD 4,821.00")
    # when finance looks at what posting again would do, and asks
    preparer.get_by_role("button", name="Preview: what will this do?").click()
    preview = preparer.locator("#preview")
    expect(preview).to_be_focused()
    expect(preview).to_contain_text("looked up in the ERP")
    expect(preview).to_contain_text("There is no undo")
    preview.get_by_label("Why (the approver reads this)").fill("It was deleted by hand")
    preview.get_by_role("button", name="Ask for approval").click()
    expect(preparer).to_have_url(re.compile(r"/approvals/APR-\d+$"))
    # when the approver refuses without a word
    approver.goto("/approvals/")
    approver.get_by_role("table", name="Requests you can decide").get_by_role("link").first.click()
    approver.get_by_role("button", name="Refuse").click()
    # then the page says what is missing, and nothing is decided
    expect(approver.locator("#because-error")).to_contain_text("Say why you refuse")
    assert ApprovalRequest.objects.get().status == "pending"
    # when the reason is given
    approver.get_by_label("Reason (needed to refuse)").fill("Ask the customer first")
    approver.get_by_role("button", name="Refuse").click()
    # then it is refused, and the one who asked reads why
    expect(approver.get_by_role("main")).to_contain_text("Refused")
    assert ApprovalRequest.objects.get().status == "refused"
    preparer.goto("/approvals/")
    decided = preparer.get_by_role("table", name="Decided requests")
    expect(decided).to_contain_text("Refused")
    expect(decided).to_contain_text("Ask the customer first")

"""An approver asks before deciding, the asker answers, the approver hands it on, and another one decides."""

import pytest
from playwright.sync_api import expect

from reconciliation.models import FixRun
from tests.browser.conftest import Windows
from tests.browser.pages import ask_for_the_mapping
from tests.reconciliation.views import story as told


@pytest.mark.django_db(transaction=True)
def test_a_question_comes_before_the_yes(company_story: told.Story, windows: Windows) -> None:
    asked = ask_for_the_mapping()
    other = windows.of("Finance approver", name="second_approver")
    # given an approver who wants to know something first
    approver = windows.of("Finance approver")
    approver.goto(f"/approvals/{asked.number}")
    approver.get_by_text("Ask a question first").click()
    approver.get_by_label("What do you want to know").fill("Is this the product of the old price list?")
    approver.get_by_role("button", name="Ask", exact=True).click()
    expect(approver.get_by_text("Waits for an answer")).to_be_visible()
    # when the asker sees it in the list and answers
    asker = windows.of("Billing operations")
    asker.goto("/approvals/")
    expect(asker.get_by_text("a question waits for your answer")).to_be_visible()
    asker.goto(f"/approvals/{asked.number}")
    asker.get_by_label("Your answer").fill("Yes, renamed in spring.")
    asker.get_by_role("button", name="Answer", exact=True).click()
    expect(asker.get_by_text("Yes, renamed in spring.")).to_be_visible()
    # and the approver hands it to another one, who decides
    approver.reload()
    approver.get_by_text("Hand it to another approver").click()
    approver.get_by_label("To whom").select_option("second_approver")
    approver.get_by_label("Why you hand it on").fill("You know the catalogue")
    approver.get_by_role("button", name="Hand it on").click()
    expect(approver.get_by_text("You know the catalogue")).to_be_visible()
    assert not FixRun.objects.exists()
    other.goto("/approvals/")
    expect(other.get_by_text("handed to you")).to_be_visible()
    other.goto(f"/approvals/{asked.number}")
    other.get_by_role("button", name="Approve", exact=True).click()
    expect(other.get_by_text("You approved")).to_be_visible()

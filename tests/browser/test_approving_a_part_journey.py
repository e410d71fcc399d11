"""An approver leaves some of a long list out, says why, and only the rest is done."""

import re

import pytest
from playwright.sync_api import expect

from reconciliation.models import FixRun
from tests.browser.conftest import Windows
from tests.browser.pages import ask_for_the_mapping, sideways
from tests.reconciliation.views import story as told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1280, 320])
def test_some_are_left_out_and_the_rest_is_done(company_story: told.Story, windows: Windows, width: int) -> None:
    # given a request for five deals
    told.more_unmapped(company_story, 4)
    asked = ask_for_the_mapping()
    approver = windows.of("Finance approver", width=width)
    approver.goto(f"/approvals/{asked.number}")
    out = [row["case"] for row in asked.preview["members"]][1:3]
    # when two are ticked, by mouse and by keyboard, then the page counts
    approver.get_by_label(f"Leave out {out[0]}", exact=True).check()
    approver.get_by_label(f"Leave out {out[1]}", exact=True).press("Space")
    expect(approver.get_by_text("3 of 5 cases would be approved")).to_be_visible()
    assert sideways(approver) == ""
    # and without a reason nothing is decided, and the ticks stay
    approver.get_by_role("button", name="Approve", exact=True).click()
    expect(approver.get_by_role("alert")).to_contain_text("Say why you leave some out")
    expect(approver.get_by_label(f"Leave out {out[1]}", exact=True)).to_be_checked()
    approver.get_by_label(re.compile("^Reason")).fill("These two are asked about first")
    approver.get_by_role("button", name="Approve", exact=True).click()
    # then three are done, and the request says which were not
    expect(approver.get_by_text("You approved")).to_be_visible()
    assert FixRun.objects.get().items.count() == 3
    approver.goto(f"/approvals/{asked.number}")
    expect(approver.get_by_text("2 of 5 cases were left out.")).to_be_visible()
    expect(approver.get_by_role("main").get_by_text("USD 5,521.00").first).to_be_visible()
    expect(approver.locator(".q-tight tbody tr").filter(has_text="Left out")).to_have_count(2)
    approver.goto(f"/x/{out[0]}")
    expect(approver.get_by_text("Finance approver left this case out")).to_be_visible()

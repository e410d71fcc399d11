"""Choosing several cases: by pointer, by keys, by range; and working them together."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reconciliation import cases
from reconciliation.models import ExceptionCase, Snooze
from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_axe import barriers
from tests.browser.test_tables_journey import looked_at
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told


@pytest.fixture
def seven(company_story: told.Story) -> list[int]:
    """Seven open cases, some with a long name."""
    event = company_story.event(company_story.salesforce, "opportunity", "x", told.START)
    rows = [
        company_story.item(
            "closed_won_to_billing",
            f"contract:{number}",
            event=event,
            condition="blocked",
            correlation_id=f"deal:{number}",
        )
        for number in range(5)
    ]
    cases.open_cases(
        [
            cases.Opening(
                target="work_item",
                row=row,
                reason="PRODUCT_UNMAPPED",
                value="Averylongproductname" * (place + 1),
                customer_name="Consolidated Holdings of the Northern Provinces",
            )
            for place, row in enumerate(rows)
        ]
    )
    return list(ExceptionCase.objects.values_list("pk", flat=True))


def chosen(page: Page) -> int:
    return page.locator("input.q-choice:checked").count()


def test_rows_are_chosen_by_keys_and_put_off_together(windows: Windows, seven: list[int]) -> None:
    page = opened(windows.of("Billing operations"), "/queue/?view=cases&sort=oldest")
    count, form = page.locator("#several-count"), page.get_by_role("form", name="Several cases at once")
    expect(form.get_by_role("button", name="Take")).to_be_disabled()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(count).to_have_text("1 of 7 chosen")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(count).to_have_text("4 of 7 chosen")
    page.keyboard.press("x")
    expect(count).to_have_text("3 of 7 chosen")
    looked_at(page, "several")
    assert barriers(page) == []
    page.keyboard.press("s")
    expect(page.locator("#several-until")).to_be_focused()
    page.locator("#several-because").fill("x and X are letters here")
    looked_at(page, "several-put-off")
    form.locator("button[value=snooze]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 of 3 cases put off")
    looked_at(page, "several-done")
    assert barriers(page) == [] and Snooze.objects.filter(ended_at=None).count() == 3
    page.get_by_role("button", name="Undo all 3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("3 of 3 cases put back as they were")
    assert not Snooze.objects.filter(ended_at=None).exists()
    page.get_by_role("link", name="Back to the queue").click()
    expect(page).to_have_url(re.compile(r"/queue/\?view=cases&sort=oldest$"))


def test_rows_are_chosen_by_pointer_and_taken_together(windows: Windows, seven: list[int]) -> None:
    page = opened(windows.of("Billing operations"), "/queue/?view=cases&sort=oldest")
    boxes = page.locator("input.q-choice")
    boxes.nth(1).click()
    boxes.nth(5).click(modifiers=["Shift"])
    assert chosen(page) == 5
    page.get_by_label("All on this page").check()
    assert chosen(page) == 7
    page.get_by_label("All on this page").uncheck()
    assert chosen(page) == 0
    boxes.nth(0).click()
    boxes.nth(2).click()
    page.locator("main .q-row-link").first.focus()
    # one of the two is taken by somebody else meanwhile
    first = int((boxes.nth(0).get_attribute("value") or "").split(":")[0])
    cases.take(first, user=desk_people.person("Sales operations"))
    page.keyboard.press("i")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 of 2 cases taken")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Sales operations took it after you opened the queue.")
    looked_at(page, "several-partly")


def test_what_is_missing_is_said_beside_it_and_the_choice_stays(windows: Windows, seven: list[int]) -> None:
    page = opened(windows.of("Billing operations"), "/queue/?view=cases&sort=oldest")
    page.locator("input.q-choice").nth(3).check()
    page.locator("#several-snooze summary").click()
    page.locator("#several").evaluate("(one) => { one.noValidate = true }")
    page.locator("#several-because").fill(" ")
    page.locator("#several button[value=snooze]").click()
    expect(page.get_by_role("alert")).to_contain_text("Why they can wait: say it")
    expect(page.locator("#several-because")).to_be_focused()
    assert chosen(page) == 1
    looked_at(page, "several-missing")
    assert barriers(page) == []
    expect(page).to_have_url(re.compile(r"/queue/\?view=cases&sort=oldest$"))


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light"), (1280, "dark")])
def test_it_fits_a_phone(windows: Windows, seven: list[int], width: int, scheme: Any) -> None:
    page = opened(windows.of("Billing operations", width=width, scheme=scheme), "/queue/?view=cases")
    page.locator("input.q-choice").nth(1).check()
    page.locator("#several-snooze summary").click()
    looked_at(page, f"several-{scheme}")
    assert barriers(page) == []
    page.locator("#several button[value=take]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 of 1 case taken")
    looked_at(page, f"several-done-{scheme}")

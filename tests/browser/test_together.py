"""Several people at one case: names in comments, who else is there, what changed, and nothing typed is lost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models import QuerySet
from playwright.sync_api import Page, Request, expect

from reconciliation import cases
from reconciliation.models import CaseComment, Mention, Presence
from sync import clock
from tests.browser.conftest import Windows
from tests.browser.pages import opened
from tests.browser.test_axe import barriers
from tests.browser.test_tables_journey import looked_at
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def path(company_story: told.Story) -> str:
    return f"/x/{desk_people.product_case().number}"


def watched(page: Page, path: str) -> list[str]:
    """Requests by which this page says that it is open, as they come."""
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url) if request.url.endswith(f"{path}/here") else None)
    return heard


def beats(page: Page) -> None:
    """Time goes by in this window until it asks once more; what it asked is answered before the time goes on."""
    asked: list[str] = []

    def hear(request: Request) -> None:
        if request.url.endswith("/here"):
            asked.append(request.url)

    page.on("request", hear)
    # however long the portal takes: a clock that ran on meanwhile would end before the answer came
    with page.expect_response(lambda answer: answer.url.endswith("/here")):
        for _ in range(60):
            page.clock.run_for(1000)
            if asked:
                break
    page.remove_listener("request", hear)


def gone(page: Page, rows: QuerySet[Presence]) -> None:
    """Until the portal has heard that somebody left a page."""
    for _ in range(100):
        if not rows.exists():
            return
        page.wait_for_timeout(50)
    raise AssertionError("nobody said within five seconds that the page was left")


ASKED = """
window.asked = [];
const ask = window.fetch.bind(window);
window.fetch = (...what) => {
  const answer = ask(...what);
  // what was not answered is the page's own affair, not an error of this ear
  window.asked.push(answer.then((one) => one.clone().text()).catch(() => ""));
  return answer;
};"""


def goes_on(page: Page, *, seconds: int, of: int = 1) -> None:
    """So many seconds, `of` by `of`, in a window whose clock stands still otherwise; answers are read as they come."""
    for _ in range(seconds // of):
        page.clock.run_for(of * 1000)
        page.evaluate("() => Promise.allSettled(window.asked)")


def opened_and_heard(page: Page, path: str) -> Page:
    """The page of a case, after its first request."""
    with page.expect_response(lambda answer: answer.url.endswith("/here")):
        return opened(page, path)


def test_a_colleague_is_named_by_keyboard_and_reads_of_it(windows: Windows, path: str) -> None:
    kim = windows.of("Finance preparer")
    page = opened(windows.of("Billing operations"), path)
    field = page.get_by_label("Comment")
    field.focus()
    page.keyboard.type("Please look, @finance_p")
    names = page.get_by_role("listbox", name="Colleagues")
    expect(names.get_by_role("option")).to_have_count(1)
    expect(field).to_have_attribute("aria-activedescendant", "people-0")
    looked_at(page, "mention-names")
    assert barriers(page) == []
    # Escape closes and leaves the text, further letters open it again
    page.keyboard.press("Escape")
    expect(names).to_be_hidden()
    expect(field).to_have_value("Please look, @finance_p")
    page.keyboard.type("r")
    expect(names.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Please look, @finance_preparer ")
    page.keyboard.type("and @nobody")
    page.get_by_role("button", name="Save comment").click()
    expect(page.locator(".q-mention")).to_have_text("@Finance preparer")
    expect(page.get_by_text("Nobody here is called “@nobody”")).to_be_visible()
    looked_at(page, "mention-saved")
    # then the colleague finds it in my work, opens it, and has read it
    opened(kim, "/admin/")
    expect(kim.get_by_role("heading", name="You were mentioned")).to_be_visible()
    looked_at(kim, "mention-my-work")
    with kim.expect_response(lambda answer: answer.url.endswith("/here")):
        kim.get_by_role("region", name="You were mentioned").get_by_role("link").click()
    expect(kim.locator("li:target")).to_contain_text("Please look")
    opened(kim, "/admin/")
    expect(kim.get_by_role("heading", name="You were mentioned")).to_have_count(0)
    assert Mention.objects.get().read_at is not None


def test_a_name_is_chosen_by_pointer_and_an_address_of_mail_offers_none(windows: Windows, path: str) -> None:
    desk_people.person("Finance preparer")
    page = opened(windows.of("Billing operations", width=390), path)
    field = page.get_by_label("Comment")
    field.focus()
    page.keyboard.type("a@fin")
    expect(page.get_by_role("listbox", name="Colleagues")).to_be_hidden()
    page.keyboard.type(" @zzz")
    expect(page.get_by_text("No colleague’s name begins with zzz.")).to_have_count(1)
    page.keyboard.type(" @f")
    page.get_by_role("listbox", name="Colleagues").get_by_role("option", name="Finance preparer").click()
    expect(field).to_have_value("a@fin @zzz @finance_preparer ")
    looked_at(page, "mention-phone")


def test_each_sees_who_else_is_there_and_what_the_other_did(windows: Windows, path: str) -> None:
    mine, other = windows.of("Finance preparer", clock=True), windows.of("Billing operations")
    opened_and_heard(mine, path)
    opened_and_heard(other, path)
    expect(other.locator("#here-people")).to_have_text("Finance preparer is looking at this case.")
    beats(mine)
    expect(mine.locator("#here-people")).to_have_text("Billing operations is looking at this case.")
    # the other takes it: this page says so, once, and offers to read it again
    other.get_by_role("button", name="Take this case").click()
    expect(other.get_by_text("is yours for the next")).to_be_visible()
    beats(mine)
    expect(mine.locator("#here-words")).to_have_text("Billing operations took it after you opened this page.")
    looked_at(mine, "case-changed")
    assert barriers(mine) == []
    # what did not become another text is not said again
    mine.evaluate(
        "window.said = 0; new MutationObserver((those) => { window.said += those.length })"
        ".observe(document.getElementById('here'), { childList: true, characterData: true, subtree: true })"
    )
    beats(mine)
    beats(mine)
    assert mine.evaluate("window.said") <= 2 and mine.locator("#here-words").is_visible()
    assert mine.evaluate("document.getElementById('here-people').textContent").startswith("Billing operations is")
    mine.get_by_role("link", name="Reload the page").click()
    expect(mine.get_by_role("button", name="Take over")).to_be_visible()
    expect(mine.locator("#here-changed")).to_be_hidden()
    # who closes the page is gone at once
    opened(other, "/queue/")
    gone(other, Presence.objects.filter(person=windows.people["Billing operations"]))
    beats(mine)
    expect(mine.locator("#here-people")).to_have_text("")
    assert Presence.objects.count() == 1


def test_a_page_asks_three_times_a_minute_and_not_at_all_while_hidden(windows: Windows, path: str) -> None:
    page = windows.of("Auditor", clock=True)
    page.add_init_script(ASKED)
    page.clock.pause_at(clock.now() + timedelta(seconds=2))
    heard = watched(page, path)
    opened_and_heard(page, path)
    goes_on(page, seconds=120)
    assert 5 <= len(heard) <= 7
    page.evaluate(HIDE, "hidden")
    before = len(heard)
    goes_on(page, seconds=120, of=2)
    assert len(heard) == before
    with page.expect_response(lambda answer: answer.url.endswith("/here")):
        page.evaluate(HIDE, "visible")
    # a portal that is away is asked ever less
    page.route("**/here", lambda route: route.abort())
    before = len(heard)
    goes_on(page, seconds=300, of=15)
    assert 1 <= len(heard) - before <= 5


def test_a_comment_on_an_old_page_is_kept_and_saved_by_pressing_again(windows: Windows, path: str) -> None:
    page = opened(windows.of("Billing operations"), path)
    cases.comment(desk_people.product_case().pk, user=desk_people.person("Sales operations"), text="It is GTX Pro")
    field = page.get_by_label("Comment")
    field.fill("Which product is it?")
    page.get_by_role("button", name="Save comment").click()
    expect(page.get_by_role("alert")).to_contain_text("Sales operations commented after you opened this page.")
    expect(field).to_have_value("Which product is it?")
    expect(field).to_be_focused()
    looked_at(page, "comment-kept")
    assert barriers(page) == []
    # the address is the case's own, so that reading it again is no dead end
    expect(page).to_have_url(re.compile(rf"{path}$"))
    page.get_by_role("button", name="Save comment").click()
    expect(page.get_by_text("Your comment on")).to_be_visible()
    expect(field).to_have_value("")
    assert CaseComment.objects.count() == 2


def test_what_was_typed_survives_a_reload_and_the_end_of_a_session(windows: Windows, path: str) -> None:
    page = windows.of("Billing operations", clock=True)
    opened_and_heard(page, path)
    page.get_by_label("Comment").fill("Half a thought")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    page.get_by_text("Put off", exact=True).first.click()
    page.get_by_label("Why it can wait").fill("Until Monday")
    with page.expect_response(lambda answer: answer.url.endswith("/here")):
        page.reload()
    expect(page.get_by_label("Comment")).to_have_value("Half a thought")
    expect(page.get_by_label("Why it can wait")).to_have_value("Until Monday")
    # signed out meanwhile: the page says so before anything is pressed
    kept = page.context.cookies()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    beats(page)
    expect(page.locator("#here-words")).to_contain_text("You are signed out.")
    looked_at(page, "case-signed-out")
    page.get_by_role("button", name="Save comment").click()
    expect(page).to_have_url(re.compile("/login/"))
    page.context.add_cookies(kept)  # type: ignore[arg-type]
    opened(page, path)
    expect(page.get_by_label("Comment")).to_have_value("Half a thought")
    page.get_by_role("button", name="Save comment").click()
    expect(page.get_by_text("Your comment on")).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Comment")).to_have_value("")


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (390, "light")])
def test_it_all_fits_a_phone(windows: Windows, path: str, width: int, scheme: Any) -> None:
    case = desk_people.product_case()
    page = opened(windows.of("Finance preparer", width=width, scheme=scheme), path)
    Presence.objects.create(
        case=case, person=desk_people.person("Sales operations"), seen_at=case.opened_at, is_writing=True
    )
    Mention.objects.create(
        comment=cases.comment(case.pk, user=desk_people.person("Auditor"), text="@finance_preparer " + "long" * 60),
        person=windows.people["Finance preparer"],
        written="finance_preparer",
        at=case.opened_at,
    )
    with page.expect_response(lambda answer: answer.url.endswith("/here")):
        page.reload()
    expect(page.locator(".q-mention")).to_be_visible()
    looked_at(page, f"case-together-{scheme}")
    opened(page, "/queue/")
    # the page that was left says so by itself, and only then has said all it had to say
    gone(page, Presence.objects.filter(person=windows.people["Finance preparer"]))
    Mention.objects.update(read_at=None)
    opened(page, "/admin/")
    expect(page.get_by_role("heading", name="You were mentioned")).to_be_visible()
    looked_at(page, f"mention-my-work-{scheme}")
    assert barriers(page) == []

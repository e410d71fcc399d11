"""Several cases at once: each by itself, with an outcome for each, and nothing lost on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from reconciliation import cases
from reconciliation.habits import several, snoozes
from reconciliation.models import ExceptionCase, Snooze
from sync import clock
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.markup import problems, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def both() -> list[ExceptionCase]:
    desk_people.company()
    return list(ExceptionCase.objects.order_by("pk"))


def values(rows: list[ExceptionCase]) -> list[str]:
    """As the boxes of the queue carry them."""
    return [f"{row.pk}:{row.version}" for row in rows]


def posted(client: Client, **form: Any) -> tuple[int, str]:
    answer = client.post("/queue/several", {"here": "?view=cases&sort=oldest", **form}, follow=True)
    html = answer.content.decode()
    assert problems(html) == []
    return answer.status_code, html


def day(days: int) -> str:
    return f"{clock.now() + timedelta(days=days):%Y-%m-%d}"


def test_all_chosen_are_taken_and_the_page_says_so_for_each(both: list[ExceptionCase]) -> None:
    client = desk_people.signed_in("Billing operations")
    _, html = posted(client, do="take", case=values(both))
    assert "2 of 2 cases taken" in html and html.count("Yours for the next 15 minutes.") == 2
    assert "/queue/?view=cases&amp;sort=oldest" in html
    assert ExceptionCase.objects.filter(assignee__username="billing_operations").count() == 2
    # reading the page again takes nothing again
    assert client.get("/queue/several/done").status_code == 200


def test_what_cannot_be_done_to_one_holds_up_no_other(both: list[ExceptionCase]) -> None:
    chosen = values(both)
    cases.take(both[0].pk, user=desk_people.person("Finance preparer"))
    _, html = posted(desk_people.signed_in("Billing operations"), do="take", case=chosen)
    assert "1 of 2 cases taken" in html and "Finance preparer took it after you opened the queue." in html
    # the newer page lets it be tried, and the one who holds it keeps it
    both[0].refresh_from_db()
    _, html = posted(desk_people.signed_in("Billing operations"), do="take", case=values(both[:1]))
    assert "0 of 1 case taken" in html and "has this case until" in words_of(html)
    cases.close([both[1]], note="Went through")
    both[1].refresh_from_db()
    _, html = posted(desk_people.signed_in("Billing operations"), do="take", case=values(both[1:]))
    assert f"{both[1].number} is closed; there is nothing to take." in html


def test_all_chosen_are_put_off_and_brought_back(both: list[ExceptionCase]) -> None:
    client = desk_people.signed_in("Billing operations")
    form = {"do": "snooze", "case": values(both), "until": day(2), "because": "Month end first"}
    _, html = posted(client, **form)
    assert "2 of 2 cases put off" in html and "Undo all 2" in html
    assert {row.because for row in Snooze.objects.filter(ended_at=None)} == {"Month end first"}
    _, html = posted(client, do="wake", case=values(both))
    assert "2 of 2 cases brought back" in html and not Snooze.objects.filter(ended_at=None).exists()
    _, html = posted(client, do="wake", case=values(both))
    assert "0 of 2 cases brought back" in html and html.count("is on the queue already") == 2


@pytest.mark.parametrize(
    ("until", "because", "words"),
    [
        ("soon", "Month <end>", "Come back on: give a day, such as 2026-01-31."),
        ("", "Month <end>", "Come back on: give a day"),
        ("day", " ", "Why they can wait: say it"),
    ],
)
def test_what_was_chosen_and_typed_stays_where_something_is_missing(
    both: list[ExceptionCase], until: str, because: str, words: str
) -> None:
    until = day(2) if until == "day" else until
    client = desk_people.signed_in("Billing operations")
    status, html = posted(client, do="snooze", case=values(both[:1]), until=until, because=because)
    assert status == 422 and words in html and html.count(" checked>") == 1
    assert ("Month &lt;end&gt;</textarea>" in html) == (because != " ")
    assert not Snooze.objects.exists() and 'value="?view=cases&amp;sort=oldest"' in html


def test_a_day_that_is_too_far_is_said_for_each(both: list[ExceptionCase]) -> None:
    form = {"do": "snooze", "case": values(both), "until": day(40), "because": "x"}
    _, html = posted(desk_people.signed_in("Billing operations"), **form)
    assert "0 of 2 cases put off" in html and html.count(f"a case waits {snoozes.LONGEST.days} days at most") == 2


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"do": "take"}, "No case was chosen."),
        ({"do": "take", "case": ["x", "1x:1", "-1", "9" * 30]}, "No case was chosen."),
        ({"do": "close", "case": ["1:1"]}, "cannot be done to several cases"),
        ({"do": "take", "case": [f"{number}:1" for number in range(101)]}, "100 at most"),
        ({"do": "take", "case": ["999999:1"]}, "0 of 0 cases taken"),
    ],
)
def test_nonsense_is_said_and_is_no_error(both: list[ExceptionCase], form: Any, words: str) -> None:
    status, html = posted(desk_people.signed_in("Billing operations"), **form)
    assert status == 200 and words in html
    assert not ExceptionCase.objects.exclude(assignee=None).exists()


def test_who_only_looks_has_no_boxes_and_can_do_nothing(both: list[ExceptionCase]) -> None:
    for role in ("Auditor", "Executive", "Finance approver"):
        client = desk_people.signed_in(role)
        assert 'name="case"' not in client.get("/queue/?view=cases").content.decode()
        for form in ({"do": "take"}, {"do": "snooze", "until": day(2), "because": "x"}, {"do": "wake"}):
            assert posted(client, case=values(both), **form)[0] == 403
    assert 'name="case"' in desk_people.signed_in("Finance preparer").get("/queue/?view=cases").content.decode()
    assert desk_people.signed_in("Finance preparer").get("/queue/several").status_code == 405
    assert not Snooze.objects.exists() and not ExceptionCase.objects.exclude(assignee=None).exists()


def test_outcomes_are_ones_own_and_without_any_the_queue_is_shown(both: list[ExceptionCase]) -> None:
    posted(desk_people.signed_in("Billing operations"), do="take", case=values(both))
    answer = desk_people.signed_in("Finance preparer").get("/queue/several/done")
    assert answer.status_code == 302 and answer["Location"] == "/queue/?view=cases"


def test_where_it_goes_back_to_is_the_queue_whatever_was_sent(both: list[ExceptionCase]) -> None:
    answer = desk_people.signed_in("Billing operations").post(
        "/queue/several", {"do": "take", "here": "//elsewhere.example/?a=b"}
    )
    assert answer["Location"].startswith("/queue/?")
    assert several.chosen(["5:2", "5:3", "٣:1"]) == {5: "3"}

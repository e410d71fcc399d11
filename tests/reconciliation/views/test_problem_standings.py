"""How a problem stands is told from its cases: new, ongoing, growing, come back, put off, solved."""

from datetime import datetime, timedelta

import pytest

from reconciliation import cases, figures, figures_problems
from reconciliation.figures_problems import LEAST
from reconciliation.habits import snoozes
from reconciliation.models import ExceptionCase, Problem
from reconciliation.queue_filters import Filters
from sync import clock
from sync.models import WorkItem
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def problem() -> Problem:
    """Known for ten days, with one case as old."""
    desk_people.company()
    row = desk_people.product_problem()
    long_ago = clock.now() - timedelta(days=10)
    Problem.objects.filter(pk=row.pk).update(first_seen_at=long_ago)
    row.cases.update(opened_at=long_ago)
    return desk_people.product_problem()


def word(problem: Problem) -> str:
    problem.refresh_from_db()
    return figures_problems.standings([problem])[problem.pk].word


def more(problem: Problem, count: int, *, opened_at: datetime) -> None:
    """So many cases more of the same cause, opened then."""
    like = ExceptionCase.objects.filter(problem=problem).order_by("pk")[0]
    for number in range(count):
        item = WorkItem.objects.get(pk=like.work_item_id)
        item.pk, item._state.adding = None, True
        item.reference = f"opportunity:more{ExceptionCase.objects.count()}-{number}"
        item.save()
        case = ExceptionCase.objects.get(pk=like.pk)
        case.pk, case._state.adding = None, True
        case.work_item, case.reference, case.opened_at = item, item.reference, opened_at
        case.save()


def test_new_ongoing_come_back_and_solved(problem: Problem) -> None:
    assert word(problem) == "ongoing"
    Problem.objects.filter(pk=problem.pk).update(first_seen_at=clock.now())
    assert word(problem) == "new"
    Problem.objects.filter(pk=problem.pk).update(regressed_at=clock.now(), first_seen_at=problem.first_seen_at)
    assert word(problem) == "came back"
    cases.close(list(problem.cases.all()), note="Went through")
    assert word(problem) == "solved"


@pytest.mark.parametrize(
    ("lately", "week_before", "then"),
    [
        (LEAST, 0, "growing"),
        (LEAST - 1, 0, "ongoing"),
        # five in a day where it was two and a half on a usual one, and just under twice as many
        (5, 17, "growing"),
        (5, 18, "ongoing"),
        (6, 21, "growing"),
    ],
)
def test_it_grows_when_a_day_brings_twice_as_many_as_usual(
    problem: Problem, lately: int, week_before: int, then: str
) -> None:
    now = clock.now()
    more(problem, lately, opened_at=now - timedelta(hours=1))
    more(problem, week_before, opened_at=now - timedelta(days=3))
    assert word(problem) == then
    grows = then == "growing"
    assert figures_problems.growing() == ([problem.pk] if grows else [])
    user = desk_people.person("Billing operations")
    found = Filters({"state": "growing"}).apply(figures.open_cases(), user=user)
    assert set(found.values_list("problem", flat=True)) == ({problem.pk} if grows else set())
    # a new problem is new, however many cases it has
    Problem.objects.filter(pk=problem.pk).update(first_seen_at=now)
    assert word(problem) == "new" and not figures_problems.growing()


def test_what_is_older_than_a_week_and_a_day_is_not_usual(problem: Problem) -> None:
    now = clock.now()
    more(problem, 5, opened_at=now - timedelta(hours=1))
    more(problem, 40, opened_at=now - timedelta(days=8, hours=1))
    assert word(problem) == "growing"


def test_put_off_is_a_problem_only_when_all_its_cases_are(problem: Problem) -> None:
    more(problem, 1, opened_at=clock.now() - timedelta(days=3))
    user = desk_people.person("Billing operations")
    for row in problem.cases.all():
        assert word(problem) == "ongoing"
        snoozes.snooze(row.pk, until=clock.now() + timedelta(days=1), because="Waits for sales", user=user)
    assert word(problem) == "put off"


def test_the_pages_say_it_with_its_reason(problem: Problem) -> None:
    more(problem, 6, opened_at=clock.now() - timedelta(hours=1))
    client = desk_people.signed_in("Billing operations")
    words = "6 of its cases opened in the last 24 hours; on a usual day it is 0.0."
    for path in ("/admin/", "/queue/", "/queue/?state=growing", f"/p/{problem.number}"):
        text = client.get(path).content.decode()
        assert words in text and "growing" in text, path
    assert "Growing</h2>" in client.get("/admin/").content.decode()
    assert "Growing</h2>" not in desk_people.signed_in("Sales operations").get("/admin/").content.decode()

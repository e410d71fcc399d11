"""Views people keep, and cases they put off."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import Client

from reconciliation import figures
from reconciliation.approvals import Refused
from reconciliation.cases import Conflict
from reconciliation.habits import mentions, saved_views, since, snoozes
from reconciliation.habits.saved_views import NotSaved
from reconciliation.models import ExceptionCase, SavedView, Snooze
from reconciliation.queue_filters import Filters
from sync import clock
from sync.models import JournalEntry
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.markup import problems, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def case() -> ExceptionCase:
    desk_people.company()
    return ExceptionCase.objects.get(reason="PRODUCT_UNMAPPED")


def seen(role: str, path: str, form: dict[str, Any] | None = None) -> tuple[int, str]:
    client: Client = desk_people.signed_in(role)
    answer = client.get(path) if form is None else client.post(path, form, follow=True)
    html = answer.content.decode()
    if "<html" not in html:
        return answer.status_code, unescape(html)
    assert problems(html) == [], path
    return answer.status_code, unescape(words_of(html))


# -- put off ------------------------------------------------------------------------------------------
def put_off(case: ExceptionCase, *, days: float = 2, role: str = "Billing operations") -> Snooze:
    until = clock.now() + timedelta(days=days)
    return snoozes.snooze(case.pk, until=until, because="The customer answers on Monday", user=desk_people.person(role))


def on_the_queue(**chosen: str) -> set[int]:
    user = desk_people.person("Billing operations")
    return set(Filters(chosen).apply(figures.open_cases(), user=user).values_list("pk", flat=True))


def test_a_case_put_off_leaves_the_queue_and_comes_back_by_itself(case: ExceptionCase, monkeypatch: Any) -> None:
    due, row = case.due_at, put_off(case)
    assert case.pk not in on_the_queue() and on_the_queue(state="snoozed") == {case.pk}
    # it is still found by who looks for it, still owned, and as late as before
    assert case.pk in on_the_queue(q=case.number)
    case.refresh_from_db()
    assert (case.status, case.due_at, case.team) == ("open", due, case.team)
    with clock.use(lambda: row.until):
        assert case.pk in on_the_queue() and on_the_queue(state="back") == {case.pk}
    assert JournalEntry.objects.filter(action="case snoozed", object_key=case.number).exists()


def test_it_is_brought_back_earlier_and_put_off_again(case: ExceptionCase) -> None:
    put_off(case)
    user = desk_people.person("Finance preparer")
    snoozes.wake(case.pk, user=user)
    assert case.pk in on_the_queue()
    with pytest.raises(Conflict, match="on the queue already"):
        snoozes.wake(case.pk, user=user)
    put_off(case)
    put_off(case, days=3)
    # the earlier one ended, both are kept
    assert [row.ended_at is None for row in Snooze.objects.order_by("pk")] == [False, False, True]
    with pytest.raises(IntegrityError, match="one_live_snooze"), transaction.atomic():
        Snooze.objects.update(ended_at=None, ended_by=None)


@pytest.mark.parametrize(("days", "because"), [(0, "x"), (-1, "x"), (31, "x"), (1, "  ")])
def test_a_snooze_has_an_end_and_a_reason(case: ExceptionCase, days: int, because: str) -> None:
    user = desk_people.person("Billing operations")
    with pytest.raises(ValueError, match="why|Give a time"):
        snoozes.snooze(case.pk, until=clock.now() + timedelta(days=days), because=because, user=user)


def test_who_only_looks_puts_nothing_off_and_what_is_closed_cannot_be(case: ExceptionCase) -> None:
    with pytest.raises(Refused):
        put_off(case, role="Auditor")
    ExceptionCase.objects.filter(pk=case.pk).update(status="closed", closed_at=clock.now(), resolution="fixed")
    with pytest.raises(Conflict, match="closed"):
        put_off(case)


def test_the_page_puts_off_and_brings_back(case: ExceptionCase) -> None:
    page, until = f"/x/{case.number}", f"{clock.now() + timedelta(days=3):%Y-%m-%d}"
    status, text = seen("Billing operations", page)
    assert status == 200 and "Why it can wait" in text
    form = {"until": until, "because": "Waits for the customer", "version": since.mark(case)}
    status, text = seen("Billing operations", f"{page}/snooze", form)
    assert "is off the queue until" in text and "“Waits for the customer”" in text
    status, text = seen("Billing operations", f"{page}/wake", {})
    assert "is back on the queue" in text
    status, text = seen("Billing operations", f"{page}/snooze", {"until": "soon", "because": "x"})
    assert status == 422 and "Comes back on: give a day, such as 2026-01-31." in text
    status, text = seen("Auditor", f"{page}/snooze", {"until": until, "because": "x"})
    assert status == 403 and "not put them off" in text


@pytest.mark.parametrize("event", ["on_comment", "on_repeat"])
def test_a_case_comes_back_when_what_it_waits_for_happens(case: ExceptionCase, event: str) -> None:
    page, until = f"/x/{case.number}", f"{clock.now() + timedelta(days=3):%Y-%m-%d}"
    form = {"until": until, "because": "Waits for sales", "version": since.mark(case), event: "on"}
    words = {"on_comment": "when somebody else comments", "on_repeat": "when it happens again"}[event]
    _, text = seen("Billing operations", f"{page}/snooze", form)
    assert f"or {words}, by" in text and case.pk not in on_the_queue()
    assert words in seen("Auditor", f"{page}/peek")[1]
    # what was not waited for changes nothing: one's own comment, and the other event
    mentions.comment(case.pk, user=desk_people.person("Billing operations"), text="Still waiting")
    if event == "on_comment":
        ExceptionCase.objects.filter(pk=case.pk).update(occurrences=F("occurrences") + 1)
    else:
        mentions.comment(case.pk, user=desk_people.person("Finance preparer"), text="Any news?")
    assert case.pk not in on_the_queue()
    # what was waited for brings it back
    if event == "on_comment":
        mentions.comment(case.pk, user=desk_people.person("Finance preparer"), text="Sales says yes")
        assert JournalEntry.objects.filter(action="case back", text__endswith="commented on it.").count() == 1
        assert not Snooze.objects.filter(ended_at=None).exists()
    else:
        ExceptionCase.objects.filter(pk=case.pk).update(occurrences=F("occurrences") + 1)
        assert on_the_queue(state="back") == {case.pk} and on_the_queue(state="snoozed") == set()
        assert "It happened again, so it is back" in seen("Auditor", page)[1]
    assert case.pk in on_the_queue()


def test_what_was_ticked_is_kept_beside_what_was_wrong(case: ExceptionCase) -> None:
    form = {"until": "soon", "because": "x", "on_comment": "on", "version": since.mark(case)}
    client = desk_people.signed_in("Billing operations")
    html = client.post(f"/x/{case.number}/snooze", form).content.decode()
    assert 'name="on_comment" checked' in html and 'name="on_repeat" checked' not in html


# -- views --------------------------------------------------------------------------------------------
def save(role: str = "Billing operations", **values: str) -> SavedView:
    given = {"name": "Mine to do", "scope": "me", "query": "?team=billing_ops&sort=oldest", **values}
    return saved_views.save(user=desk_people.person(role), **given)


def names(role: str) -> list[str]:
    return [view.name for view in saved_views.views_of(desk_people.person(role)) if view.by]


def test_a_view_is_seen_by_whom_it_is_for(case: ExceptionCase) -> None:
    save(name="For me")
    save(name="For the team", scope="team")
    save(name="For all", scope="everyone")
    assert names("Billing operations") == ["For all", "For me", "For the team"]
    assert names("Finance preparer") == ["For all"]
    # it never widens what its reader sees: it is only a choice of filters
    assert SavedView.objects.get(name="For all").query == "?team=billing_ops&sort=oldest"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " "}, "Give the view a name"),
        ({"query": ""}, "Nothing is chosen"),
        ({"query": "?team=nobody"}, "Nothing is chosen"),
        ({"scope": "world"}, "Choose who sees it"),
        ({"scope": "team", "role": "Auditor"}, "You belong to no team"),
    ],
)
def test_what_cannot_be_saved_is_said(case: ExceptionCase, values: dict[str, str], words: str) -> None:
    with pytest.raises(NotSaved, match=words):
        save(**values)


def test_a_name_is_used_once_and_only_its_owner_deletes_a_view(case: ExceptionCase) -> None:
    row = save(scope="everyone")
    with pytest.raises(NotSaved, match="already"):
        save(name="MINE to do")
    with pytest.raises(NotSaved, match="Only the person who saved"):
        saved_views.delete(row.pk, user=desk_people.person("Finance preparer"))
    assert saved_views.delete(row.pk, user=desk_people.person("Billing operations")) == "Mine to do"


def test_every_view_everybody_starts_with_is_one_the_queue_knows(case: ExceptionCase) -> None:
    for name, query in saved_views.DEFAULTS:
        chosen = dict(pair.split("=") for pair in query.lstrip("?").split("&"))
        assert Filters(chosen).address() == query, name


def test_counts_stop_where_they_say_nothing_more(case: ExceptionCase, monkeypatch: pytest.MonkeyPatch) -> None:
    user = desk_people.person("Billing operations")
    views = [saved_views.View(name="all", query="?sort=oldest")]
    open_now = figures.open_cases().count()
    assert [count for _, count in saved_views.counts(views, user=user)] == [str(open_now)]
    monkeypatch.setattr(saved_views, "MOST_COUNTED", open_now - 1)
    assert [count for _, count in saved_views.counts(views, user=user)] == [f"{open_now - 1}+"]


def test_the_queue_saves_lists_and_deletes_views(case: ExceptionCase) -> None:
    status, text = seen("Billing operations", "/queue/?team=billing_ops")
    assert status == 200 and "Save this view" in text and "Taken by nobody" in text
    form = {"name": "Ours", "scope": "team", "query": "?team=billing_ops"}
    status, text = seen("Billing operations", "/queue/views/save", form)
    assert "Saved as Ours." in text
    status, text = seen("Billing operations", "/queue/views?team=billing_ops")
    assert "Ours" in text and "Billing operations" in text
    row = SavedView.objects.get()
    status, text = seen("Finance preparer", f"/queue/views/{row.pk}/delete", {})
    assert "Only the person who saved a view deletes it." in text
    status, text = seen("Billing operations", f"/queue/views/{row.pk}/delete", {})
    assert "Ours is deleted." in text

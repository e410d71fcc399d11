"""Views people follow: told what is new, together, once an hour, and nothing they may not see or that is over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from reconciliation import figures
from reconciliation.habits import saved_views
from reconciliation.habits.notices import following
from reconciliation.habits.saved_views import NotSaved
from reconciliation.models import CaseTag, ExceptionCase, SavedView, ViewMatch, ViewSubscription
from sync import clock
from tests.reconciliation.notices.moments import Moment, at
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
#: a Tuesday afternoon, far from any digest
NOW = datetime(2026, 5, 12, 15, 10, tzinfo=UTC)


@pytest.fixture
def moment() -> Iterator[Moment]:
    with at(NOW, because="you follow this view") as made:
        desk_people.company()
        ExceptionCase.objects.update(due_at=NOW + timedelta(days=9))
        yield made


def reader() -> User:
    person = desk_people.person("Billing operations", "reader")
    person.email = "reader@example.com"
    person.save()
    return person


def view(owner: User, *, scope: str = "everyone") -> SavedView:
    return saved_views.save(user=owner, name="Urgent", scope=scope, query="?tag=urgent&view=cases")


def arrives() -> list[ExceptionCase]:
    """Both problems' cases are in the view from now on."""
    cases = list(figures.open_cases().order_by("pk")[:2])
    for case in cases:
        CaseTag.objects.create(case=case, word="urgent", by=desk_people.person("Auditor"), at=clock.now())
    assert len(cases) == 2
    return cases


def test_what_a_view_showed_already_is_no_news(moment: Moment) -> None:
    person = reader()
    arrives()
    following.follow(view(person).pk, user=person)
    assert ViewMatch.objects.filter(is_news=False).count() == 2
    assert moment.later(hours=1) + moment.later(hours=1) == []


def test_new_cases_are_one_mail_when_the_hour_is_over(moment: Moment) -> None:
    person = reader()
    row = view(person)
    following.follow(row.pk, user=person)
    cases = arrives()
    # found at ten past and at half past; nothing before the hour is over
    assert moment.later(minutes=1) == []
    assert moment.later(minutes=20) == []
    (one,) = moment.later(minutes=40)
    assert one.to == ["reader@example.com"]
    assert one.subject == "2 new cases in “Urgent”"
    assert all(case.number in one.body for case in cases)
    assert f"/queue/{row.query}" in one.body
    # told once
    assert moment.later(minutes=5) + moment.later(hours=1) + moment.later(hours=5) == []


def test_what_is_closed_by_then_is_not_told(moment: Moment) -> None:
    person = reader()
    row = view(person)
    following.follow(row.pk, user=person)
    arrives()
    moment.later(minutes=1)
    ExceptionCase.objects.update(status="closed", closed_at=clock.now(), resolution="fixed")
    assert moment.later(hours=1) == []


def test_somebody_else_s_view_is_followed_while_it_is_shared(moment: Moment) -> None:
    owner, person = desk_people.person("Billing operations", "owner"), reader()
    row = view(owner)
    following.follow(row.pk, user=person)
    arrives()
    moment.later(minutes=1)
    SavedView.objects.filter(pk=row.pk).update(scope="me")
    assert moment.later(hours=1) == []


def test_a_view_nobody_shared_cannot_be_followed_and_a_deleted_one_is_forgotten(moment: Moment) -> None:
    owner, person = desk_people.person("Billing operations", "owner"), reader()
    row = view(owner, scope="me")
    with pytest.raises(NotSaved, match="no such view"):
        following.follow(row.pk, user=person)
    following.follow(row.pk, user=owner)
    following.follow(row.pk, user=owner)
    assert ViewSubscription.objects.count() == 1
    saved_views.delete(row.pk, user=owner)
    assert ViewSubscription.objects.count() == ViewMatch.objects.count() == 0


def test_a_view_of_too_much_is_not_followed(moment: Moment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_FOLLOWED", 0)
    person = reader()
    arrives()
    with pytest.raises(NotSaved, match="has more than 0 cases; narrow it"):
        following.follow(view(person).pk, user=person)
    assert not ViewSubscription.objects.exists()


def test_unfollowed_is_untold(moment: Moment) -> None:
    person = reader()
    row = view(person)
    following.follow(row.pk, user=person)
    arrives()
    moment.later(minutes=1)
    following.unfollow(row.pk, user=person)
    assert moment.later(hours=1) == [] and following.followed(person) == set()


def test_who_may_no_longer_see_cases_is_not_told(moment: Moment) -> None:
    person = reader()
    following.follow(view(person).pk, user=person)
    arrives()
    moment.later(minutes=1)
    person.groups.clear()
    assert moment.later(hours=1) == []

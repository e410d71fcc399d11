"""Cases people watch: what others did, together, once an hour; nothing of their own, and nothing they may not see."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from reconciliation.habits import handing, mentions
from reconciliation.habits.notices import watching
from reconciliation.models import CaseWatch, ExceptionCase
from tests.reconciliation.notices.moments import Moment, at
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
#: a Tuesday afternoon, far from any digest
NOW = datetime(2026, 5, 12, 15, 10, tzinfo=UTC)


@pytest.fixture
def moment() -> Iterator[Moment]:
    with at(NOW, because="you watch the case") as made:
        desk_people.company()
        ExceptionCase.objects.update(due_at=NOW + timedelta(days=9))
        made.now += timedelta(seconds=1)
        yield made


def reader() -> User:
    person = desk_people.person("Billing operations", "reader")
    person.email = "reader@example.com"
    person.save()
    return person


def test_what_others_did_is_one_mail_when_the_hour_is_over(moment: Moment) -> None:
    person, other, case = reader(), desk_people.person("Billing operations", "other"), desk_people.product_case()
    watching.watch(case.pk, user=person)
    moment.now += timedelta(minutes=5)
    handing.take(case.pk, user=other)
    mentions.comment(case.pk, user=other, text="Looks known")
    assert moment.later(minutes=1) == []
    (one,) = moment.later(minutes=50)
    assert one.subject.startswith(f"{case.number}, ") and one.subject.endswith(": 2 things were done by others")
    assert f"other took {case.number}." in one.body and f"/x/{case.number}" in one.body
    assert moment.later(minutes=5) + moment.later(hours=2) == []


def test_one_s_own_doing_and_what_was_before_is_not_told(moment: Moment) -> None:
    person, other, case = reader(), desk_people.person("Billing operations", "other"), desk_people.product_case()
    mentions.comment(case.pk, user=other, text="Before")
    moment.now += timedelta(minutes=1)
    watching.watch(case.pk, user=person)
    moment.now += timedelta(minutes=1)
    handing.take(case.pk, user=person)
    assert moment.later(hours=1) == []


def test_nothing_is_told_of_other_cases_or_after_it_is_left(moment: Moment) -> None:
    person, other, case = reader(), desk_people.person("Sales operations", "other"), desk_people.product_case()
    country = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    watching.watch(case.pk, user=person)
    moment.now += timedelta(minutes=1)
    mentions.comment(country.pk, user=other, text="Another")
    assert moment.later(hours=1) == []
    mentions.comment(case.pk, user=other, text="This one")
    watching.unwatch(case.pk, user=person)
    assert moment.later(hours=1) == []


def test_who_may_no_longer_see_cases_is_not_told(moment: Moment) -> None:
    person, other, case = reader(), desk_people.person("Billing operations", "other"), desk_people.product_case()
    watching.watch(case.pk, user=person)
    moment.now += timedelta(minutes=1)
    mentions.comment(case.pk, user=other, text="Looks known")
    person.groups.clear()
    assert moment.later(hours=1) == []


def test_it_is_watched_and_left_from_its_page_and_the_profile(moment: Moment) -> None:
    reader()
    case, client = desk_people.product_case(), desk_people.signed_in("Billing operations", "reader")
    at = reverse("desk:case", args=[case.pk])
    page = client.post(f"{at}/watch", {"on": "1"}, follow=True).content.decode()
    assert "what others do to it is mailed to reader@example.com" in page and "Watch no longer" in page
    client.post(f"{at}/watch", {"on": "1"})
    assert CaseWatch.objects.count() == 1
    assert case.number in client.get("/profile/").content.decode()
    answer = client.post(f"{at}/watch", {"on": "", "back": "profile"})
    assert answer.headers["location"] == "/profile/#mail" and not CaseWatch.objects.exists()
    assert client.post("/x/EXC-999999/watch", {"on": "1"}).status_code == 404
    # who is never told of one is not asked
    assert f"{at}/watch" not in desk_people.signed_in("Auditor").get(at).content.decode()

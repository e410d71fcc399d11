"""Somebody is away: what they hold is on the page of whoever stands in, on the days they said, in their own zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from reconciliation import figures
from reconciliation.habits import absences, handing
from reconciliation.habits.absences import NotSaid
from reconciliation.models import Absence, ExceptionCase, Profile
from reconciliation.queue_filters import Filters
from sync import clock
from sync.models import JournalEntry
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with clock.use(lambda: NOON):
        yield


@pytest.fixture
def case() -> ExceptionCase:
    """Held by Bea of billing operations; Finn is of finance, whose queue it is not on."""
    desk_people.company()
    for role, name in (("Billing operations", "bea"), ("Finance preparer", "finn"), ("Sales operations", "sal")):
        desk_people.person(role, name)
    desk_people.person("Auditor")
    row = desk_people.product_case()
    handing.hand(row.pk, to=who("bea"), because="Knows the product", user=who("finn"))
    return row


def who(name: str) -> User:
    return User.objects.get(username=name)


def away(name: str = "bea", stands_in: str = "finn", *, first: int = 0, last: int = 3) -> Absence:
    start, end = (TODAY + timedelta(days=days) for days in (first, last))
    return absences.say(user=who(name), first=start, last=end, stands_in=stands_in)


def on_the_desk(name: str) -> set[int]:
    return set(figures.desk_of(who(name)).values_list("pk", flat=True))


def mine(name: str) -> set[int]:
    rows = Filters({"mine": "1"}).apply(figures.open_cases(), user=who(name))
    return set(rows.values_list("pk", flat=True))


def test_who_stands_in_has_it_on_their_page_and_it_stays_where_it_is(case: ExceptionCase) -> None:
    assert case.pk not in on_the_desk("finn") and mine("finn") == set()
    before = figures.open_problem_count(who("finn"))
    away()
    assert case.pk in on_the_desk("finn") and mine("finn") == {case.pk} == mine("bea")
    assert figures.open_problem_count(who("finn")) == before + 1 and figures.desk(who("finn")).mine == 1
    case.refresh_from_db()
    assert case.assignee == who("bea")
    assert JournalEntry.objects.get(action="away").text.startswith(
        "bea is away until 19 Nov; Finance preparer stands in"
    )
    # nobody else's page changes, and the case says so to everybody who opens it
    assert case.pk not in on_the_desk("sal")
    for reader in ("Auditor", "Finance preparer"):
        text = desk_people.signed_in(reader).get(f"/x/{case.number}").content.decode()
        assert "They are away until 19 Nov; Finance preparer stands in." in text


@pytest.mark.parametrize(("days", "is_there"), [(-1, False), (0, True), (3, True), (4, False)])
def test_from_the_first_day_to_the_last(case: ExceptionCase, days: int, is_there: bool) -> None:
    away()
    with clock.use(lambda: NOON + timedelta(days=days)):
        assert (case.pk in on_the_desk("finn")) is is_there


@pytest.mark.parametrize(
    ("zone", "hour", "is_there"), [("Asia/Tokyo", 14, False), ("Asia/Tokyo", 16, True), ("UTC", 16, False)]
)
def test_days_are_those_of_who_is_away(case: ExceptionCase, zone: str, hour: int, is_there: bool) -> None:
    Profile.objects.create(user=who("bea"), zone=zone)
    away(first=1)
    with clock.use(lambda: NOON.replace(hour=hour)):
        assert (case.pk in on_the_desk("finn")) is is_there


def test_where_who_stands_in_is_away_too_it_goes_on_and_a_circle_ends(case: ExceptionCase) -> None:
    away("bea", "finn")
    away("finn", "sal")
    assert case.pk in on_the_desk("sal") and case.pk not in on_the_desk("finn")
    away("sal", "bea")
    # all three are away: it stays with whoever holds it
    assert absences.hands_of(who("bea")) >= {who("bea").pk} and case.pk in on_the_desk("bea")


def test_it_is_taken_back(case: ExceptionCase) -> None:
    row = away()
    with pytest.raises(Absence.DoesNotExist):
        absences.take_back(row.pk, user=who("finn"))
    absences.take_back(row.pk, user=who("bea"))
    assert case.pk not in on_the_desk("finn") and JournalEntry.objects.filter(action="back").exists()
    # the days are free again
    away()


@pytest.mark.parametrize(
    ("first", "last", "stands_in", "field"),
    [(2, 1, "finn", "last"), (-3, -1, "finn", "last"), (0, 181, "", "last"), (0, 1, "bea", "stands_in"),
     (0, 1, "auditor", "stands_in"), (0, 1, "nobody", "stands_in")],
)  # fmt: skip
def test_what_cannot_be_is_said_by_field(
    case: ExceptionCase, first: int, last: int, stands_in: str, field: str
) -> None:
    with pytest.raises(NotSaid) as refused:
        away(first=first, last=last, stands_in=stands_in)
    assert refused.value.field == field and not Absence.objects.exists()


def test_the_database_keeps_the_days_apart(case: ExceptionCase) -> None:
    row = away()
    with pytest.raises(NotSaid, match="already") as refused:
        away(first=3, last=5)
    assert refused.value.field == "first"
    for broken in ({"stands_in": who("bea")}, {"last": TODAY - timedelta(days=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Absence.objects.filter(pk=row.pk).update(**broken)
    away(first=4, last=5, stands_in="")


def test_through_the_page(case: ExceptionCase) -> None:
    client = Client()
    client.force_login(who("bea"))
    form = {"first": f"{TODAY}", "last": f"{TODAY + timedelta(days=2)}", "stands_in": "finn"}
    text = client.post("/profile/away", form, follow=True).content.decode()
    assert "you are away until 18 Nov; Finance preparer stands in" in text and "I am back" in text
    # colleagues are told before they hand something to somebody who is not there
    other = ExceptionCase.objects.get(reason="COUNTRY_UNKNOWN")
    desk = desk_people.signed_in("Billing operations")
    page = desk.get(f"/x/{other.number}")
    assert "Billing operations (away until 18 Nov; Finance preparer stands in)" in page.content.decode()
    assert (
        "Billing operations (away until 18 Nov; Finance preparer stands in)"
        in desk.get("/queue/?view=cases").content.decode()
    )
    given = {"version": page.context["version"], "to": "person:bea", "because": "Knows the customer"}
    text = desk.post(f"/x/{other.number}/hand-over", given, follow=True).content.decode()
    assert "They are away until 18 Nov; Finance preparer stands in." in text
    # what was typed is kept beside what is wrong
    answer = client.post("/profile/away", {**form, "last": "soon"})
    text = answer.content.decode()
    assert answer.status_code == 422 and "Give a day, such as 2026-01-31." in text and 'value="finn" selected' in text
    number = Absence.objects.get().pk
    assert client.post(f"/profile/away/{number}/back", follow=True).status_code == 200
    assert Absence.objects.get().ended_at == NOON
    assert client.post(f"/profile/away/{number}/back").status_code == 404


def test_who_works_no_cases_is_not_stood_in_for(case: ExceptionCase) -> None:
    auditor = desk_people.signed_in("Auditor")
    assert "When you are away" not in auditor.get("/profile/").content.decode()
    form = {"first": f"{date(2026, 11, 20)}", "last": f"{date(2026, 11, 21)}", "stands_in": ""}
    assert auditor.post("/profile/away", form).status_code == 403


def test_machines_say_it_too(case: ExceptionCase) -> None:
    client = Client()
    client.force_login(who("bea"))
    path, kind = "/api/v1/absences", "application/json"
    given = {"first": f"{TODAY}", "last": f"{TODAY + timedelta(days=3)}", "stands_in": "finn"}
    made = client.post(path, given, content_type=kind)
    assert made.status_code == 201 and case.pk in on_the_desk("finn")
    assert [one["number"] for one in client.get(path).json()] == [made.json()["number"]]
    for wrong, field in (({"stands_in": "bea"}, "stands_in"), ({"last": "2020-01-01"}, "last"), ({}, "first")):
        answer = client.post(path, {**given, **wrong}, content_type=kind)
        assert answer.status_code == 400 and field in answer.content.decode()
    back = f"{path}/{made.json()['number']}/back"
    stranger = desk_people.signed_in("Auditor")
    assert stranger.post(back).status_code == 404 and stranger.post(path, given, content_type=kind).status_code == 403
    assert client.post(back).status_code == 200 and client.post(back).status_code == 404
    assert case.pk not in on_the_desk("finn")

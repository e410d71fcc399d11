"""Times stand on the reader's clock, with its zone; what is chosen is checked; dates of books are left alone."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reconciliation.habits.profile import KEYS
from reconciliation.models import Profile
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db
#: after the clocks went back in Europe, before they do in the United States
MOMENT = datetime(2026, 10, 27, 23, 30, 15, tzinfo=UTC)


@pytest.fixture
def client() -> Client:
    return desk_people.signed_in("Finance preparer")


def _user() -> User:
    return User.objects.get(username="finance_preparer")


def _shown(source: str, **context: object) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "27 Oct 2026 23:30 UTC"),
        ("Europe/Berlin", "28 Oct 2026 00:30 CET"),
        ("America/New_York", "27 Oct 2026 19:30 EDT"),
        ("Asia/Kolkata", "28 Oct 2026 05:00 IST"),
        ("America/Sao_Paulo", "27 Oct 2026 20:30 UTC-03"),
    ],
)
def test_a_moment_stands_on_the_reader_s_clock_and_in_utc_in_the_tooltip(zone: str, words: str) -> None:
    with timezone.override(zone):
        text = _shown("{% when at %}", at=MOMENT)
    assert f">{words}<" in text
    assert 'title="2026-10-27 23:30:15 UTC"' in text and 'datetime="2026-10-27T23:30:15+00:00"' in text


def test_seconds_and_short_forms_follow_too() -> None:
    with timezone.override("Asia/Tokyo"):
        assert ">28 Oct 2026 08:30:15 JST<" in _shown("{% when at seconds=True %}", at=MOMENT)
        assert re.search(
            r">28 Oct 08:30<span class=\"q-hidden\"> JST</span><", _shown("{% when_short at %}", at=MOMENT)
        )


def test_today_is_the_reader_s_today() -> None:
    from sync import clock

    now = clock.now()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        with timezone.override(zone):
            assert ">today " in _shown("{% when at %}", at=now)
            assert ">today " not in _shown("{% when at dated=True %}", at=now)


def test_a_date_of_the_books_is_never_converted() -> None:
    with timezone.override("Pacific/Kiritimati"):
        assert ">27 Oct 2026<" in _shown("{% when at %}", at=MOMENT.date())


def test_the_zone_is_chosen_on_the_profile_and_pages_follow(client: Client) -> None:
    # given a case that was opened at some moment
    told.whole()
    case = desk_people.product_case()
    assert " UTC</time>" in client.get(f"/x/{case.number}").content.decode()
    # when another zone is chosen
    answer = client.post("/profile/", {"zone": "Asia/Tokyo"}, follow=True)
    assert "Your times stand in Asia/Tokyo from now on." in answer.content.decode()
    # then times stand in it, of this person alone
    page = client.get(f"/x/{case.number}").content.decode()
    assert " JST</time>" in page and " UTC</time>" not in page
    assert " UTC</time>" in desk_people.signed_in("Billing operations").get(f"/x/{case.number}").content.decode()
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("zone", ["", "Berlin", "../etc/passwd", "Etc/GMT+5", "europe/berlin", "x" * 70])
def test_what_is_no_zone_is_said_at_the_field_and_nothing_changes(client: Client, zone: str) -> None:
    answer = client.post("/profile/", {"zone": zone})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "There is no such time zone. Choose one of the list, such as Europe/Berlin." in text
    assert 'aria-invalid="true"' in text and not Profile.objects.exists()


def test_the_one_character_no_row_can_hold_is_left_out(client: Client) -> None:
    client.post("/profile/", {"zone": "Europe/Berlin\x00"})
    assert Profile.objects.get().zone == "Europe/Berlin"


def test_a_zone_this_machine_does_not_know_any_more_is_utc(client: Client) -> None:
    Profile.objects.create(user=_user(), zone="Europe/Atlantis")
    client.force_login(_user())
    assert client.session["zone"] == "Europe/Atlantis"
    assert " UTC</time>" in client.get("/profile/").content.decode()


def test_a_session_begins_with_the_zone_that_was_chosen_and_no_page_asks_for_it(client: Client) -> None:
    Profile.objects.create(user=_user(), zone="Asia/Tokyo")
    client.force_login(_user())
    with CaptureQueriesContext(database) as found:
        assert " JST</time>" in client.get("/profile/").content.decode()
    assert not [one["sql"] for one in found if 'SELECT "reconciliation_profile"."zone"' in one["sql"]]
    # a session from before there were zones asks once per page
    session = client.session
    del session["zone"]
    session.save()
    assert " JST</time>" in client.get("/profile/").content.decode()


def test_the_profile_says_who_one_is(client: Client) -> None:
    text = client.get("/profile/").content.decode()
    assert "finance_preparer" in text and "Finance preparer" in text
    assert 'href="/profile/"' in client.get("/queue/").content.decode()


# -- keys and times -----------------------------------------------------------------------------------
def test_keys_are_kept_and_the_portal_s_are_none(client: Client) -> None:
    answer = client.post("/profile/keys", {"j": "n", "n": "j", "k": "k"})
    assert answer.json() == {"keys": {"j": "n", "n": "j"}}
    assert 'data-own-keys="{&quot;j&quot;: &quot;n&quot;' in client.get("/queue/").content.decode()
    assert client.post("/profile/keys", {"j": "j"}).json() == {"keys": {}}
    assert Profile.objects.get().keys == {}


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"j": "k"}, "“k” stands for two things"),
        ({"j": "nn"}, "“nn” is not one key"),
        ({"j": ""}, "“” is not one key"),
        ({"j": " "}, "is not one key"),
        ({"j": "\x07"}, "is not one key"),
        ({"j": "g"}, "“g” means something else everywhere"),
        ({"q": "w"}, "There is no key “q” to change."),
    ],
)
def test_keys_that_cannot_be_are_refused_in_words(client: Client, chosen: dict[str, str], words: str) -> None:
    answer = client.post("/profile/keys", chosen)
    assert answer.status_code == 422 and words in answer.json()["error"]
    assert not Profile.objects.exists()


def test_the_keys_a_person_can_change_are_those_the_script_has() -> None:
    script = (Path(__file__).parents[3] / "templates/static/portal/keys.js").read_text()
    block = script[script.index("const keys = {") : script.index("};", script.index("const keys = {"))]
    assert re.findall(r'^    (?:"(.)"|(\w)): \[', block, re.MULTILINE) == [
        (key, "") if key == "?" else ("", key) for key in KEYS
    ]


def test_times_are_shown_as_chosen_and_nothing_else_is_taken(client: Client) -> None:
    assert 'data-times="moment"' in client.get("/queue/").content.decode()
    assert client.post("/profile/", {"times": "ago"}).status_code == 302
    assert 'data-times="ago"' in client.get("/queue/").content.decode()
    answer = client.post("/profile/", {"times": "never"})
    assert answer.status_code == 422 and "Choose one of the list." in answer.content.decode()
    assert Profile.objects.get().times == "ago"

"""Pages of what people are told: choosing it, quiet hours, muted problems, followed views, and rooms of teams."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from reconciliation.habits import saved_views
from reconciliation.habits.notices import choices
from reconciliation.habits.notices.registry import EVENTS
from reconciliation.models import MutedProblem, NoticeRoom, Profile, ViewSubscription
from sync.models import JournalEntry
from tests.reconciliation.notices.rooms_at_hand import Server
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
ROLE = "Billing operations"


def told_by_mail() -> User:
    person = desk_people.person(ROLE)
    person.email = "mine@example.com"
    person.save()
    return person


# -- one's own choice ---------------------------------------------------------------------------------
def test_everything_is_told_until_somebody_chooses() -> None:
    told_by_mail()
    page = desk_people.signed_in(ROLE).get("/profile/").content.decode()
    assert len(re.findall(r'name="events" value="\w+" checked', page)) == len(EVENTS)
    assert "mine@example.com" in page


def test_what_is_chosen_stays_chosen() -> None:
    person, client = told_by_mail(), desk_people.signed_in(ROLE)
    given = {"events": ["late", "asked"], "quiet_from": "18:30", "quiet_until": "07:00"}
    answer = client.post("/profile/mail", given, follow=True)
    assert answer.redirect_chain[-1][0] == "/profile/#mail"
    page = answer.content.decode()
    assert "You are mailed what you chose" in page and 'value="18:30"' in page and 'value="07:00"' in page
    assert re.findall(r'name="events" value="(\w+)" checked', page) == ["asked", "late"]
    assert {code for code, on in choices.wanted(person).items() if on} == {"late", "asked"}
    # and none of it
    client.post("/profile/mail", {"quiet_from": "", "quiet_until": ""})
    assert not any(choices.wanted(person).values()) and Profile.objects.get(user=person).quiet_from is None


@pytest.mark.parametrize(
    ("given", "words", "field"),
    [
        ({"quiet_from": "18:00"}, "give both, or neither", "quiet_until"),
        ({"quiet_from": "late", "quiet_until": "07:00"}, "Give a time of day, such as 18:30.", "quiet_from"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "must end at another time", "quiet_until"),
        ({"events": ["everything"]}, "There is no event", "events"),
    ],
)
def test_a_wrong_choice_is_named_and_nothing_typed_is_lost(given: dict[str, Any], words: str, field: str) -> None:
    told_by_mail()
    answer = desk_people.signed_in(ROLE).post("/profile/mail", {"events": ["late"]} | given)
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page
    if field != "events":
        assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', page)
        assert f'value="{given["quiet_from"]}"' in page
        assert re.findall(r'name="events" value="(\w+)" checked', page) == ["late"]


def test_a_portal_without_a_sender_says_that_it_mails_nobody(settings: Any) -> None:
    told_by_mail()
    settings.DEFAULT_FROM_EMAIL = ""
    assert "sends no mail yet" in desk_people.signed_in(ROLE).get("/profile/").content.decode()
    settings.DEFAULT_FROM_EMAIL = "portal@example.com"
    assert "sends no mail yet" not in desk_people.signed_in(ROLE).get("/profile/").content.decode()


def test_who_has_no_address_is_told_so() -> None:
    assert "nothing can be mailed to you" in desk_people.signed_in(ROLE).get("/profile/").content.decode()


# -- muted problems -----------------------------------------------------------------------------------
def test_a_problem_is_muted_and_heard_again_from_its_page_and_the_profile() -> None:
    desk_people.company()
    person, client, problem = told_by_mail(), desk_people.signed_in(ROLE), desk_people.product_problem()
    at = reverse("desk:problem", args=[problem.pk])
    assert "No more mail about it" in client.get(at).content.decode()
    page = client.post(f"{at}/mute", {"on": "1"}, follow=True).content.decode()
    assert "You get no more mail about" in page and "Mail me about it again" in page
    assert MutedProblem.objects.filter(user=person, problem=problem).exists()
    # nobody else's
    assert "No more mail about it" in desk_people.signed_in("Sales operations").get(at).content.decode()
    # who is never told of one is not asked
    assert f"{at}/mute" not in desk_people.signed_in("Auditor").get(at).content.decode()
    profile = client.get("/profile/").content.decode()
    assert problem.number in profile
    answer = client.post(f"{at}/mute", {"on": "", "back": "profile"})
    assert answer.headers["location"] == "/profile/#mail" and not MutedProblem.objects.exists()


def test_a_problem_there_is_not_cannot_be_muted() -> None:
    assert desk_people.signed_in(ROLE).post("/p/PRB-999999/mute", {"on": "1"}).status_code == 404


# -- views people follow ------------------------------------------------------------------------------
def test_a_view_is_followed_and_left_from_the_list_of_views() -> None:
    desk_people.company()
    person, client = told_by_mail(), desk_people.signed_in(ROLE)
    row = saved_views.save(user=desk_people.person("Auditor"), name="Big", scope="everyone", query="?due=late")
    assert 'aria-label="Mail me new cases in Big"' in client.get("/queue/views").content.decode()
    page = client.post(f"/queue/views/{row.pk}/follow", {"on": "1"}, follow=True).content.decode()
    assert "New cases in Big are mailed to mine@example.com" in page
    assert re.search(
        r'aria-pressed="true" aria-label="Mail me new cases in Big"', client.get("/queue/views").content.decode()
    )
    client.post(f"/queue/views/{row.pk}/follow", {"on": ""})
    assert not ViewSubscription.objects.filter(user=person).exists()


def test_what_cannot_be_followed_says_why() -> None:
    desk_people.company()
    client = desk_people.signed_in(ROLE)
    row = saved_views.save(user=desk_people.person("Auditor"), name="Mine", scope="me", query="?due=late")
    assert (
        "There is no such view"
        in client.post(f"/queue/views/{row.pk}/follow", {"on": "1"}, follow=True).content.decode()
    )


# -- rooms --------------------------------------------------------------------------------------------
ROOMS = "/admin/reconciliation/noticeroom/"


def filled(server: Server, **other: Any) -> dict[str, Any]:
    return {
        "name": "#billing",
        "kind": "webhook",
        "team": "billing_ops",
        "events": ["late", "asked"],
        "zone": "Europe/Berlin",
        "is_on": "on",
        "address": f"{server.address}/secret-place?sig=hidden-part",
    } | other


def test_a_room_is_added_tested_and_its_address_never_shown_again(server: Server) -> None:
    client = desk_people.signed_in("Configuration admin")
    page = client.post(f"{ROOMS}add/", filled(server), follow=True).content.decode()
    room = NoticeRoom.objects.get()
    assert (room.host, room.events) == ("127.0.0.1", ["late", "asked"])
    assert room.secrets()["secret"] in page and "shown only now" in page
    assert JournalEntry.objects.get(action="room added").object_key == str(room.pk)
    client.post(ROOMS, {"action": "send_test", "_selected_action": [room.pk]})
    assert server.taken[0].json["data"]["title"] == "Billing operations is told here from now on"
    for path in (f"{ROOMS}{room.pk}/change/", ROOMS, f"{ROOMS}{room.pk}/history/"):
        page = client.get(path).content.decode()
        assert "hidden-part" not in page and "secret-place" not in page and room.secrets()["secret"] not in page
    journal = str(list(JournalEntry.objects.values()))
    assert "hidden-part" not in journal and "secret-place" not in journal


def test_an_address_left_empty_stays_and_a_new_secret_replaces_the_old(server: Server) -> None:
    client = desk_people.signed_in("Configuration admin")
    client.post(f"{ROOMS}add/", filled(server))
    room = NoticeRoom.objects.get()
    before = room.secrets()
    client.post(f"{ROOMS}{room.pk}/change/", filled(server, address="", name="#other"))
    room.refresh_from_db()
    assert room.name == "#other" and room.secrets() == before
    client.post(f"{ROOMS}{room.pk}/change/", filled(server, address="", new_secret="on"))
    room.refresh_from_db()
    assert room.secrets()["address"] == before["address"] and room.secrets()["secret"] != before["secret"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"address": ""}, "Give the address messages go to."),
        ({"address": "https://10.1.2.3/x"}, "Give a whole address that begins with https:// and is public"),
        ({"kind": "slack", "address": "https://example.com/x"}, "is at hooks.slack.com or hooks.slack-gov.com"),
        ({"events": []}, "Choose something it is told"),
        ({"zone": "Berlin"}, "There is no such time zone"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_wrong_room_is_not_kept_and_says_why(server: Server, other: dict[str, Any], words: str) -> None:
    client = desk_people.signed_in("Configuration admin")
    page = client.post(f"{ROOMS}add/", filled(server, **other)).content.decode()
    assert words in page and not NoticeRoom.objects.exists()


def test_another_kind_of_room_asks_for_its_address_anew(server: Server) -> None:
    client = desk_people.signed_in("Configuration admin")
    client.post(f"{ROOMS}add/", filled(server))
    room = NoticeRoom.objects.get()
    page = client.post(f"{ROOMS}{room.pk}/change/", filled(server, kind="slack", address="")).content.decode()
    assert "Give the address messages go to." in page
    room.refresh_from_db()
    assert room.kind == "webhook"


def test_a_test_message_that_is_not_taken_says_why(server: Server) -> None:
    room = server.room("slack", name="#gone")
    server.status, server.says = 404, "no_service"
    client = desk_people.signed_in("Configuration admin")
    page = client.post(ROOMS, {"action": "send_test", "_selected_action": [room.pk]}, follow=True).content.decode()
    assert "#gone: Slack says no: its webhook was taken away" in page


def test_who_may_only_look_neither_changes_a_room_nor_sends_to_one(server: Server) -> None:
    room = server.room()
    client = desk_people.signed_in("Integration support")
    page = client.get(f"{ROOMS}{room.pk}/change/").content.decode()
    assert 'name="address"' not in page and "#slack" in page
    assert client.post(f"{ROOMS}{room.pk}/change/", filled(server)).status_code == 403
    client.post(ROOMS, {"action": "send_test", "_selected_action": [room.pk]})
    assert server.taken == []

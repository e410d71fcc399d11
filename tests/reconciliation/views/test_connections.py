"""The connections page: states in words, and what its buttons do."""

from datetime import timedelta

import pytest
from django.test import Client

from connectors.errors import Unavailable
from reconciliation import figures_connections
from reconciliation.models import ExceptionCase
from sync import clock, connections
from sync.models import ConnectionHealth, JournalEntry
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> told.Story:
    return told.whole()


def _as(client: Client, role: str) -> Client:
    client.force_login(told.person(role.lower().replace(" ", ""), role))
    return client


def _card(code: str) -> figures_connections.Health:
    return next(card for card in figures_connections.all_connections() if card.row.code == code)


def test_a_connection_that_works_says_so_and_what_waits_for_it(story: told.Story, client: Client) -> None:
    card = _card("netsuite")
    assert (card.word, card.waiting) == ("Works", [("In doubt, being looked up", 1)])
    text = _as(client, "Auditor").get("/connections/").content.decode()
    assert "Sandbox" in text and "evt_100" in text
    assert "not told" not in text and "sk_test" not in text


def test_several_failures_show_as_rest_until_a_time(story: told.Story) -> None:
    for _ in range(connections.BREAKER_FAILURES):
        connections.note_outcome(story.stripe, worked=0, failed=1, text="503")
    assert _card("stripe").word == "Resting"
    ConnectionHealth.objects.filter(connection=story.stripe).update(
        breaker_open_until=clock.now() - timedelta(seconds=1)
    )
    assert _card("stripe").word == "Failing"


def test_a_refused_sign_in_is_a_pause_with_its_case(story: told.Story, client: Client) -> None:
    connections.pause(story.netsuite, reason="AUTH_EXPIRED", text="401 INVALID_LOGIN")
    text = _as(client, "Auditor").get("/connections/").content.decode()
    case = ExceptionCase.objects.get(connection=story.netsuite)
    assert "NetSuite refuses our sign-in." in text and case.number in text
    assert "AUTH_EXPIRED" not in text


@pytest.mark.parametrize("role", ["Integration support", "Configuration admin"])
def test_pausing_and_resuming_are_written_down(story: told.Story, client: Client, role: str) -> None:
    # given somebody who may
    _as(client, role)
    # when they pause with a reason
    answer = client.post("/connections/netsuite/pause", {"because": "The ERP is being upgraded"})
    # then nothing goes out, the next person reads why, and the journal names them
    assert answer.get("Location") == "/connections/#netsuite"
    assert "The ERP is being upgraded" in _card("netsuite").text
    assert JournalEntry.objects.filter(action="connection paused", object_key="netsuite", user__isnull=False).exists()
    # when they resume it
    client.post("/connections/netsuite/resume")
    # then it runs and its case is closed
    assert not _card("netsuite").is_paused
    assert ExceptionCase.objects.get(connection=story.netsuite).status == "closed"


def test_a_pause_needs_a_reason(story: told.Story, client: Client) -> None:
    _as(client, "Integration support").post("/connections/netsuite/pause", {"because": " "})
    assert not _card("netsuite").is_paused


@pytest.mark.parametrize("role", ["Auditor", "Finance preparer", "Billing operations"])
@pytest.mark.parametrize("do", ["test", "pause", "resume"])
def test_who_only_looks_presses_nothing(story: told.Story, client: Client, role: str, do: str) -> None:
    assert _as(client, role).post(f"/connections/netsuite/{do}", {"because": "I like to"}).status_code == 403
    assert not _card("netsuite").is_paused
    assert "Pause NetSuite" not in client.get("/connections/").content.decode()


def test_a_superuser_without_a_role_presses_nothing(story: told.Story, admin_client: Client) -> None:
    assert admin_client.post("/connections/netsuite/pause", {"because": "I can"}).status_code == 403


def test_a_test_says_what_the_system_answered(
    story: told.Story, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = connections.connector_for(story.netsuite)
    monkeypatch.setattr(built, "check", lambda: "account TSTDRV1 by tokens")
    answer = _as(client, "Integration support").post("/connections/netsuite/test", follow=True)
    assert "NetSuite works. account TSTDRV1 by tokens" in answer.content.decode()


def test_a_failed_test_is_said_in_words_and_kept(
    story: told.Story, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> str:
        raise Unavailable("connection refused", system="netsuite")

    monkeypatch.setattr(connections.connector_for(story.netsuite), "check", silent)
    answer = _as(client, "Integration support").post("/connections/netsuite/test", follow=True)
    assert "NetSuite did not answer as it should" in answer.content.decode()
    assert _card("netsuite").health.last_failure_text == "connection refused"


def test_nothing_is_changed_by_looking(story: told.Story, client: Client) -> None:
    assert _as(client, "Integration support").get("/connections/netsuite/pause").status_code == 405


def test_an_executive_is_told_the_page_is_not_theirs(story: told.Story, client: Client) -> None:
    answer = _as(client, "Executive").get("/connections/")
    assert answer.status_code == 403
    assert "Your role does not include this page" in answer.content.decode()


def test_without_any_connection_the_page_says_who_adds_one(client: Client) -> None:
    assert "A configuration admin adds it" in _as(client, "Auditor").get("/connections/").content.decode()

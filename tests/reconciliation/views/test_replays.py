"""The replay console: what was typed becomes a choice, a dry run changes nothing, and only what was seen is run."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from reconciliation.models import ExceptionCase
from sync import clock
from sync.models import JournalEntry, SourceEvent
from sync.states import Condition
from tests.reconciliation.views import desk_people
from tests.reconciliation.views import story as told

pytestmark = pytest.mark.django_db
DEAL = f"deal:{told.PAID}"


@pytest.fixture
def story() -> told.Story:
    return told.whole()


@pytest.fixture
def client(story: told.Story) -> Client:
    return desk_people.signed_in("Integration support")


def _page(client: Client, **given: str) -> str:
    return client.get("/replay/", given).content.decode()


def _run(client: Client, **given: str) -> str:
    return client.post("/replay/run", given, follow=True).content.decode()


def _due() -> set[str]:
    return set(SourceEvent.objects.filter(condition=Condition.DUE).values_list("object_id", flat=True))


@pytest.mark.parametrize("role", ["Finance preparer", "Billing operations", "Auditor", "Configuration admin"])
def test_it_is_for_integration_support_alone(story: told.Story, role: str) -> None:
    other = desk_people.signed_in(role)
    assert other.get("/replay/").status_code == 403
    assert other.post("/replay/run", {"what": DEAL, "seen": "3", "because": "x"}).status_code == 403
    assert not _due()


def test_a_dry_run_of_a_story_says_what_it_would_touch_and_changes_nothing(client: Client) -> None:
    text = _page(client, what=DEAL)
    assert "Read 3 events again" in text
    assert "2 will be skipped" in text or "3 will be skipped" in text
    assert not _due() and not JournalEntry.objects.filter(object_kind="replay").exists()


def test_only_with_a_reason_and_only_what_was_seen_is_read_again(client: Client) -> None:
    # when the reason is missing, or something came in since
    assert "Say why" in _run(client, what=DEAL, seen="3")
    assert "It changed since you looked" in _run(client, what=DEAL, seen="2", because="The source was restored")
    # then nothing is read
    assert not _due()
    # when both are right
    text = _run(client, what=DEAL, seen="3", because="The source was restored")
    # then its three events are read again, and the page follows them
    assert _due() == {told.PAID, "in_1"}
    assert SourceEvent.objects.filter(condition=Condition.DUE).count() == 3
    assert "0 of 3 read" in text and 'hx-trigger="every 2s"' in text
    entry = JournalEntry.objects.get(object_kind="replay")
    assert entry.user is not None and entry.user.username == "integration_support"
    assert f"{DEAL}. Why: The source was restored." in entry.text
    # and a second press finds that they are about to be read anyway
    assert "about to be read anyway" in _run(client, what=DEAL, seen="3", because="The source was restored")
    assert JournalEntry.objects.filter(object_kind="replay").count() == 1


def test_its_progress_ends_with_what_stopped_again(client: Client) -> None:
    _run(client, what=DEAL, seen="3", because="Again")
    first, *others = SourceEvent.objects.filter(condition=Condition.DUE)
    SourceEvent.objects.filter(pk__in=[one.pk for one in others]).update(condition=Condition.SETTLED)
    answer = client.get("/replay/progress", {"what": DEAL}).content.decode()
    assert "2 of 3 read" in answer and "every 2s" in answer
    SourceEvent.objects.filter(pk=first.pk).update(condition=Condition.BLOCKED)
    answer = client.get("/replay/progress", {"what": DEAL}).content.decode()
    assert "3 of 3 read; 1 stopped again" in answer and "every 2s" not in answer


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"what": "in_9999"}, "Nothing here has this id."),
        ({"what": "PRB-999"}, "Nothing here has this id."),
        ({"what": "4c0e2f3a-0000-4000-8000-000000000000"}, "Nothing here has this id."),
        ({"since": "yesterday"}, "Give a date and a time such as 2026-05-14 09:30, in UTC."),
        ({"until": "2026-05-14T09:30"}, "Give the first moment too"),
        ({"since": "2026-05-14T09:30", "until": "2026-05-14T09:30"}, "This is not after the first moment."),
        ({"what": "a\x00b"}, "Nothing here has this id."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(client: Client, given: dict[str, str], words: str) -> None:
    text = _page(client, **given)
    assert words in text and "aria-invalid" in text
    assert not re.search(r"Read \d+ event", text)
    # nor is it run
    assert "cannot be read any more" in _run(client, **given, seen="0", because="x")
    assert not _due()


def test_an_object_a_case_a_problem_and_a_tracking_id_choose_their_events(client: Client) -> None:
    case = ExceptionCase.objects.get(reason="PRODUCT_UNMAPPED")
    event = SourceEvent.objects.get(object_id=told.BLOCKED)
    for what in (case.number, case.problem.number.lower(), str(event.tracking_id), f"contract:{told.BLOCKED}"):
        text = _page(client, what=what)
        assert "Read 1 event again" in text, what


def test_an_open_end_is_the_moment_of_the_dry_run(client: Client, story: told.Story) -> None:
    # given a dry run without an end
    since = f"{told.START - timedelta(days=1):%Y-%m-%dT%H:%M}"
    text = _page(client, since=since)
    until = re.findall(r'type="hidden" name="until" value="([^"]+)"', text)[0]
    seen = re.findall(r'name="seen" value="(\d+)"', text)[0]
    assert int(seen) > 3
    # when something comes in before it is run
    late = story.event(story.salesforce, "account", told.sf_id("001", 9), clock.now() + timedelta(seconds=1))
    # then that is left alone, and the rest is read
    assert f"0 of {seen} read" in _run(client, since=since, until=until, seen=seen, because="An outage")
    late.refresh_from_db()
    assert late.condition == Condition.SETTLED


def test_the_page_lists_replays_and_is_found_only_by_who_may(client: Client) -> None:
    assert "Nothing was ever read again." in _page(client)
    _run(client, what=DEAL, seen="3", because="Again")
    text = _page(client)
    assert "had 3 events read again" in text
    assert 'href="/replay/"' in client.get("/queue/").content.decode()
    assert 'href="/replay/"' not in desk_people.signed_in("Auditor").get("/queue/").content.decode()
    # and a problem leads there
    problem = desk_people.product_problem()
    assert f"/replay/?what={problem.number}" in client.get(f"/p/{problem.number}").content.decode()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "2026-05-14T24:00", "1e9"])
def test_no_moment_breaks_the_page(client: Client, moment: str) -> None:
    for given in ({"since": moment}, {"since": "2026-05-14T00:00", "until": moment}, {"what": DEAL, "until": moment}):
        assert client.get("/replay/", given).status_code == 200
        assert client.get("/api/v1/replays", given).status_code in (200, 400)


def _post(client: Client, **order: object) -> tuple[int, dict[str, object]]:
    answer = client.post("/api/v1/replays", order, content_type="application/json")
    return answer.status_code, answer.json()


def test_machines_do_the_same(client: Client) -> None:
    # given a dry run
    dry = client.get("/api/v1/replays", {"what": DEAL}).json()
    assert (dry["total"], dry["events"], dry["posted"], dry["unfinished"]) == (3, 3, 3, 0)
    # when anything about the order is wrong, then nothing is read
    assert _post(client, what=DEAL, seen=2, because="x")[0] == 409
    assert _post(client, what=DEAL, seen=3)[0] == 400
    assert _post(client, what="in_9999", seen=3, because="x")[0] == 400
    assert _post(client, seen=3, because="x")[0] == 400
    assert _post(desk_people.signed_in("Finance preparer"), what=DEAL, seen=3, because="x")[0] == 403
    assert not _due()
    # when it is right, then it is done once
    status, done = _post(client, what=DEAL, seen=dry["total"], because="The source was restored")
    assert (status, done["events"]) == (202, 3)
    assert JournalEntry.objects.get(object_kind="replay").details["skipped_posted"] == 3
    assert _post(client, what=DEAL, seen=3, because="Again")[0] == 409

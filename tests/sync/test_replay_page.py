"""People with the right have events read again from the inbox; they first see what that would touch."""

from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from sync.models import JournalEntry, SourceEvent
from sync.states import Condition
from tests.small_company import Company, person

LIST = "admin:sync_sourceevent_changelist"


def press(client: Client, events: list[SourceEvent], **more: str) -> Any:
    return client.post(
        reverse(LIST), {"action": "read_again", ACTION_CHECKBOX_NAME: [event.pk for event in events], **more}
    )


@pytest.fixture
def events(company: Company) -> list[SourceEvent]:
    return [company.event(object_id=str(number), condition="settled") for number in range(3)]


def test_the_first_press_shows_what_it_touches_and_the_second_does_it(
    events: list[SourceEvent], client: Client
) -> None:
    # given somebody of integration support
    client.force_login(person("ida", "Integration support"))
    # when they choose two events
    page = press(client, events[:2])
    # then they read what would happen, and nothing has
    assert page.status_code == 200 and "2 events read again" in page.content.decode()
    assert "will be skipped" in page.content.decode()
    assert not SourceEvent.objects.filter(condition=Condition.DUE).exists()
    # when they press again
    answer = press(client, events[:2], confirmed="yes")
    # then these two are due, and it is in the journal under their name
    assert answer.status_code == 302
    assert SourceEvent.objects.filter(condition=Condition.DUE).count() == 2
    entry = JournalEntry.objects.get(action="replayed")
    assert (entry.user.username, entry.details["events"]) == ("ida", 2)


@pytest.mark.parametrize("role", ["Auditor", "Finance approver", "Sales operations", "Configuration admin"])
def test_who_may_only_look_is_not_offered_it(events: list[SourceEvent], client: Client, role: str) -> None:
    client.force_login(person("somebody", role))
    assert b"read_again" not in client.get(reverse(LIST)).content
    press(client, events, confirmed="yes")
    assert not SourceEvent.objects.filter(condition=Condition.DUE).exists()
    assert not JournalEntry.objects.filter(action="replayed").exists()


def test_integration_support_is_offered_it(events: list[SourceEvent], client: Client) -> None:
    client.force_login(person("ida", "Integration support"))
    assert b"read_again" in client.get(reverse(LIST)).content

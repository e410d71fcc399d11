"""The door for usage: who may report, what is answered, and that what is answered as taken is stored."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from sync.models import UsageEvent
from sync.usage import intake
from tests.small_company import Company
from tests.sync.usage.conftest import event
from tests.sync.usage.conftest import metered as metered

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/usage/events"


@pytest.fixture
def report(metered: Company, doors: Company, token: Callable[..., str], client: Client) -> Callable[..., Any]:
    held = token("usage")

    def send(body: Any, *, bearer: str = held) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return client.post(DOOR, json.dumps(body), content_type="application/json", headers=headers)

    return send


def test_all_some_or_none_of_a_call_is_stored_and_the_answer_says_which(report: Callable[..., Any]) -> None:
    good, bad = event(id="a"), event(id="b", quantity="1e9")
    answer = report({"events": [good]})
    assert (answer.status_code, answer.json()) == (200, {"taken": 1, "repeated": 0, "refused": []})
    answer = report({"events": [good, bad, event(id="c")]})
    assert answer.status_code == 207
    assert answer.json()["taken"] == answer.json()["repeated"] == 1
    (refusal,) = answer.json()["refused"]
    assert (refusal["place"], refusal["id"], refusal["field"]) == (1, "b", "quantity")
    assert report({"events": [bad]}).status_code == 422
    assert UsageEvent.objects.count() == 2


@pytest.mark.parametrize("body", [{}, [], {"events": []}, {"events": "a"}, {"events": [{}] * 5001}])
def test_a_call_without_events_or_with_too_many_is_refused_whole(report: Callable[..., Any], body: Any) -> None:
    answer = report(body)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "events"


def test_only_who_may_report_usage_may(report: Callable[..., Any], token: Callable[..., str]) -> None:
    assert report({"events": [event()]}, bearer="").status_code == 401
    assert report({"events": [event()]}, bearer=token("callbacks")).status_code == 403
    assert not UsageEvent.objects.exists()


def test_without_a_database_nothing_is_said_to_be_stored(
    report: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(intake, "take_in", away)
    answer = report({"events": [event()]})
    assert answer.status_code == 503 and answer.headers["Retry-After"]

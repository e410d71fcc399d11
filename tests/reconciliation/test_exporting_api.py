"""The queue as a file for machines: the page's own export, strict about what the address chooses."""

import json

import pytest
from django.test import Client

from reconciliation.habits.exports import queue
from reconciliation.models import ExceptionCase
from sync.models import JournalEntry
from tests.reconciliation.exports.spreadsheets import Book, records
from tests.reconciliation.views import desk_people

pytestmark = pytest.mark.django_db
PATH = "/api/v1/cases/export"


@pytest.fixture
def client() -> Client:
    desk_people.company()
    return desk_people.signed_in("Auditor")


def test_a_machine_gets_the_file_of_the_page(client: Client) -> None:
    # when the same view is taken from both doors
    page = client.get("/queue/export.csv?view=cases&system=salesforce&sort=amount")
    answer = client.get(f"{PATH}?system=salesforce&sort=amount", headers={"Accept": "text/csv"})
    # then it is the same file, and each time it is noted down
    assert answer.status_code == 200 and answer.content == page.content and records(answer.content)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert JournalEntry.objects.filter(action="exported").count() == 2
    # and the other form and the other view are there too
    rows = Book(client.get(f"{PATH}?format=xlsx&view=problems").content).records()
    assert {row["Problem"] for row in rows} == {case.problem.number for case in ExceptionCase.objects.all()}


@pytest.mark.parametrize(
    ("query", "field"),
    [("format=pdf", "format"), ("team=x", "team"), ("age=2", "age"), ("entity=XX", "entity"), ("mine=yes", "mine")],
)
def test_what_makes_no_sense_is_refused_by_name(client: Client, query: str, field: str) -> None:
    answer = client.get(f"{PATH}?{query}", headers={"Accept": "text/csv"})
    body = json.loads(answer.content)
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert [one["field"] for one in body["errors"]] == [field]
    assert not JournalEntry.objects.filter(action="exported").exists()


def test_too_many_rows_are_refused_in_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST", 1)
    answer = client.get(PATH)
    assert answer.status_code == 400 and "no file was made" in answer.json()["detail"]


def test_who_may_not_see_cases_gets_none(client: Client) -> None:
    assert Client().get(PATH).status_code == 403
    assert client.head(PATH).status_code == 405 and client.post(PATH).status_code == 405
    assert not JournalEntry.objects.filter(action="exported").exists()

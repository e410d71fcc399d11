"""The audit journal can only grow."""

import pytest
from django.db import DatabaseError, connection, transaction

from sync import journal
from sync.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(db: None) -> JournalEntry:
    journal.note([journal.Fact(action="looked", object_kind="page", object_key="1", text="Somebody looked.")])
    return JournalEntry.objects.get()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sync_journalentry SET text = 'Nobody looked.'",
        "DELETE FROM sync_journalentry",
        "TRUNCATE sync_journalentry CASCADE",
    ],
)
def test_the_database_refuses_to_change_the_journal(entry: JournalEntry, statement: str) -> None:
    # given an entry, when somebody with the application's own rights changes, deletes or empties
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing pending, so that only the journal itself can refuse
        cursor.execute(statement)
    # then the database refuses, and it stands as it was
    entry.refresh_from_db()
    assert entry.text == "Somebody looked."


def test_a_fact_names_who_did_it_or_the_portal(entry: JournalEntry, django_user_model: type) -> None:
    user = django_user_model.objects.create(username="jo", first_name="Jo", last_name="Doe")
    journal.note([journal.Fact(action="a", object_kind="page", object_key="2", text="Jo looked.", user=user)])
    assert (entry.actor, entry.user) == ("Portal", None)
    assert JournalEntry.objects.get(object_key="2").actor == "Jo Doe"


def test_a_fact_and_its_cause_are_saved_together_or_not_at_all(entry: JournalEntry) -> None:
    # given a business transaction that notes a fact
    with pytest.raises(RuntimeError), transaction.atomic():
        journal.note([journal.Fact(action="b", object_kind="page", object_key="3", text="It happened.")])
        raise RuntimeError("the business part failed")
    # then neither is there
    assert not JournalEntry.objects.filter(object_key="3").exists()

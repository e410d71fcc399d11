"""The journal is verified once a day; one that does not verify is one case until it does."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from reconciliation import audit, sentences, tasks
from reconciliation.models import ExceptionCase
from sync import anchors, journal, sealing
from sync.models import JournalCheck, JournalEntry
from tests.reconciliation.views import desk_people
from tests.reconciliation.views.markup import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def anchored(machine: Any) -> Path:
    """A sealed entry whose number is anchored."""
    journal.note([journal.Fact(action="looked", object_kind="page", object_key="1", text="Somebody looked.")])
    sealing.seal_due()
    anchors.anchor()
    return anchors.path()


def test_the_timetable_verifies_once_a_day(anchored: Path, machine: Any) -> None:
    for _ in range(3):
        tasks.verify_journal()
    assert JournalCheck.objects.get().by == "the timetable"
    machine.passes(days=1)
    tasks.verify_journal()
    assert JournalCheck.objects.count() == 2 and not ExceptionCase.objects.exists()


def test_a_verification_that_breaks_off_is_done_again(anchored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(audit.verifying, "verify", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tasks.verify_journal()
    assert not JournalCheck.objects.exists()
    tasks.verify_journal()
    assert JournalCheck.objects.get().is_good


def test_a_broken_journal_is_one_case_until_it_verifies_again(anchored: Path, machine: Any) -> None:
    # given an anchor that knows of more than there is
    text = anchored.read_text()
    anchored.write_text(text.replace('"number": 1', '"number": 9'))
    # when two days verify
    for _ in range(2):
        tasks.verify_journal()
        machine.passes(days=1)
    # then it is one case of a team, with what is wrong in its words, and in the journal
    case = ExceptionCase.objects.select_related("problem", "journal_check").get()
    assert (case.reason, case.status, case.journal_check.wrong_at) == ("JOURNAL_BROKEN", "open", 2)
    six = sentences.six(case)
    assert "verification of the audit journal failed" in six.happened and "number 9 was anchored" in six.why
    assert "Keep the database and the anchors" in six.press and "verifies again" in six.check
    assert JournalEntry.objects.filter(action="journal broken").count() == 1
    page = text_of(desk_people.signed_in("Integration support"), f"/x/{case.number}")
    assert "Audit journal does not verify" in page and "The end of the chain is missing" in page
    assert "Audit journal does not verify" in text_of(desk_people.signed_in("Integration support"), "/queue/")
    # and closes by itself
    anchored.write_text(text)
    tasks.verify_journal()
    case.refresh_from_db()
    assert (case.status, case.closing_note) == ("closed", "The journal verifies again")


@pytest.mark.django_db(transaction=True)
def test_while_somebody_verifies_another_does_not(machine: Any, in_threads: Any) -> None:
    # given a verification that is going on elsewhere
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [audit._LOCK])

        def other(_: int) -> Any:
            try:
                return audit.verify_due()
            finally:
                connections.close_all()

        # when another one is due, then it comes back at once and takes no window
        assert in_threads(other, [1]) == [None]
    assert audit.verify_due() is not None

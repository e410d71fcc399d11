"""Whatever is changed in the journal or its seals behind the triggers' back is found, and said in words."""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from sync import anchors, chain, journal, sealing, verifying
from sync.models import JournalCheck, JournalEntry, JournalSeal
from sync.models.journal import NOTHING
from tests.small_company import person

pytestmark = pytest.mark.django_db

#: changes of one byte each that are tried; more: JOURNAL_ROUNDS=1000
ROUNDS = int(os.environ.get("JOURNAL_ROUNDS", "60"))
ENTRIES = 40
TABLES = ("sync_journalentry", "sync_journalseal", "sync_journalwaiting")
COLUMNS = {
    "sync_journalentry": (
        "id", "at", "user_id", "actor", "action", "object_kind", "object_key", "correlation_id", "text", "details"
    ),
    "sync_journalseal": ("number", "entry_id", "previous_sha256", "sha256", "sealed_at"),
}  # fmt: skip


@pytest.fixture
def sealed(machine: Any) -> None:
    """A journal of some forty entries with all that may stand in one, sealed at several times."""
    users = [person("jo", "Auditor"), None]
    for number in range(1, ENTRIES + 1):
        journal.note(
            [
                journal.Fact(
                    action="looked" if number % 3 else "changed",
                    object_kind="page",
                    object_key=str(number),
                    text=f"Somebody looked at page {number}: Zoë.",
                    correlation_id=f"deal:{number}" if number % 2 else "",
                    details={"number": number, "who": ["ü", None, 1.5, True]} if number % 4 else {},
                    user=users[number % 2],
                )
            ]
        )
        if number % 7 == 0:
            sealing.seal_due()
    sealing.seal_due()
    assert verifying.verify().is_good


@contextmanager
def behind_the_triggers() -> Iterator[Any]:
    """Somebody with the rights of the database's owner; all of it is undone at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield cursor
        transaction.set_rollback(True)


def changed(dice: random.Random, value: Any, column: str) -> Any:
    """The value with one byte of it another one."""
    if value is None:
        return dice.randint(1, 200)
    if isinstance(value, int):
        return value ^ (1 << dice.randrange(20))
    if not isinstance(value, str):
        return value + timedelta(microseconds=dice.choice((-1, 1)) << dice.randrange(24))
    letters = "0123456789abcdef" if column.endswith("sha256") else "0123456789abcdefZ ,:]}tn\"'ß"
    if not value:
        return dice.choice(letters)
    at = dice.randrange(len(value))
    return value[:at] + dice.choice(letters) + value[at + 1 :]


def change_one(dice: random.Random, cursor: Any) -> tuple[str, int]:
    """Change one field of one row; which column, and the number of its seal. What the database cannot hold is tried
    again elsewhere.
    """
    while True:
        table = dice.choice(list(COLUMNS))
        column, number = dice.choice(COLUMNS[table]), dice.randint(1, ENTRIES)
        entry = JournalSeal.objects.values_list("entry_id", flat=True).get(number=number)
        key, own = ("id", entry) if table == "sync_journalentry" else ("number", number)
        cast = "::text" if column == "details" else ""
        cursor.execute(f"SELECT {column}{cast} FROM {table} WHERE {key} = %s", [own])
        before = cursor.fetchone()[0]
        try:
            with transaction.atomic():
                cursor.execute(
                    f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} IS DISTINCT FROM %s",
                    [new := changed(dice, before, column), own, new],
                )
                done = cursor.rowcount
        except DatabaseError:
            continue
        if done:
            return f"{table}.{column}", number


def test_every_change_of_one_byte_is_found_at_its_number(sealed: None) -> None:
    dice, tried = random.Random(20260514), set()
    for number in range(ROUNDS):
        with behind_the_triggers() as cursor:
            # given one byte of one field of one row that is another one
            column, wrong_at = change_one(dice, cursor)
            tried.add(column)
            # when the chain is recomputed
            found = verifying.verify()
            # then exactly that number is wrong
            assert (found.is_good, found.wrong_at) == (False, wrong_at), f"round {number}: {column} of {wrong_at}"
            assert str(wrong_at) in found.words
        if number % 100 == 0:
            assert verifying.verify().is_good
    # and every field was among them
    assert len(tried) >= 14 or ROUNDS < 60, tried


def test_the_first_of_several_wrongs_is_said(sealed: None) -> None:
    with behind_the_triggers() as cursor:
        cursor.execute("UPDATE sync_journalentry SET actor = 'Nobody' WHERE object_key IN ('30', '12', '25')")
        assert verifying.verify().wrong_at == 12


@pytest.mark.parametrize(
    ("statement", "wrong_at", "says"),
    [
        ("DELETE FROM sync_journalentry WHERE object_key = '9'", 9, "Number 9: its entry .* is gone"),
        ("DELETE FROM sync_journalseal WHERE number = 9", 9, "Number 9 is missing: after 8 comes 10"),
        ("DELETE FROM sync_journalseal WHERE number < 4", 1, "Number 1 is missing: after 0 comes 4"),
        (
            "UPDATE sync_journalseal SET previous_sha256 = repeat('a', 64) WHERE number = 9",
            9,
            "Number 9 does not link to number 8",
        ),
        (
            "UPDATE sync_journalentry SET text = 'Nobody looked.' WHERE object_key = '9'",
            9,
            "Number 9: entry .* was changed after it was sealed",
        ),
        (
            "WITH moved AS (UPDATE sync_journalentry SET id = id + 100000 WHERE object_key = '9' RETURNING id)"
            " UPDATE sync_journalseal SET entry_id = moved.id FROM moved WHERE number = 9",
            9,
            "Number 9: entry .* was changed after it was sealed",
        ),
        (
            "DELETE FROM sync_journalseal WHERE number = 40",
            None,
            "has no seal and does not wait for one",
        ),
    ],
    ids=[
        "entry gone",
        "number gone",
        "first numbers gone",
        "other link",
        "other text",
        "other id",
        "seal gone, entry left",
    ],
)
def test_what_is_wrong_is_said_in_words(sealed: None, statement: str, wrong_at: int | None, says: str) -> None:
    with behind_the_triggers() as cursor:
        cursor.execute(statement)
        found = verifying.verify()
        assert not found.is_good and found.wrong_at == wrong_at
        with pytest.raises(AssertionError, match=says):
            raise AssertionError(found.words)


def test_two_entries_that_changed_places_are_found(sealed: None) -> None:
    with behind_the_triggers() as cursor:
        cursor.execute(
            "UPDATE sync_journalseal s"
            " SET sha256 = o.sha256, previous_sha256 = o.previous_sha256, entry_id = -o.entry_id"
            " FROM sync_journalseal o WHERE (s.number, o.number) IN ((5, 6), (6, 5))"
        )
        cursor.execute("UPDATE sync_journalseal SET entry_id = -entry_id WHERE entry_id < 0")
        assert verifying.verify().wrong_at == 5


def test_an_entry_that_was_made_to_be_forgotten_is_found(sealed: None) -> None:
    # given an entry that waits, and somebody who takes it out of the line
    journal.note([journal.Fact(action="hid", object_kind="page", object_key="1", text="Somebody hid it.")])
    with behind_the_triggers() as cursor:
        cursor.execute("DELETE FROM sync_journalwaiting")
        assert sealing.seal_due() == 0
        found = verifying.verify()
        assert not found.is_good and "has no seal and does not wait for one" in found.words


# -- what only an anchor shows ------------------------------------------------------------------------
def cut_the_end_off(cursor: Any) -> None:
    cursor.execute(
        "WITH cut AS (DELETE FROM sync_journalseal WHERE number > 35 RETURNING entry_id)"
        " DELETE FROM sync_journalentry WHERE id IN (SELECT entry_id FROM cut)"
    )


def write_anew(cursor: Any) -> None:
    """Change an entry and compute the whole chain again, as the sealer would."""
    cursor.execute("UPDATE sync_journalentry SET text = 'Nobody looked.' WHERE object_key = '9'")
    sha256 = NOTHING
    for seal in JournalSeal.objects.order_by("number"):
        cursor.execute(f"SELECT {chain.COLUMNS} FROM sync_journalentry e WHERE id = %s", [seal.entry_id])
        previous, entry = sha256, chain.Entry(*cursor.fetchone())
        sha256 = chain.digest(previous, chain.line(seal.number, seal.sealed_at, entry))
        cursor.execute(
            "UPDATE sync_journalseal SET previous_sha256 = %s, sha256 = %s WHERE number = %s",
            [previous, sha256, seal.number],
        )


@pytest.mark.parametrize(
    ("forge", "wrong_at", "says"),
    [
        (cut_the_end_off, 36, "The end of the chain is missing: it ends at number 35, and number 40 was anchored on"),
        (write_anew, 40, "Number 40 is not what was anchored on 14 May 2026"),
    ],
)
def test_a_shorter_or_rewritten_chain_agrees_with_itself_and_not_with_its_anchor(
    sealed: None, forge: Any, wrong_at: int, says: str
) -> None:
    # given a forged chain in which every link is right
    with behind_the_triggers() as cursor:
        forge(cursor)
        assert verifying.verify().is_good
    # when it had been anchored before
    anchors.anchor()
    with behind_the_triggers() as cursor:
        forge(cursor)
        found = verifying.verify()
        # then the anchor tells
        assert (found.is_good, found.wrong_at, found.anchors) == (False, wrong_at, 1) and says in found.words
    assert verifying.verify().words.endswith("Anchors that agree: 1.")


def test_with_everything_gone_the_anchor_tells(sealed: None) -> None:
    anchors.anchor()
    with behind_the_triggers() as cursor:
        cursor.execute("DELETE FROM sync_journalseal")
        cursor.execute("DELETE FROM sync_journalentry")
        assert "it ends at number 0" in verifying.verify().words


# -- the command --------------------------------------------------------------------------------------
def test_the_command_says_how_the_journal_is_and_keeps_what_it_found(sealed: None, machine: Any) -> None:
    anchors.anchor()
    journal.note([journal.Fact(action="looked", object_kind="page", object_key="41", text="Somebody looked.")])
    machine.passes(30)
    out = StringIO()
    call_command("audit", "verify", "--by", "jo", stdout=out)
    assert "All 40 sealed entries are as they were written. Anchors that agree: 1." in out.getvalue()
    assert "Sealed and recomputed: 40. Waiting for a seal: 1, the oldest for 30 s." in out.getvalue()
    row = JournalCheck.objects.get()
    assert (row.is_good, row.entries, row.waiting, row.anchors, row.by) == (True, 40, 1, 1, "jo")
    assert row.last_sha256 == JournalSeal.objects.get(number=40).sha256 and row.started_at < row.finished_at


def test_the_command_fails_where_the_journal_is_broken(sealed: None) -> None:
    out = StringIO()
    with behind_the_triggers() as cursor:
        cursor.execute("UPDATE sync_journalentry SET actor = 'Nobody' WHERE object_key = '12'")
        with pytest.raises(CommandError, match="not as it was written"):
            call_command("audit", "verify", "--json", stdout=out)
        row = JournalCheck.objects.get()
        assert (row.is_good, row.wrong_at) == (False, 12)
    said = json.loads(out.getvalue())
    assert (said["is_good"], said["wrong_at"], said["entries"], said["waiting"]) == (False, 12, 11, 0)


def test_the_command_seals_and_anchors() -> None:
    journal.note([journal.Fact(action="looked", object_kind="page", object_key="1", text="Somebody looked.")])
    out = StringIO()
    with pytest.raises(CommandError, match="Nothing is sealed yet"):
        call_command("audit", "anchor")
    call_command("audit", "seal", stdout=out)
    call_command("audit", "anchor", stdout=out)
    assert "Sealed now: 1." in out.getvalue() and JournalSeal.objects.get().sha256 in out.getvalue()


def test_an_empty_journal_is_good_and_says_so() -> None:
    found = verifying.verify()
    assert (found.is_good, found.entries, found.words) == (True, 0, "Nothing is sealed yet.")
    assert not JournalEntry.objects.exists()

"""The journal's chain: in order, without gaps, by one sealer, refusing every change."""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from sync import chain, clock, journal, sealing, tasks, verifying
from sync.models import JournalEntry, JournalSeal, JournalWaiting
from sync.models.journal import NOTHING
from tests.small_company import person

pytestmark = pytest.mark.django_db


def note(*keys: Any) -> None:
    """One fact per key."""
    journal.note(
        [
            journal.Fact(action="looked", object_kind="page", object_key=str(key), text=f"Somebody looked at {key}.")
            for key in keys
        ]
    )


def order() -> list[str]:
    """What was looked at, in the order of the chain."""
    return list(JournalSeal.objects.order_by("number").values_list("entry__object_key", flat=True))


def test_entries_are_numbered_without_gaps_in_their_order_and_each_links_to_the_one_before() -> None:
    # given entries of several transactions, when they are sealed at two times
    note(1, 2)
    note(3)
    assert JournalWaiting.objects.count() == 3
    assert sealing.seal_due() == 3
    note(4, 5)
    assert sealing.seal_due() == 2 and sealing.seal_due() == 0
    # then
    seals = list(JournalSeal.objects.order_by("number"))
    assert [seal.number for seal in seals] == [1, 2, 3, 4, 5] and order() == list("12345")
    assert [seal.previous_sha256 for seal in seals] == [NOTHING, *(seal.sha256 for seal in seals[:-1])]
    assert len({seal.sha256 for seal in seals}) == 5
    assert not JournalWaiting.objects.exists()


def test_the_task_of_the_timetable_seals_more_than_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 3)
    note(*range(10))
    tasks.seal_journal()
    assert order() == [str(key) for key in range(10)]
    assert verifying.verify().is_good


def test_no_more_is_sealed_than_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    note(*range(6))
    assert sealing.seal_due(limit=5) == 5
    assert JournalWaiting.objects.count() == 1


def test_a_stranger_recomputes_the_chain_from_the_lines_alone(machine: Any) -> None:
    # given entries with all that may stand in one, and their lines
    user = person("jo", "Auditor")
    facts = [
        journal.Fact(action="a", object_kind="page", object_key="1", text="Zoë “looked”\nat  \\ it", user=user),
        journal.Fact(
            action="b",
            object_kind="page",
            object_key="2",
            text="x" * 400,
            correlation_id="deal:1",
            details={"b": 1.50, "a": ["ü", None, {"z": True}]},
        ),
    ]
    journal.note(facts)
    sealing.seal_due()
    lines = []
    with connection.cursor() as cursor:
        for seal in JournalSeal.objects.order_by("number"):
            cursor.execute(f"SELECT {chain.COLUMNS} FROM sync_journalentry e WHERE id = %s", [seal.entry_id])
            lines.append(chain.line(seal.number, seal.sealed_at, chain.Entry(*cursor.fetchone())))
    # when somebody hashes them with nothing of ours
    hashes, before = [], "0" * 64
    for text in "\n".join(lines).splitlines():
        before = hashlib.sha256(before.encode() + b"\n" + text.encode()).hexdigest()
        hashes.append(before)
    # then it is the chain, and a line holds every field there is
    assert hashes == list(JournalSeal.objects.order_by("number").values_list("sha256", flat=True))
    entry = JournalEntry.objects.get(object_key="1")
    seal = entry.seal
    assert json.loads(lines[0]) == [
        1,
        seal.sealed_at.isoformat(timespec="microseconds"),
        entry.pk,
        entry.at.isoformat(timespec="microseconds"),
        user.pk,
        entry.actor,
        "a",
        "page",
        "1",
        "",
        entry.text,
        "{}",
    ]
    assert json.loads(json.loads(lines[1])[-1]) == facts[1].details
    assert len(JournalEntry._meta.concrete_fields) == len(json.loads(lines[0])) - 2


def test_what_the_business_transaction_undoes_does_not_wait() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        note(1)
        raise RuntimeError("the business part failed")
    note(2)
    assert sealing.seal_due() == 1 and order() == ["2"]
    assert verifying.verify().is_good


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_committed_late_under_a_lower_id_comes_later_in_the_chain() -> None:
    # given somebody whose transaction takes long, after its entry got its id
    written, sealed = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                note("late")
                written.set()
                assert sealed.wait(20)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    # when others commit and are sealed meanwhile
    note("early")
    assert sealing.seal_due() == 1
    sealed.set()
    thread.join(20)
    # then the late one is sealed behind them, though its id is lower, and none is missing
    assert sealing.seal_due() == 1
    late, early = JournalEntry.objects.get(object_key="late"), JournalEntry.objects.get(object_key="early")
    assert late.pk < early.pk and (early.seal.number, late.seal.number) == (1, 2)
    assert verifying.verify().is_good


@pytest.mark.django_db(transaction=True)
def test_many_sealers_at_once_make_one_chain(
    in_threads: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given people who write while four sealers seal as fast as they can
    monkeypatch.setattr(sealing, "BATCH", 7)
    ending = threading.Event()

    def work(number: int) -> int:
        if number >= 4:
            for key in range(25):
                note(f"{number}:{key}", f"{number}:{key}b")
            return 0
        done = 0
        while not ending.is_set():
            done += sealing.seal_due()
        return done

    timer = threading.Timer(4, ending.set)
    timer.start()
    done = in_threads(work, list(range(8)))
    timer.cancel()
    assert not [one for one in done if isinstance(one, Exception)]
    # then every entry has one number, and the numbers have no gap
    left = sealing.seal_due(limit=10_000) + sum(sealing.seal_due() for _ in range(100))
    assert sum(done) + left == JournalEntry.objects.count() == 200
    assert list(JournalSeal.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 201))
    assert verifying.verify().is_good


@pytest.mark.django_db(transaction=True)
def test_a_second_sealer_does_not_wait_for_the_first() -> None:
    # given a sealer in the middle of its batch
    note(1)
    begun, over, other = threading.Event(), threading.Event(), []

    def second() -> None:
        try:
            assert begun.wait(20)
            other.append(sealing.seal_due())
        finally:
            over.set()
            connections.close_all()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        assert sealing.seal_due() == 1
        begun.set()
        # then the second comes back at once, with nothing done
        assert over.wait(10)
    thread.join(20)
    assert other == [0] and JournalSeal.objects.count() == 1


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE sync_journalseal SET sha256 = previous_sha256", "UPDATE of sync_journalseal"),
        ("DELETE FROM sync_journalseal WHERE number = 2", "DELETE of sync_journalseal"),
        ("TRUNCATE sync_journalseal", "TRUNCATE of sync_journalseal"),
        ("UPDATE sync_journalcheck SET is_good = true", "UPDATE of sync_journalcheck"),
        ("DELETE FROM sync_journalcheck", "DELETE of sync_journalcheck"),
        ("TRUNCATE sync_journalcheck CASCADE", "TRUNCATE of sync_journalcheck"),
        ("UPDATE sync_journalwaiting SET entry_id = entry_id + 1", "UPDATE of sync_journalwaiting"),
        ("DELETE FROM sync_journalwaiting", "waits until it is sealed"),
        ("TRUNCATE sync_journalwaiting", "TRUNCATE of sync_journalwaiting"),
        (
            "INSERT INTO sync_journalseal (number, entry_id, previous_sha256, sha256, sealed_at)"
            " SELECT 9, max(id), repeat('1', 64), repeat('2', 64), now() FROM sync_journalentry",
            "does not link",
        ),
        (
            "INSERT INTO sync_journalseal (number, entry_id, previous_sha256, sha256, sealed_at)"
            " SELECT 3, max(id), repeat('1', 64), repeat('2', 64), now() FROM sync_journalentry",
            "does not link",
        ),
    ],
)
def test_the_database_refuses_to_change_what_seals_the_journal(statement: str, says: str) -> None:
    # given two sealed entries, one that waits, and a verification
    note(1, 2)
    sealing.seal_due()
    verifying.check(by="a test")
    note(3)
    # when somebody with the application's own rights changes, deletes, empties or forges
    with pytest.raises(DatabaseError, match=says), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
    # then nothing has changed
    assert verifying.verify().is_good and JournalWaiting.objects.count() == 1


@pytest.mark.parametrize(("number", "previous"), [(1, "1" * 64), (0, NOTHING)])
def test_the_first_seal_is_number_one_and_follows_nothing(number: int, previous: str) -> None:
    note(1)
    with pytest.raises(DatabaseError, match="first_seal_follows_nothing"), transaction.atomic():
        JournalSeal.objects.create(
            number=number,
            entry=JournalEntry.objects.get(),
            previous_sha256=previous,
            sha256="2" * 64,
            sealed_at=clock.now(),
        )


def test_an_entry_is_sealed_once() -> None:
    note(1)
    sealing.seal_due()
    seal = JournalSeal.objects.get()
    with pytest.raises(DatabaseError, match="entry_id"), transaction.atomic():
        JournalSeal.objects.create(
            number=2, entry_id=seal.entry_id, previous_sha256=seal.sha256, sha256="2" * 64, sealed_at=clock.now()
        )


def test_looking_for_what_waits_reads_nothing_of_what_is_sealed() -> None:
    # given a journal of which all but one entry is sealed
    note(*range(3000))
    sealing.seal_due()
    note("new")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sync_journalentry, sync_journalwaiting")
        # when the sealer looks
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sealing._WAITING}", [1000])
        plan = cursor.fetchone()[0][0]["Plan"]

    def read(node: dict[str, Any]) -> int:
        own = node["Actual Rows"] * node["Actual Loops"] if "Relation Name" in node else 0
        return own + node.get("Rows Removed by Filter", 0) + sum(read(one) for one in node.get("Plans", []))

    # then it reads as many rows as wait, of both tables
    assert read(plan) == 2

"""Anchors: a line outside the database for the newest seal, once an hour, whatever happened to the line before."""

import json
import logging
import os
from typing import Any

import pytest

from sync import anchors, journal, sealing, tasks, verifying
from sync.models import JournalSeal

pytestmark = pytest.mark.django_db


def seal_one(key: str = "1") -> JournalSeal:
    journal.note([journal.Fact(action="looked", object_kind="page", object_key=key, text="Somebody looked.")])
    sealing.seal_due()
    return JournalSeal.objects.latest("number")


def test_an_anchor_is_one_line_of_json_and_stands_in_the_log(
    machine: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a disk that is told to keep things
    kept: list[str] = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: kept.append(os.readlink(f"/proc/self/fd/{handle}")) or real(handle))
    seal = seal_one()
    with caplog.at_level(logging.INFO, logger="sync.anchors"):
        anchors.anchor()
    # then the line is on it, and so is the file's name
    assert kept == [str(anchors.path()), str(anchors.path().parent)]
    said = json.loads(anchors.path().read_text())
    assert (said["number"], said["sha256"]) == (1, seal.sha256) and said["anchored_at"].startswith("2026-05-14T10:")
    assert f"anchored at number 1 with {seal.sha256}" in caplog.text


def test_the_timetable_anchors_once_an_hour(machine: Any) -> None:
    seal_one()
    for _ in range(3):
        tasks.anchor_journal()
    seal_one("2")
    machine.passes(3600)
    tasks.anchor_journal()
    assert [one.number for one in anchors.anchored()[0]] == [1, 2]


def test_nothing_is_anchored_before_something_is_sealed(machine: Any) -> None:
    tasks.anchor_journal()
    assert not anchors.path().exists() and anchors.anchored() == ([], 0)


def test_a_line_that_was_cut_off_swallows_no_other(machine: Any) -> None:
    # given an anchor whose line was cut off by a full disk
    seal_one()
    anchors.anchor()
    text = anchors.path().read_text()
    anchors.path().write_text(text + text[:40])
    # when the next one is written
    anchors.anchor()
    # then both whole ones can be read, and the verification mentions the rest
    found, unreadable = anchors.anchored()
    assert ([one.number for one in found], unreadable) == ([1, 1], 1)
    verdict = verifying.verify()
    assert verdict.is_good and verdict.words.endswith("Anchors that agree: 2. Lines that cannot be read: 1.")


def test_anchors_that_cannot_be_read_do_not_pass_for_none(machine: Any) -> None:
    # given a folder where the file should be
    seal_one()
    anchors.path().mkdir(parents=True)
    verdict = verifying.verify()
    assert not verdict.is_good and verdict.words == "The anchors cannot be read: Is a directory."

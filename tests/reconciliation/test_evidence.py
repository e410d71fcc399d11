"""Evidence packs: whole, verified without the portal, and any changed byte is found."""

import hashlib
import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from reconciliation.evidence import pack, verify
from reconciliation.models import EvidencePack
from reconciliation.sign_offs import signing
from sync.models import JournalEntry
from tests.paper_erp import line
from tests.reconciliation.desk import approver, billing_ops, preparer
from tests.small_company import DAY, Company, invoice, person

IN1, IN2 = invoice(1).reference, invoice(2).reference
#: single bytes changed, each in a copy of its own
ROUNDS = int(os.environ.get("EVIDENCE_ROUNDS", "150"))


@pytest.fixture(autouse=True)
def _packs_kept(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"


@pytest.fixture
def signed(company: Company, paper: Any) -> EvidencePack:
    """A day with a break, a fix, and a signature; and the pack of it."""
    company.sells(1)
    company.bills(1)
    company.settles()
    for code in ("billing", "erp"):
        paper(code).lists["invoice"] = [line(IN1, "100.00", day=DAY), line(IN2, "70.10", day=DAY)]
    lost = paper("erp").lists["invoice"].pop()
    runner.run("invoices", entity=company.entity, business_date=DAY)
    paper("erp").lists["invoice"].append(lost)
    runner.run("invoices", entity=company.entity, business_date=DAY)
    runner.run("document_numbers", entity=company.entity, business_date=DAY)
    row = signing.prepare(CONTROLS["invoices"], entity=company.entity, first=DAY, last=DAY, user=preparer())
    signing.review(row, user=approver(), sha256=row.certificate_sha256, note='Häuser, "Süd"\nund Nord')
    asked = pack.ask(entity=company.entity, first=DAY, last=DAY, user=preparer())
    assert pack.make_due() == 1
    asked.refresh_from_db()
    return asked


def file_of(row: EvidencePack) -> Path:
    return pack.folder() / row.name


def rows(path: Path, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        return [json.loads(text) for text in archive.read(name).decode().splitlines()]


def test_it_holds_what_was_read_found_decided_and_signed(signed: EvidencePack) -> None:
    path = file_of(signed)
    assert (signed.status, signed.size) == ("ready", path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == signed.files
    assert [row["status"] for row in rows(path, "runs.jsonl")] == ["tied", "open_exceptions", "tied"]
    # both readings of each side, the one that is no longer in force too
    readings = rows(path, "readings.jsonl")
    assert [row["is_current"] for row in readings if row["side"] == "right"] == [False, True]
    (broken,) = rows(path, "breaks.jsonl")
    assert broken["healed_at"] and broken["difference"] == "70.1000"
    assert rows(path, "cases.jsonl")[0]["status"] == "closed"
    (sign_off,) = rows(path, "sign_offs.jsonl")
    assert (sign_off["prepared_by"], sign_off["reviewed_by"]) == ("finance.preparer", "finance.approver")
    assert {row["name"] for row in rows(path, "controls.jsonl")} == set(CONTROLS)
    journal = [json.loads(row["line"]) for row in rows(path, "journal.jsonl")]
    assert "sign-off signed" in [one[6] for one in journal]
    # that it exists is in the journal, with its hash
    assert JournalEntry.objects.get(action="evidence pack").details["sha256"] == signed.sha256


def test_its_own_script_verifies_it_with_nothing_but_python(signed: EvidencePack, tmp_path: Path) -> None:
    path = file_of(signed)
    with zipfile.ZipFile(path) as archive:
        script = Path(archive.extract("verify.py", tmp_path / "auditor"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        # isolated: no packages, no environment
        return subprocess.run([sys.executable, "-I", "-S", str(script), *arguments], capture_output=True, text=True)

    good = run(str(path), signed.sha256)
    assert (good.returncode, good.stderr) == (0, "") and good.stdout.startswith("GOOD: ")
    another = run(str(path), "0" * 64)
    assert another.returncode == 1 and "it was written anew" in another.stdout
    assert run(str(tmp_path / "nothing.zip")).returncode == 1
    assert run().returncode == 2


def test_every_changed_byte_is_found(signed: EvidencePack, tmp_path: Path) -> None:
    path, copy = file_of(signed), tmp_path / "changed.zip"
    whole = path.read_bytes()
    assert verify.problems(str(path), signed.sha256) == []
    chance = random.Random(20260513)
    # the last bytes are the seal itself, the first the first header: both are certain to be among those tried
    places = [0, len(whole) - 1, len(whole) - 64, len(whole) - 65]
    places += [chance.randrange(len(whole)) for _ in range(ROUNDS - len(places))]
    missed = []
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= chance.randrange(1, 256)
        copy.write_bytes(changed)
        if not verify.problems(str(copy)):
            missed.append(place)
    assert missed == [] and len(places) == ROUNDS


def _written_anew(path: Path, target: Path, change: Any) -> None:
    """The pack with one file changed, its manifest and seal made to fit."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        new.comment = verify.SEAL + b"0" * 64
        manifest = json.loads(old.read("manifest.json"))
        for one in manifest["files"]:
            text = change(one["name"], old.read(one["name"]))
            one["sha256"], one["bytes"] = hashlib.sha256(text).hexdigest(), len(text)
            new.writestr(one["name"], text)
        new.writestr("manifest.json", json.dumps(manifest))
    pack._seal(target)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("populations/", b"70.10", b"71.10", "its lines are not the ones that were compared"),
        ("sign_offs.jsonl", b'"left":"170.10"', b'"left":"170.11"', "the certificate is not the one that was signed"),
        ("journal.jsonl", b"finance.preparer", b"finance.approver", "was changed"),
    ],
)
def test_a_pack_that_was_written_anew_is_found_by_what_is_in_it(
    signed: EvidencePack, tmp_path: Path, name: str, old: bytes, new: bytes, said: str
) -> None:
    # given somebody who changes a file and makes manifest and seal fit again
    target, hit = tmp_path / "anew.zip", []

    def change(found: str, text: bytes) -> bytes:
        if found.startswith(name) and old in text:
            hit.append(found)
            return text.replace(old, new)
        return text

    _written_anew(file_of(signed), target, change)
    assert hit and any(said in one for one in verify.problems(str(target)))
    # and by the hash the portal knows it by in any case
    assert "it was written anew" in verify.problems(str(target), signed.sha256)[0]


def test_only_who_may_asks_and_downloads(signed: EvidencePack, company: Company) -> None:
    for user in (billing_ops(), person("auditor", "Auditor")):
        with pytest.raises(pack.NotAllowed, match="Your role"):
            pack.ask(entity=company.entity, first=DAY, last=DAY, user=user)
    address = f"/evidence/{signed.pk}"
    for user, status in ((billing_ops(), 403), (person("auditor", "Auditor"), 200)):
        client = Client()
        client.force_login(user)
        answer = client.get(address)
        assert answer.status_code == status
    assert b"".join(answer.streaming_content) == file_of(signed).read_bytes()
    assert JournalEntry.objects.get(action="evidence downloaded").user == user
    file_of(signed).unlink()
    assert client.get(address).status_code == 404


def test_it_is_asked_for_on_the_page_and_written_by_a_worker(signed: EvidencePack) -> None:
    client = Client()
    client.force_login(preparer())
    asked = client.post(f"/evidence/US01/2026-05-01/{DAY}", follow=True).content.decode()
    assert "It is being written." in asked
    assert (
        "One of these days is being written just now."
        in client.post(f"/evidence/US01/2026-05-01/{DAY}", follow=True).content.decode()
    )
    assert pack.make_due() == 1 and pack.make_due() == 0
    row = EvidencePack.objects.order_by("pk").last()
    assert row and row.status == "ready" and verify.problems(str(file_of(row)), row.sha256) == []


def test_what_cannot_be_written_says_why(signed: EvidencePack, company: Company, monkeypatch: Any) -> None:
    def fails(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(pack, "_write", fails)
    row = pack.ask(entity=company.entity, first=DAY, last=DAY, user=preparer())
    assert pack.make_due() == 1
    row.refresh_from_db()
    assert (row.status, row.trouble) == ("failed", "No space left on device")


def test_the_command_writes_one(signed: EvidencePack, capsys: Any) -> None:
    call_command("evidence_pack", "US01", "2026-05-01", str(DAY), by="finance.preparer")
    path, sha256 = capsys.readouterr().out.split()
    assert verify.problems(path, sha256) == []
    for wrong in (("US01", "nobody"), ("XX", "finance.preparer")):
        with pytest.raises(CommandError, match="There is no"):
            call_command("evidence_pack", wrong[0], "2026-05-01", str(DAY), by=wrong[1])

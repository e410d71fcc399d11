"""Writes evidence packs: one ZIP file, each file in it hashed in the manifest, the whole sealed by its last bytes."""

import hashlib
import json
import logging
import os
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from django.contrib.auth.models import AbstractUser, User
from django.db import transaction

from reconciliation.approvals import holds
from reconciliation.evidence import contents
from reconciliation.evidence.verify import SEAL
from reconciliation.models import EvidencePack
from sync import clock, journal, sealing
from sync.models import LegalEntity

log = logging.getLogger(__name__)
_DIGITS = 64


class NotAllowed(ValueError):
    """It may not be asked for so, or not by this person; the message says why, for people."""


def folder() -> Path:
    """Where packs are kept; it must last as long as the company's records must."""
    return Path(settings.EVIDENCE_DIR)


def ask(*, entity: LegalEntity, first: date, last: date, user: AbstractUser) -> EvidencePack:
    """Ask for a pack; a worker writes it. Raises NotAllowed."""
    if not holds(user, "make_evidencepack"):
        _refuse("Your role can look at sign-offs but not have evidence written.")
    if not first <= last <= clock.business_date(entity):
        _refuse("A pack is of days that have begun, the first before the last.")
    waiting = EvidencePack.objects.filter(
        entity=entity, starts_on=first, ends_on=last, status=EvidencePack.Status.ASKED
    )
    if waiting.exists():
        _refuse("One of these days is being written just now.")
    assert isinstance(user, User)
    return EvidencePack.objects.create(
        entity=entity, starts_on=first, ends_on=last, asked_by=user, asked_at=clock.now()
    )


def make_due() -> int:
    """Write what was asked for, each pack by one worker; how many were written."""
    done = 0
    while True:
        with transaction.atomic():
            rows = EvidencePack.objects.select_for_update(skip_locked=True, of=("self",))
            row = rows.filter(status=EvidencePack.Status.ASKED).select_related("entity", "asked_by").first()
            if row is None:
                return done
            try:
                with transaction.atomic():
                    make(row)
            except Exception as error:
                log.exception("evidence pack %s could not be written", row.pk)
                row.status, row.trouble = EvidencePack.Status.FAILED, f"{error}"[:400]
                row.save(update_fields=["status", "trouble"])
                done += 1
                continue
        done += 1


def make(row: EvidencePack) -> Path:
    """Write the file, then say in the journal that it exists and under which hash."""
    # what was signed a moment ago belongs into it
    sealing.seal_due()
    path = folder() / row.name
    path.parent.mkdir(parents=True, exist_ok=True)
    span = contents.Span(entity=row.entity, first=row.starts_on, last=row.ends_on)
    row.made_at = clock.now()
    unfinished = path.with_suffix(".part")
    row.files = _write(unfinished, row, span)
    row.sha256, row.size = _seal(unfinished), unfinished.stat().st_size
    os.replace(unfinished, path)
    row.status = EvidencePack.Status.READY
    row.save(update_fields=["made_at", "files", "sha256", "size", "status"])
    journal.note(
        [
            journal.Fact(
                action="evidence pack",
                object_kind="evidence_pack",
                object_key=row.name,
                user=row.asked_by,
                text=f"Evidence of {row.entity.code}, {row.starts_on} to {row.ends_on}, was written.",
                details={"sha256": row.sha256, "bytes": row.size},
            )
        ]
    )
    return path


def _write(path: Path, row: EvidencePack, span: contents.Span) -> int:
    """Every file and then the manifest; how many files."""
    assert row.made_at is not None
    listed: list[dict[str, object]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        # its place is kept now, so that the last bytes can be filled in without moving anything
        archive.comment = SEAL + b"0" * _DIGITS
        for name, pieces in contents.files(span):
            digest, size = hashlib.sha256(), 0
            with archive.open(_info(name, row.made_at), "w", force_zip64=True) as file:
                for block in _blocks(pieces):
                    digest.update(block)
                    size += len(block)
                    file.write(block)
            listed.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})
        manifest = {
            "company": span.entity.code,
            "days": [span.first.isoformat(), span.last.isoformat()],
            "made_at": row.made_at.isoformat(),
            "made_for": row.asked_by.username,
            "pack": row.pk,
            "files": listed,
        }
        archive.writestr(_info("manifest.json", row.made_at), json.dumps(manifest, indent=1))
    return len(listed) + 1


def _info(name: str, at: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _blocks(pieces: Iterable[str]) -> Iterable[bytes]:
    """Text in blocks worth compressing."""
    gathered: list[str] = []
    length = 0
    for piece in pieces:
        gathered.append(piece)
        length += len(piece)
        if length > 1 << 16:
            yield "".join(gathered).encode()
            gathered, length = [], 0
    yield "".join(gathered).encode()


def _seal(path: Path) -> str:
    """Put the hash of all bytes before it into the last 64; it is also what the portal knows the pack by."""
    digest, left = hashlib.sha256(), path.stat().st_size - _DIGITS
    with path.open("r+b") as file:
        while left:
            block = file.read(min(left, 1 << 20))
            digest.update(block)
            left -= len(block)
        file.seek(-_DIGITS, os.SEEK_END)
        file.write(digest.hexdigest().encode())
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _refuse(text: str) -> NoReturn:
    raise NotAllowed(text)

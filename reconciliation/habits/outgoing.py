"""What may leave the portal as a file, because the journal says who took it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser

from reconciliation.who import person_of
from sync import journal

PDF = "application/pdf"


@dataclass(frozen=True, kw_only=True)
class File:
    """One file that may go out."""

    name: str
    content: bytes
    content_type: str
    sha256: str


def noted(
    content: bytes,
    *,
    name: str,
    content_type: str,
    action: str,
    about: tuple[str, str],
    user: AbstractUser,
    text: str,
    details: dict[str, Any],
) -> File:
    """Note a file down, with its size and hash; `about` is the kind and key of what it is of. Within the transaction it
    was drawn up in, so that no file leaves unnoted and none is noted that was not made.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    kind, key = about
    fact = journal.Fact(
        action=action,
        object_kind=kind,
        object_key=key,
        user=person_of(user),
        text=text,
        details={**details, "bytes": len(content), "sha256": sha256},
    )
    journal.note([fact])
    return File(name=name, content=content, content_type=content_type, sha256=sha256)

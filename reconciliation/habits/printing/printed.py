"""A paper that may go out, because the journal says who took it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from reconciliation.who import person_of
from sync import journal

CONTENT_TYPE = "application/pdf"


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One paper, as it was noted."""

    name: str
    content: bytes
    sha256: str


def take(
    draw: Callable[[], bytes],
    *,
    name: str,
    action: str,
    about: tuple[str, str],
    user: AbstractUser,
    text: str,
    details: dict[str, Any],
) -> Printed:
    """Draw a paper and note it down in one go; `about` is the kind and key of what it is of."""
    with transaction.atomic():
        content = draw()
        sha256 = hashlib.sha256(content).hexdigest()
        kind, key = about
        journal.note(
            [
                journal.Fact(
                    action=action,
                    object_kind=kind,
                    object_key=key,
                    user=person_of(user),
                    text=text,
                    details={**details, "sha256": sha256, "bytes": len(content)},
                )
            ]
        )
    return Printed(name=name, content=content, sha256=sha256)

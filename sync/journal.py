"""Writes the audit journal: facts in sentences, inside the transaction that made them true."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from sync import clock
from sync.models import JournalEntry

ENGINE = "Portal"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One entry to be written."""

    action: str
    object_kind: str
    object_key: str
    text: str
    correlation_id: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    user: User | None = None


def note(facts: Iterable[Fact]) -> None:
    """Append these facts now, in order."""
    at = clock.now()
    JournalEntry.objects.bulk_create(
        JournalEntry(
            at=at,
            user=fact.user,
            actor=(fact.user.get_full_name() or fact.user.username) if fact.user else ENGINE,
            action=fact.action,
            object_kind=fact.object_kind,
            object_key=fact.object_key[:200],
            correlation_id=fact.correlation_id,
            text=fact.text[:400],
            details=fact.details,
        )
        for fact in facts
    )

"""What Salesforce should show: noted where facts happen, coalesced per record, sent in collections; never a ledger."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from connectors.canonical import CrmStatus, text
from sync import bulk, clock, keys, outbox
from sync.models import CrmStatusRecord, Delivery

#: a record is sent this long after its last change, so that what changes in one go is one update
COALESCE = timedelta(seconds=15)


@dataclass(frozen=True, kw_only=True)
class Note:
    """Some fields one CRM record should show from now on."""

    connection_id: int
    crm_object: str
    record_id: str
    correlation_id: str
    fields: dict[str, str]

    @property
    def reference(self) -> str:
        return keys.reference("feedback", self.crm_object, self.record_id)


def put(notes: Sequence[Note], *, once_locked: Callable[[], Iterable[Note]] = tuple) -> None:
    """Merge these fields into the wanted state of their records; a version rises only when something changes.

    Fields that are read from what others write are left to `once_locked`: it is asked when nobody else can put
    anything on these records any more, so that a reading never replaces a younger one. Its notes are for records that
    `notes` name.
    """
    if not notes:
        return
    merged = {note.reference: note for note in reversed(notes)}
    now = clock.now()
    with transaction.atomic():
        CrmStatusRecord.objects.bulk_create(
            (
                CrmStatusRecord(
                    connection_id=note.connection_id,
                    reference=reference,
                    correlation_id=note.correlation_id,
                    crm_object=note.crm_object,
                    crm_record_id=note.record_id,
                    changed_at=now,
                )
                for reference, note in sorted(merged.items())
            ),
            ignore_conflicts=True,
        )
        rows = CrmStatusRecord.objects.select_for_update().filter(reference__in=list(merged)).order_by("reference")
        locked, changed = list(rows), []
        fields: dict[str, dict[str, str]] = {row.reference: {} for row in locked}
        for note in (*notes, *once_locked()):
            fields[note.reference].update(note.fields)
        for row in locked:
            wanted = {**row.fields, **fields[row.reference]}
            if wanted != row.fields:
                row.fields, row.version, row.changed_at = wanted, row.version + 1, now
                changed.append(row)
        bulk.update(changed, ["fields", "version", "changed_at"])


def owe_due(limit: int = 2000) -> int:
    """Owe every record whose wanted state has rested for a moment and was not sent yet; how many."""
    now = clock.now()
    with transaction.atomic():
        rows = list(
            CrmStatusRecord.objects.select_for_update(skip_locked=True)
            .filter(version__gt=F("sent_version"), changed_at__lte=now - COALESCE)
            .order_by("changed_at", "pk")[:limit]
        )
        owed = []
        for row in rows:
            shape = CrmStatus(
                reference=row.reference,
                version=row.version,
                correlation_id=row.correlation_id,
                crm_object=row.crm_object,
                crm_record_id=row.crm_record_id,
                fields=tuple(sorted(row.fields.items())),
            )
            frozen = text(shape)
            owed.append(
                (
                    Delivery(
                        target_id=row.connection_id,
                        role="crm",
                        queue="notify",
                        kind=shape.kind,
                        reference=row.reference,
                        version=row.version,
                        delivery_key=keys.delivery_key(row.reference, version=row.version, operation="put"),
                        serial_key=row.reference,
                        correlation_id=row.correlation_id,
                        is_required=False,
                        is_state_like=True,
                        subject=frozen,
                        subject_sha256=hashlib.sha256(frozen.encode()).hexdigest(),
                        due_at=now,
                        created_at=now,
                        title=f"Status of {row.crm_object} {row.crm_record_id}",
                    ),
                    (),
                )
            )
            row.sent_version = row.version
        outbox.owe_direct(owed)
        bulk.update(rows, ["sent_version"])
    return len(rows)

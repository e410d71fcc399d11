"""What people do to deliveries, after approval: post again in a new round, move a posting, let go, withdraw."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from connectors.canonical import Canonical, load, text
from sync import blocks, bulk, clock, late, nudges
from sync.models import Delivery, DeliveryNeed, ExternalIdentity
from sync.states import UNFINISHED, Condition, Lifecycle

log = logging.getLogger(__name__)


class UnderWay(Exception):
    """A call for this delivery is being made, or nobody knows yet how one ended; a new round has to wait for that."""


def repost(delivery: Delivery, *, operation_note: str) -> Delivery:
    """Begin a new round after approval: the only backward move. `find` runs before anything is sent. Needs a
    transaction. Raises UnderWay.
    """
    row = Delivery.objects.select_for_update(of=("self",)).select_related("target").get(pk=delivery.pk)
    if row.condition in (Condition.CLAIMED, Condition.IN_DOUBT):
        raise UnderWay(f"{row.title} is under way or in doubt; it cannot be posted again now.")
    row.round += 1
    row.generation = 1
    row.state, row.condition, row.find_first = Lifecycle.TRANSFORMED, Condition.DUE, True
    row.blocked_reason, row.due_at, row.fence = "", clock.now(), row.fence + 1
    row.key_sent_at = None
    _start_counting(row)
    row.posted_at = row.reconciled_at = None
    row.save()
    nudges.nudge(row.queue)
    log.info("%s begins round %s: %s", row.delivery_key, row.round, operation_note)
    return row


def move_posting(delivery: Delivery, *, posting_date: Any) -> Delivery:
    """Post a document in another period than its own, after approval: only the posting date changes. Needs a
    transaction. Raises UnderWay.
    """
    subject: Any = load(json.loads(delivery.subject))
    if hasattr(subject, "posting_date"):
        subject = replace(subject, posting_date=posting_date)
    row = _sends(delivery, subject, posting_date=posting_date)
    late.note(row, subject)
    return repost(row, operation_note=f"posting moved to {posting_date}")


def let_go(
    delivery: Delivery,
    *,
    subject: Canonical,
    posting_date: date | None = None,
    serial_key: str = "",
    after: str = "",
    operation_note: str,
) -> Delivery:
    """Send what people decided on, as they decided it, after approval; where the target does not hold `after` or
    another thing it needs, once it does. Needs a transaction. Raises UnderWay.
    """
    row = _sends(delivery, subject, posting_date=posting_date or delivery.posting_date)
    late.note(row, subject)
    row = repost(row, operation_note=operation_note)
    needs = set(DeliveryNeed.objects.filter(delivery=row).values_list("reference", flat=True))
    held = set(
        ExternalIdentity.objects.filter(connection=row.target_id, reference__in=needs).values_list(
            "reference", flat=True
        )
    )
    missing = after or min(needs - held, default="")
    row.serial_key = serial_key or row.serial_key
    if missing:
        row.condition, row.waits_for = Condition.WAITING, missing
    row.save(update_fields=["serial_key", "condition", "waits_for"])
    return row


def _sends(delivery: Delivery, subject: Canonical, *, posting_date: Any) -> Delivery:
    """Change what a delivery sends; only ever with an approval of exactly this content."""
    row = Delivery.objects.select_for_update(of=("self",)).select_related("target").get(pk=delivery.pk)
    row.subject = text(subject)
    row.subject_sha256 = hashlib.sha256(row.subject.encode()).hexdigest()
    row.posting_date = posting_date
    row.save(update_fields=["subject", "subject_sha256", "posting_date"])
    return row


def release_blocked(ids: Sequence[int]) -> int:
    """Blocked deliveries try again after what stopped them was mended. Needs a transaction."""
    rows = list(
        Delivery.objects.select_for_update()
        .filter(pk__in=ids, condition=Condition.BLOCKED)
        .order_by("posting_date", "reference")
    )
    for place, row in enumerate(rows):
        row.condition, row.blocked_reason, row.find_first = Condition.DUE, "", True
        row.due_at = clock.now() + timedelta(microseconds=place)
        _start_counting(row)
    bulk.update(rows, ["condition", "blocked_reason", "find_first", "due_at", *_COUNTED])
    nudges.nudge(*{row.queue for row in rows})
    return len(rows)


#: what bounds a round: each begins with all of it unused
_COUNTED = ("attempts", "tries", "crashes", "look_ups", "failed_at", "missed_at")


def _start_counting(row: Delivery) -> None:
    row.attempts, row.tries, row.crashes, row.look_ups = 0, 0, 0, 0
    row.failed_at = row.missed_at = None


def withdraw(delivery: Delivery, *, note: str) -> None:
    """What is owed is no longer wanted. Needs a transaction."""
    Delivery.objects.filter(pk=delivery.pk, condition__in=UNFINISHED).exclude(
        condition__in=[Condition.CLAIMED, Condition.IN_DOUBT]
    ).update(condition=Condition.WITHDRAWN, blocked_reason="", waits_for="")
    blocks.clear(deliveries=[delivery.pk], note=note)

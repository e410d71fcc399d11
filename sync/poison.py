"""Deliveries stopped for people, and those we fail at ourselves: what cannot be loaded, what kills its worker."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sync import blocks, bulk, clock
from sync.models import Attempt, Delivery
from sync.states import POISON_AFTER, Condition

#: what a case says of something that killed its worker, whatever it was
DIED = f"The worker died {POISON_AFTER} times while it had this one, the last times nothing else."

#: what outcomes change in a delivery
WRITTEN = (
    "state",
    "condition",
    "due_at",
    "lease_until",
    "blocked_reason",
    "external_id",
    "delivered_at",
    "posted_at",
    "in_doubt_since",
    "awaits_posting_since",
    "generation",
    "key_sent_at",
    "attempts",
    "tries",
    "crashes",
    "missed_at",
    "look_ups",
    "failed_at",
    "find_first",
    "held_until",
)


def stop_at(row: Delivery, reason: str, *, field: str = "", value: str = "", evidence: dict[str, Any]) -> blocks.Stop:
    row.condition, row.blocked_reason, row.awaits_posting_since = Condition.BLOCKED, reason, None
    return blocks.Stop(delivery=row, reason=reason, field=field, value=value, evidence=evidence)


def poison(row: Delivery, text: str) -> blocks.Stop:
    return stop_at(row, "POISON", evidence={"text": text[:600]})


def set_aside(broken: Sequence[tuple[Delivery, Attempt, Exception]]) -> None:
    """These could not even be loaded: nothing was called. They were counted as they were claimed; they wait a little,
    and the third time people look at them. Needs the transaction of the claim.
    """
    now, stops = clock.now(), []
    for row, attempt, error in broken:
        attempt.outcome, attempt.finished_at, attempt.text = Attempt.Outcome.CRASHED, now, repr(error)[:4000]
        row.lease_until, row.due_at = None, now + timedelta(seconds=5 * row.crashes)
        if attempt.verb != "find":
            row.condition = Condition.DUE
            row.key_sent_at = None if row.key_sent_at == attempt.started_at else row.key_sent_at
        if row.crashes >= POISON_AFTER:
            stops.append(poison(row, repr(error)))
    bulk.update([row for row, _, _ in broken], WRITTEN)
    bulk.update([attempt for _, attempt, _ in broken], ["outcome", "finished_at", "text"])
    blocks.put(stops)


def give_up_look_ups(rows: Sequence[Delivery]) -> None:
    """Looking these up has killed too many workers: people look at them. Needs a transaction that holds their locks."""
    stops = []
    for row in rows:
        row.lease_until, row.fence = None, row.fence + 1
        stops.append(poison(row, DIED))
    bulk.update(rows, [*WRITTEN, "fence"])
    blocks.put(stops)

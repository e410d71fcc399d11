"""What outcomes of calls do to deliveries: receipts, look-ups, refusals, silence; written set-based, in key order."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from connectors.canonical import Canonical, load
from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Receipt
from sync import blocks, bulk, clock, connections, feedback, journal
from sync.models import Attempt, Connection, Delivery, ExternalIdentity
from sync.states import Condition, Lifecycle

if TYPE_CHECKING:
    from sync.outbox import Claim

#: after so many tries in a round an unreachable target becomes a case
MOST_TRIES = 8
#: look-ups that may fail before people are asked
MOST_LOOK_UPS = 12
BACK_OFF_FIRST, BACK_OFF_LONGEST = 2.0, 3600.0


@dataclass(frozen=True)
class Adopted:
    """Found at the target before or after sending."""

    receipt: Receipt


@dataclass(frozen=True)
class NotFound:
    """Looked up after its settle time, and not there."""


@dataclass(frozen=True)
class FoundSeveral:
    """The target holds it more than once: frozen until people decide."""

    receipts: list[Receipt]


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Looked up first, as every later round does; then sent, with this outcome."""

    found: list[Receipt]
    then: Any


def agrees(subject: Canonical, receipt: Receipt) -> bool:
    """Whether the target holds what the subject says, as far as its receipt shows: total and currency."""
    total = getattr(subject, "total", None)
    held = receipt.held.get("total")
    if total is None or held is None:
        return True
    return Decimal(held) == total and receipt.held.get("currency", subject.currency) == subject.currency


def back_off(tries: int, *, asked: float | None = None) -> timedelta:
    """Exponential with full jitter, never earlier than the target asked."""
    ceiling = min(BACK_OFF_LONGEST, BACK_OFF_FIRST * 2 ** min(tries, 12))
    return timedelta(seconds=max(asked or 0.0, random.uniform(0.5, ceiling)))  # noqa: S311 - jitter, not a secret


def write(target: Connection, valid: "Sequence[tuple[Claim, Any]]", late: "Sequence[tuple[Claim, Any]]") -> None:
    """Apply outcomes. Needs a transaction that holds the deliveries' locks."""
    from sync import outbox

    receipts: list[tuple[Delivery, Receipt]] = []
    stops: list[blocks.Stop] = []
    for claim, outcome in valid:
        row, attempt = claim.delivery, claim.attempt
        if isinstance(outcome, Looked):
            _note_look_up(attempt, outcome.found)
            outcome = outcome.then
        attempt.finished_at = clock.now()
        row.lease_until = None
        match outcome:
            case Receipt():
                attempt.outcome = Attempt.Outcome.RECEIPT
                _receive(row, outcome)
                receipts.append((row, outcome))
            case Adopted():
                attempt.outcome = Attempt.Outcome.ADOPTED
                _receive(row, outcome.receipt)
                receipts.append((row, outcome.receipt))
            case NotFound():
                attempt.outcome = Attempt.Outcome.NOT_FOUND
                row.generation += 1
                row.condition, row.due_at, row.in_doubt_since = Condition.DUE, clock.now(), None
            case FoundSeveral():
                attempt.outcome = Attempt.Outcome.ADOPTED
                attempt.text = ", ".join(receipt.external_id for receipt in outcome.receipts)
                stops.append(_stop(row, "DUPLICATE_AT_TARGET", value=attempt.text, evidence={}))
            case _:
                stop = _fail(row, attempt, outcome, target)
                if stop:
                    stops.append(stop)
    identities = _save_identities(target, receipts)
    rows = [claim.delivery for claim, _ in valid]
    bulk.update(
        rows,
        [
            "state",
            "condition",
            "due_at",
            "lease_until",
            "blocked_reason",
            "external_id",
            "delivered_at",
            "posted_at",
            "in_doubt_since",
            "generation",
            "attempts",
            "find_first",
            "held_until",
        ],
    )
    for claim, outcome in late:
        claim.attempt.outcome, claim.attempt.finished_at = Attempt.Outcome.LATE, clock.now()
        claim.attempt.text = f"Came after the lease ended: {type(outcome).__name__}"
    bulk.update([claim.attempt for claim, _ in (*valid, *late)], ["outcome", "finished_at", "http_status", "text"])
    blocks.put(stops)
    cleared = [row.pk for row, _ in receipts]
    blocks.clear(deliveries=cleared, note=f"{target.label} took it")
    journal.note(_facts(target, receipts))
    outbox.release_needs([(target.pk, reference) for reference in identities])
    feedback.after_delivery([(row, load(json.loads(row.subject)), receipt) for row, receipt in receipts])


def _note_look_up(attempt: Attempt, found: Sequence[Receipt]) -> None:
    """The look-up that came before the sending is an attempt of its own in the trail."""
    Attempt.objects.create(
        delivery_id=attempt.delivery_id,
        verb="find",
        round=attempt.round,
        generation=attempt.generation,
        fence=attempt.fence,
        request_key="",
        started_at=attempt.started_at,
        finished_at=clock.now(),
        outcome=Attempt.Outcome.RECEIPT if found else Attempt.Outcome.NOT_FOUND,
        text=f"There, holding {dict(found[0].held)}" if found else "Looked up first: not there.",
    )


def _receive(row: Delivery, receipt: Receipt) -> None:
    now = clock.now()
    row.external_id = receipt.external_id
    row.delivered_at = row.delivered_at or now
    row.in_doubt_since, row.find_first, row.blocked_reason = None, False, ""
    if receipt.posted:
        row.state, row.posted_at = Lifecycle.POSTED, now
    else:
        row.state = Lifecycle.ACKNOWLEDGED if receipt.acknowledged else Lifecycle.DELIVERED
    if receipt.look_again_in is not None:
        # accepted and not yet posted: the same look-up that clears doubts asks again
        row.condition, row.due_at, row.in_doubt_since = Condition.IN_DOUBT, now + receipt.look_again_in, now
    else:
        row.condition = Condition.SETTLED


def _fail(row: Delivery, attempt: Attempt, error: Any, target: Connection) -> blocks.Stop | None:
    attempt.text = str(getattr(error, "text", error))[:4000]
    attempt.http_status = getattr(error, "http_status", None)
    now = clock.now()
    if isinstance(error, Rejected):
        attempt.outcome = Attempt.Outcome.REJECTED
        return _stop(
            row,
            error.reason,
            field=error.field,
            value=error.value,
            evidence={"text": error.text[:600], "code": error.code},
        )
    if isinstance(error, Misconfigured):
        # nothing wrong with this one: it waits with all others until the connection works again
        attempt.outcome = Attempt.Outcome.MISCONFIGURED
        row.due_at, row.attempts = now, max(row.attempts - 1, 0)
        if attempt.verb != "find":  # a refused look-up settles nothing: still in doubt, never sent blindly
            row.condition = Condition.DUE
        return None
    if isinstance(error, Unavailable):
        attempt.outcome = Attempt.Outcome.UNAVAILABLE
        if attempt.verb == "find":
            row.due_at = now + back_off(1, asked=error.retry_after)
            return None
        row.condition, row.due_at = Condition.DUE, now + back_off(row.attempts, asked=error.retry_after)
        if row.attempts >= MOST_TRIES and error.reason not in ("RATE_LIMIT", "SF_ROW_LOCK"):
            row.attempts = 0
            row.due_at = now + timedelta(seconds=BACK_OFF_LONGEST)
        return None
    # silence, or a failure of our own after the call may have gone out: only looking it up decides
    attempt.outcome = Attempt.Outcome.UNKNOWN if isinstance(error, OutcomeUnknown) else Attempt.Outcome.CRASHED
    settle_time = connections.connector_for(target).settle_time
    row.condition, row.in_doubt_since, row.due_at = Condition.IN_DOUBT, row.in_doubt_since or now, now + settle_time
    if row.attempts >= MOST_LOOK_UPS:
        return _stop(row, "UNKNOWN_OUTCOME", evidence={"text": attempt.text[:600]})
    return None


def _stop(row: Delivery, reason: str, *, field: str = "", value: str = "", evidence: dict[str, Any]) -> blocks.Stop:
    row.condition, row.blocked_reason = Condition.BLOCKED, reason
    return blocks.Stop(delivery=row, reason=reason, field=field, value=value, evidence=evidence)


def _save_identities(target: Connection, receipts: Sequence[tuple[Delivery, Receipt]]) -> list[str]:
    """What the target calls these objects; returns the references it now holds."""
    now = clock.now()
    rows = {
        row.reference: ExternalIdentity(
            connection=target,
            kind=row.kind,
            reference=row.reference,
            external_id=receipt.external_id,
            version=row.version,
            since=now,
        )
        for row, receipt in receipts
        if receipt.external_id and row.kind != "feedback"
    }
    if not rows:
        return []
    try:
        with transaction.atomic():
            ExternalIdentity.objects.bulk_create(
                rows.values(),
                update_conflicts=True,
                unique_fields=["connection", "reference"],
                update_fields=["external_id", "version"],
            )
    except IntegrityError:
        # the target gave two of our objects one id: find which, and let people see it
        return [reference for reference, row in rows.items() if _save_one(row, receipts)]
    return list(rows)


def _save_one(identity: ExternalIdentity, receipts: Sequence[tuple[Delivery, Receipt]]) -> bool:
    try:
        with transaction.atomic():
            ExternalIdentity.objects.update_or_create(
                connection=identity.connection,
                reference=identity.reference,
                defaults={
                    "external_id": identity.external_id,
                    "version": identity.version,
                    "kind": identity.kind,
                    "since": identity.since,
                },
            )
        return True
    except IntegrityError:
        for row, _ in receipts:
            if row.reference == identity.reference:
                row.condition, row.blocked_reason = Condition.BLOCKED, "DUPLICATE_DOC_NO"
                blocks.put(
                    [
                        blocks.Stop(
                            delivery=row, reason="DUPLICATE_DOC_NO", field="external id", value=identity.external_id
                        )
                    ]
                )
        return False


def _facts(target: Connection, receipts: Sequence[tuple[Delivery, Receipt]]) -> list[journal.Fact]:
    return [
        journal.Fact(
            action="posted" if receipt.posted else "acknowledged",
            object_kind=row.kind,
            object_key=row.reference,
            correlation_id=row.correlation_id,
            text=f"{target.label} {'posted' if receipt.posted else 'took'} {row.title}.",
            details={"external_id": receipt.external_id, "delivery_key": row.delivery_key, "round": row.round},
        )
        for row, receipt in receipts
        if row.kind != "feedback"
    ]

"""What outcomes of calls do to deliveries: receipts, look-ups, refusals, silence; written set-based, in key order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from connectors.canonical import WriteOff
from connectors.errors import Misconfigured, Rejected, Unavailable
from connectors.interface import Receipt
from sync import blocks, bulk, catalogue, clock, connections, feedback_facts, journal, owing
from sync.models import Attempt, Connection, ConnectionHealth, Delivery, ExternalIdentity
from sync.outcomes import (
    ANSWERS,
    BACK_OFF_LONGEST,
    Adopted,
    FoundSeveral,
    Looked,
    NotFound,
    NotSent,
    agrees,
    asked_rest,
    back_off,
    compared,
    difference,
    is_crash,
    is_failure,
    judged,
    plain,
)
from sync.pipelines import short_payments
from sync.poison import WRITTEN, poison, stop_at
from sync.states import POISON_AFTER, Condition, Lifecycle, further

if TYPE_CHECKING:
    from sync.outbox import Claim

__all__ = [
    "ANSWERS",
    "BACK_OFF_LONGEST",
    "Adopted",
    "FoundSeveral",
    "Looked",
    "NotFound",
    "NotSent",
    "agrees",
    "asked_rest",
    "back_off",
    "is_failure",
    "judged",
    "plain",
    "write",
]
#: tries of a round that may come to nothing, while others are taken, before people are asked
MOST_TRIES = 8
#: look-ups that may settle nothing before people are asked
MOST_LOOK_UPS = 12
#: what is accepted and not posted is asked for again after this, where the target names no time of its own
LOOK_AGAIN = timedelta(minutes=5)
#: and after so long people are asked
LONGEST_POSTING = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class _Standing:
    """What the failures of a batch are judged by: whether the connection works otherwise."""

    works_now: bool
    worked_at: datetime | None
    #: when it last took something up; looking up may work while writing does not
    taken_at: datetime | None

    def since(self, failed_at: datetime | None) -> bool:
        """Whether anything has worked since this delivery's last failure; its first one always counts."""
        return self.works_now or failed_at is None or (self.worked_at is not None and self.worked_at >= failed_at)

    def blames(self, row: Delivery) -> bool:
        """Whether a sending that came to nothing speaks against this delivery: the target has taken others since its
        last one. Where it takes none, the first of those in trouble speaks for all, so that they are one case.
        """
        if row.missed_at is None or (self.taken_at is not None and self.taken_at >= row.missed_at):
            return True
        unfinished = [Condition.DUE, Condition.CLAIMED, Condition.IN_DOUBT, Condition.BLOCKED]
        before = Delivery.objects.filter(target=row.target_id, condition__in=unfinished, pk__lt=row.pk)
        return not before.exclude(missed_at=None).exists()


def write(target: Connection, valid: "Sequence[tuple[Claim, Any]]", late: "Sequence[tuple[Claim, Any]]") -> None:
    """Apply outcomes. Needs a transaction that holds the deliveries' locks."""
    taken: list[tuple[Claim, Receipt]] = []
    stops: list[blocks.Stop] = []
    worked_at = taken_at = None
    if any(is_failure(plain(outcome)) or isinstance(outcome, NotFound) for _, outcome in valid):
        health = ConnectionHealth.objects.filter(connection=target)
        worked_at, taken_at = health.values_list("last_success_at", "last_taken_at").first() or (None, None)
    works_now = any(isinstance(plain(outcome), ANSWERS) for _, outcome in valid)
    standing = _Standing(works_now=works_now, worked_at=worked_at, taken_at=taken_at)
    for claim, outcome in valid:
        row, attempt = claim.delivery, claim.attempt
        if isinstance(outcome, Looked):
            _note_look_up(attempt, outcome.found)
            if outcome.generation != row.generation:
                row.generation, row.key_sent_at = outcome.generation, attempt.started_at
                attempt.generation, attempt.request_key = outcome.generation, outcome.request_key
            outcome = outcome.then
        attempt.finished_at = clock.now()
        row.lease_until = None
        if not is_crash(outcome):
            row.crashes = max(row.crashes - 1, 0)
        if isinstance(outcome, ANSWERS) and not isinstance(outcome, NotFound):
            row.missed_at = None
        stop = None
        match outcome:
            case Receipt():
                attempt.outcome = Attempt.Outcome.RECEIPT
                stop = _receive(claim, outcome)
                taken.append((claim, outcome))
            case Adopted():
                attempt.outcome = Attempt.Outcome.ADOPTED
                stop = _receive(claim, outcome.receipt)
                taken.append((claim, outcome.receipt))
            case NotFound():
                attempt.outcome = Attempt.Outcome.NOT_FOUND
                stop = _miss(row, standing)
            case FoundSeveral():
                attempt.outcome = Attempt.Outcome.ADOPTED
                attempt.text = ", ".join(receipt.external_id for receipt in outcome.receipts)
                stop = stop_at(row, "DUPLICATE_AT_TARGET", value=attempt.text, evidence={})
            case NotSent():
                _call_off(row, attempt, outcome)
            case _:
                stop = _fail(row, attempt, outcome, target, standing)
        if stop:
            stops.append(stop)
    identities = _save_identities(target, [(claim.delivery, receipt) for claim, receipt in taken])
    bulk.update([claim.delivery for claim, _ in valid], WRITTEN)
    for claim, outcome in late:
        claim.attempt.outcome, claim.attempt.finished_at = Attempt.Outcome.LATE, clock.now()
        claim.attempt.text = f"Came after the lease ended: {_words(outcome)}"
    attempts = [claim.attempt for claim, _ in (*valid, *late)]
    bulk.update(attempts, ["outcome", "finished_at", "http_status", "text", "generation", "request_key"])
    blocks.put(stops)
    good = [(claim, receipt) for claim, receipt in taken if claim.delivery.condition != Condition.BLOCKED]
    blocks.clear(deliveries=[claim.delivery.pk for claim, _ in good], note=f"{target.label} took it")
    # asking again for what is not posted yet is no news
    told = [(claim, receipt) for claim, receipt in good if not _is_still_awaited(claim)]
    journal.note(_facts(target, [(claim.delivery, receipt) for claim, receipt in told]))
    owing.release_needs([(target.pk, reference) for reference in identities])
    feedback_facts.after_delivery([(claim.delivery, claim.parcel.subject, receipt) for claim, receipt in told])
    # only what was posted is given up
    given_up = [one.parcel.subject for one, receipt in told if one.delivery.kind == WriteOff.kind and receipt.posted]
    short_payments.review_corrected(one.invoice_reference for one in given_up if isinstance(one, WriteOff))


def _words(outcome: Any) -> str:
    return f"{type(outcome).__name__}. {outcome.because}" if isinstance(outcome, NotSent) else type(outcome).__name__


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


def _receive(claim: "Claim", receipt: Receipt) -> blocks.Stop | None:
    """The target holds it. How far it got there counts only where what it holds is what was sent."""
    row, now = claim.delivery, clock.now()
    row.external_id = receipt.external_id or row.external_id
    row.delivered_at = row.delivered_at or now
    row.in_doubt_since, row.find_first, row.blocked_reason = None, False, ""
    row.tries, row.crashes, row.look_ups, row.failed_at = 0, 0, 0, None
    wrong = difference(claim.parcel.subject, receipt)
    if wrong is not None:
        reason, value = wrong
        row.state = further(row.state, Lifecycle.ACKNOWLEDGED if receipt.acknowledged else Lifecycle.DELIVERED)
        return stop_at(row, reason, field="total", value=value, evidence=compared(claim.parcel.subject, receipt))
    if receipt.posted:
        row.state, row.posted_at = further(row.state, Lifecycle.POSTED), now
    else:
        row.state = further(row.state, Lifecycle.ACKNOWLEDGED if receipt.acknowledged else Lifecycle.DELIVERED)
    if not receipt.posted and (receipt.look_again_in is not None or row.queue == "posting"):
        return _await_posting(row, receipt.look_again_in)
    row.condition, row.awaits_posting_since = Condition.SETTLED, None
    return None


def _await_posting(row: Delivery, look_again_in: timedelta | None) -> blocks.Stop | None:
    """Accepted and not posted yet: the same look-up that clears doubts asks again, at the target's own time."""
    now = clock.now()
    row.awaits_posting_since = row.awaits_posting_since or now
    if now - row.awaits_posting_since >= LONGEST_POSTING:
        since = f"{row.awaits_posting_since:%Y-%m-%d %H:%M} UTC"
        return stop_at(row, "NOT_POSTED_YET", field="accepted", value=since, evidence={"external_id": row.external_id})
    wait = min(LOOK_AGAIN if look_again_in is None else look_again_in, LONGEST_POSTING)
    row.condition, row.due_at = Condition.IN_DOUBT, now + max(wait, timedelta(seconds=1))
    return None


def _is_still_awaited(claim: "Claim") -> bool:
    """Asked again and not posted yet: no news for the journal or the seller."""
    since = claim.delivery.awaits_posting_since
    return since is not None and since < claim.attempt.started_at


def _miss(row: Delivery, standing: _Standing) -> blocks.Stop | None:
    """Looked up and not there: sent once more under a new key, unless the target has accepted it already. What came to
    nothing too often, or what we fail at, is not sent any more.
    """
    row.look_ups, row.failed_at = 0, None
    if row.awaits_posting_since is not None:
        return _await_posting(row, None)
    now = clock.now()
    row.due_at = now if row.missed_at is None else now + back_off(row.tries)
    if standing.blames(row):
        row.tries, row.missed_at = row.tries + 1, now
    row.generation, row.key_sent_at = row.generation + 1, None
    row.condition, row.in_doubt_since = Condition.DUE, None
    if row.crashes >= POISON_AFTER:
        return poison(row, _last_words(row))
    if row.tries >= MOST_TRIES:
        return stop_at(row, "TARGET_UNAVAILABLE", evidence={"text": _last_words(row)})
    return None


def _last_words(row: Delivery) -> str:
    """What the last sending came to, for the case."""
    sendings = Attempt.objects.filter(delivery=row, verb="deliver").exclude(outcome=Attempt.Outcome.NOT_SENT)
    return (sendings.values_list("text", flat=True).first() or "")[:600]


def was_taken(claim: "Claim", outcome: Any) -> bool:
    """Whether an outcome shows that the target takes what we send: not where it only says again what it has."""
    return isinstance(outcome, Receipt | Adopted) and not _is_still_awaited(claim)


def _call_off(row: Delivery, attempt: Attempt, outcome: NotSent) -> None:
    """Nothing was sent: it is as it was before it was claimed."""
    attempt.outcome, attempt.text = Attempt.Outcome.NOT_SENT, outcome.because
    row.due_at = clock.now()
    if attempt.verb != "find":
        row.condition, row.attempts = Condition.DUE, max(row.attempts - 1, 0)
        if row.key_sent_at == attempt.started_at:
            row.key_sent_at = None


def _fail(row: Delivery, attempt: Attempt, error: Any, target: Connection, standing: _Standing) -> blocks.Stop | None:
    attempt.text = str(getattr(error, "text", error))[:4000]
    attempt.http_status = getattr(error, "http_status", None)
    now = clock.now()
    if isinstance(error, Rejected):
        attempt.outcome = Attempt.Outcome.REJECTED
        return stop_at(
            row,
            catalogue.meant(error, system=target.system),
            field=error.field,
            value=error.value,
            evidence={"text": error.text[:600], "code": error.code},
        )
    if isinstance(error, Misconfigured):
        # nothing wrong with this one: it waits with all others until the connection works again
        attempt.outcome = Attempt.Outcome.MISCONFIGURED
        row.due_at = now
        if attempt.verb != "find":  # a refused look-up settles nothing: still in doubt, never sent blindly
            row.condition, row.attempts = Condition.DUE, max(row.attempts - 1, 0)
        return None
    counts, row.failed_at = standing.since(row.failed_at), now
    asked = asked_rest(error)
    if isinstance(error, Unavailable) and attempt.verb != "find":
        attempt.outcome = Attempt.Outcome.UNAVAILABLE
        row.tries += counts and error.reason != "RATE_LIMIT"
        row.condition, row.due_at = Condition.DUE, now + back_off(row.attempts, asked=asked)
        if row.tries >= MOST_TRIES:
            return stop_at(row, "TARGET_UNAVAILABLE", evidence={"text": attempt.text[:600]})
        return None
    # silence, or a failure of our own after the call may have gone out: only looking it up decides
    looked_up = attempt.verb == "find"
    row.condition = Condition.IN_DOUBT
    if not row.awaits_posting_since:
        row.in_doubt_since = row.in_doubt_since or now
    if isinstance(error, Unavailable):
        attempt.outcome = Attempt.Outcome.UNAVAILABLE
        row.due_at = now + back_off(row.look_ups + 1, asked=asked)
        row.look_ups += counts and error.reason != "RATE_LIMIT"
    else:
        attempt.outcome = Attempt.Outcome.CRASHED if is_crash(error) else Attempt.Outcome.UNKNOWN
        settle_time = connections.kind_of(target).settle_time
        row.due_at = now + max(settle_time, timedelta(seconds=min(asked or 0.0, 86_400.0)))
        row.look_ups += looked_up
        # what was sent is looked up all the same: only a look-up we fail at is given up
        if looked_up and is_crash(error) and row.crashes >= POISON_AFTER:
            return poison(row, attempt.text)
    if row.look_ups >= MOST_LOOK_UPS:
        return stop_at(row, "UNKNOWN_OUTCOME", evidence={"text": attempt.text[:600]})
    return None


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

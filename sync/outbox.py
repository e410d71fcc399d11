"""Claims and carries deliveries; with owing, results and rounds (which people begin) the only writer of Delivery."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from connectors.errors import ConnectorError, Misconfigured
from connectors.interface import Connector, Parcel, Receipt
from sync import bulk, calendar, clock, connections, owing, parcels, poison, results
from sync.halting import HEED_EVERY, Halt, always
from sync.models import Attempt, Connection, Delivery
from sync.owing import owe, owe_direct, release_needs
from sync.pipelines.flow import Owed
from sync.states import Condition

log = logging.getLogger(__name__)
#: longer than the longest silence a call may last, renewed while calls run
LEASE = timedelta(seconds=90)
RENEW_EVERY = 20.0
__all__ = ["Owed", "carry_due", "owe", "owe_direct", "release_needs"]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery under way: the row as claimed, its attempt, and what the connector is handed."""

    delivery: Delivery
    attempt: Attempt
    parcel: Parcel


def carry_due(queue: str, *, goes_on: Callable[[], bool] = always) -> int:
    """Claim what is due in a queue and carry it, connection by connection, until nothing more may go now or no new call
    shall be begun; how many.
    """
    carried = 0
    for row in _connections_due(queue):
        if connections.connector_or_pause(row) is None:
            continue
        while goes_on():
            # between the batches one of those a worker died over, or we failed at: it takes nobody along
            before = carried
            for suspects in (False, True):
                claims = _claim(row, queue=queue, suspects=suspects) if goes_on() else []
                if claims:
                    carry(row, claims, goes_on=goes_on)
                    carried += len(claims)
            if carried == before:
                break
    return carried


def _connections_due(queue: str) -> list[Connection]:
    now = clock.now()
    due = Delivery.objects.filter(queue=queue, condition=Condition.DUE, due_at__lte=now).values("target").distinct()
    return list(connections.callable_now().filter(pk__in=due).order_by("pk"))


# -- claiming -----------------------------------------------------------------------------------------
# Nothing goes before an earlier one of its serial key, nor beside one that may be arriving there just now.
_CLAIM = """
WITH chosen AS (
    SELECT d.id FROM sync_delivery d
    WHERE d.target_id = %(target)s AND d.queue = %(queue)s AND d.condition = 'due' AND d.due_at <= %(now)s
      AND d.crashes = 0
      AND (%(tries)s = 'any' OR (d.attempts > 0) = (%(tries)s = 'again'))
      AND NOT EXISTS (
        SELECT 1 FROM sync_delivery other
        WHERE other.target_id = d.target_id AND other.serial_key = d.serial_key AND other.id <> d.id
          AND other.condition IN ('due', 'waiting', 'held', 'claimed', 'in_doubt', 'blocked')
          AND (other.id < d.id OR other.condition IN ('claimed', 'in_doubt')))
    ORDER BY d.due_at, d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
)
UPDATE sync_delivery SET condition = 'claimed', lease_until = %(lease)s, fence = fence + 1, attempts = attempts + 1,
    crashes = crashes + 1, key_sent_at = coalesce(key_sent_at, %(now)s)
FROM chosen WHERE sync_delivery.id = chosen.id RETURNING sync_delivery.id
"""
#: in words an index knows; who has been here least comes first
_SUSPECTS = ("d.crashes = 0", "d.crashes > 0"), ("ORDER BY d.due_at", "ORDER BY d.crashes, d.due_at")


def _claim(row: Connection, *, queue: str, suspects: bool = False) -> list[Claim]:
    """Claim a batch that may go, or one of the suspects, passing over what is stopped or replaced at this door."""
    while True:
        found, claims = _claim_batch(row, queue=queue, suspects=suspects)
        if claims or not found:
            return claims


def _claim_batch(row: Connection, *, queue: str, suspects: bool) -> tuple[bool, list[Claim]]:
    """Claim a batch and write its attempts, in one short transaction that ends before any call; whether anything was
    found, and what of it may go. Each claim counts as a crash beforehand: only an end takes it back.
    """
    now = clock.now()
    connector = connections.connector_for(row)
    wanted = 1 if suspects else max(connector.batch_size, settings.CARRY_THREADS * 2)
    with transaction.atomic():
        leave = connections.ask_leave(row, wanted=wanted, batch_size=connector.batch_size)
        if suspects:
            leave = replace(leave, deliveries=min(leave.deliveries, 1))
        ids = _take(row, queue=queue, leave=leave, now=now, suspects=suspects) if leave.deliveries > 0 else []
        if not ids:
            return False, []
        deliveries = list(
            Delivery.objects.filter(pk__in=ids).select_related("entity", "target").order_by("due_at", "pk")
        )
        deliveries = _newest(deliveries)
        deliveries = _with_fresh_keys(connector, deliveries, now=now)
        deliveries = calendar.admit(deliveries)
        again = sum(delivery.attempts > 1 for delivery in deliveries)
        connections.take(leave, deliveries=len(deliveries), retries=again)
        return True, _write_attempts(deliveries, verb="deliver", now=now)


def _take(row: Connection, *, queue: str, leave: connections.Leave, now: datetime, suspects: bool) -> list[int]:
    """Claim by SQL, within the budget of retries: what exceeds it stays due and is seen waiting."""
    wanted = [("any", leave.deliveries)]
    if leave.retries is not None and leave.retries < leave.deliveries:
        wanted = [("again", leave.retries), ("first", leave.deliveries)]
    ids: list[int] = []
    claim = _CLAIM
    for usual, for_suspects in _SUSPECTS if suspects else ():
        claim = claim.replace(usual, for_suspects)
    with database.cursor() as cursor:
        for tries, limit in wanted:
            limit = min(limit, leave.deliveries - len(ids))
            if limit <= 0:
                continue
            what: dict[str, Any] = {"target": row.pk, "queue": queue, "tries": tries, "limit": limit}
            cursor.execute(claim, {**what, "now": now, "lease": now + LEASE})
            ids += [pk for (pk,) in cursor.fetchall()]
    return ids


def _newest(rows: Sequence[Delivery]) -> list[Delivery]:
    """Of claimed rows, those no newer version has replaced meanwhile; the others are superseded here and now."""
    old = owing.outdated([row.pk for row in rows if row.is_state_like])
    if old:
        _put_back([row for row in rows if row.pk in old], condition=Condition.DUE)
        owing.supersede(old)
    return [row for row in rows if row.pk not in old]


def _with_fresh_keys(connector: Connector, rows: Sequence[Delivery], *, now: datetime) -> list[Delivery]:
    """Of claimed rows, those whose request key the vendor surely knows still. The others might be done twice: they are
    looked up first, as what is in doubt is, and sent under another key only when they are not there.
    """
    horizon = connector.key_horizon
    if horizon is None:
        return list(rows)
    old = [row for row in rows if row.key_sent_at and now - row.key_sent_at >= horizon - LEASE]
    for row in old:
        row.in_doubt_since, row.due_at = now, now
    _put_back(old, condition=Condition.IN_DOUBT)
    return [row for row in rows if row not in old]


def _put_back(rows: Sequence[Delivery], *, condition: Condition) -> None:
    for row in rows:
        row.condition, row.lease_until, row.attempts = condition, None, max(row.attempts - 1, 0)
        row.crashes = max(row.crashes - 1, 0)
    bulk.update(rows, ["condition", "lease_until", "attempts", "crashes", "in_doubt_since", "due_at"])


def _write_attempts(deliveries: Sequence[Delivery], *, verb: str, now: datetime) -> list[Claim]:
    """Write down what is about to be called. What cannot even be loaded is no call: it alone is counted and waits."""
    attempts = Attempt.objects.bulk_create(
        Attempt(
            delivery=row,
            verb=verb,
            round=row.round,
            generation=row.generation,
            fence=row.fence,
            started_at=now,
            request_key=parcels.request_key(row, generation=row.generation),
        )
        for row in deliveries
    )
    known = parcels.known_ids(deliveries)
    claims: list[Claim] = []
    broken: list[tuple[Delivery, Attempt, Exception]] = []
    for row, attempt in zip(deliveries, attempts, strict=True):
        try:
            claims.append(
                Claim(delivery=row, attempt=attempt, parcel=parcels.parcel(row, attempt, known.get(row.pk, {})))
            )
        except Exception as error:
            log.exception("delivery %s cannot be loaded", row.pk)
            broken.append((row, attempt, error))
    poison.set_aside(broken)
    return claims


# -- calling ------------------------------------------------------------------------------------------
def carry(
    row: Connection,
    claims: Sequence[Claim],
    *,
    call: Callable[[Connector, Sequence[Claim], Halt], list[Any]] | None = None,
    goes_on: Callable[[], bool] = always,
) -> None:
    """Make the calls (by default: hand over) with no transaction and no lock held, and write outcomes down as they
    come. What was not begun when it shall not go on any more is not sent.
    """
    connector = connections.connector_for(row)
    size = connector.batch_size if "deliver_many" in connector.capabilities and call is None else 1
    groups = [list(claims[start : start + size]) for start in range(0, len(claims), size)]
    halt, renewed_at, silent = Halt(goes_on=goes_on), clock.now(), 0.0
    patience = min(HEED_EVERY, RENEW_EVERY)
    with ThreadPoolExecutor(max_workers=min(settings.CARRY_THREADS, len(groups))) as pool:
        pending: dict[Future[list[Any]], list[Claim]] = {}
        for group in groups:
            halt.heed_others(row)
            pending[pool.submit(_guarded, call or _hand_over, connector, group, halt)] = group
        while pending:
            done, _ = wait(pending, timeout=patience, return_when=FIRST_COMPLETED)
            halt.heed_others(row)
            silent = 0.0 if done else silent + patience
            if silent >= RENEW_EVERY or clock.now() - renewed_at >= timedelta(seconds=RENEW_EVERY):
                _renew([claim.delivery for group in pending.values() for claim in group])
                renewed_at, silent = clock.now(), 0.0
            if not done:
                continue
            # what finishes within a moment of each other is written together
            more, _ = (
                wait([future for future in pending if future not in done], timeout=0.02)
                if len(pending) > len(done)
                else (set(), None)
            )
            finished = [
                (claim, outcome)
                for future in {*done, *more}
                for claim, outcome in zip(pending[future], future.result(), strict=True)
            ]
            for future in {*done, *more}:
                del pending[future]
            settle(row, finished)


def _guarded(call: Callable[..., list[Any]], connector: Connector, group: Sequence[Claim], halt: Halt) -> list[Any]:
    """One call, in a thread without database; whatever happens comes back as an outcome."""
    try:
        if halt.because:
            return [results.NotSent(halt.because)] * len(group)
        if not halt.goes_on():
            return [results.NotSent(TIME_IS_UP)] * len(group)
        if not all(map(_is_ours, group)):
            return [results.NotSent(LEASE_ENDED)] * len(group)
        return call(connector, group, halt)
    except ConnectorError as error:
        halt.heed(error)
        return [error] * len(group)
    except Exception as error:
        log.exception("a call to %s failed on our side", connector.name)
        return [error] * len(group)


TIME_IS_UP = "The worker's time was up before the call was made; the next one makes it."
LEASE_ENDED = "The lease had ended before the call was made; nothing was sent."


def _is_ours(claim: Claim) -> bool:
    """Whether the lease still holds by the machine clock: a worker that stood still may not send any more."""
    return claim.delivery.lease_until is not None and clock.now() < claim.delivery.lease_until


def _hand_over(connector: Connector, group: Sequence[Claim], halt: Halt) -> list[Any]:
    if "deliver_many" in connector.capabilities:
        outcomes = list(connector.deliver_many([claim.parcel for claim in group]))
        if len(outcomes) != len(group):
            raise ValueError(f"{connector.name} gave {len(outcomes)} outcomes for {len(group)} parcels")
        for outcome in outcomes:
            halt.heed(outcome)
        return outcomes
    (claim,) = group
    if not claim.delivery.find_first:
        return [connector.deliver(claim.parcel)]
    found = connector.find(kind=claim.delivery.kind, reference=claim.parcel.reference, known=claim.parcel.known)
    outcome = results.judged(claim, found, sends=True)
    if not isinstance(outcome, results.NotFound):
        return [outcome]
    if not _is_ours(claim):
        return [results.NotSent(LEASE_ENDED)]
    return [_send_looked_up(connector, claim, found, halt)]


def _send_looked_up(connector: Connector, claim: Claim, found: list[Receipt], halt: Halt) -> results.Looked:
    """Send what the look-up did not find, as an update of what is there, and under a new key if the old one was used:
    a vendor may keep what it answered to a key.
    """
    parcel, row, generation = claim.parcel, claim.delivery, claim.delivery.generation
    if found:
        parcel = replace(parcel, known={**parcel.known, parcel.reference: found[0].external_id})
    if row.key_sent_at is not None and row.key_sent_at < claim.attempt.started_at:
        generation += 1
        parcel = replace(parcel, request_key=parcels.request_key(row, generation=generation))
    try:
        then: Any = connector.deliver(parcel)
    except ConnectorError as error:
        halt.heed(error)
        then = error
    except Exception as error:
        # it was sent under the new key all the same
        log.exception("a call to %s failed on our side", connector.name)
        then = error
    return results.Looked(found=found, then=then, generation=generation, request_key=parcel.request_key)


def _renew(rows: Sequence[Delivery]) -> None:
    """Keep these a while longer; what was taken away meanwhile is marked, so that it is not sent any more."""
    for row in rows:
        until = clock.now() + LEASE
        kept = Delivery.objects.filter(
            pk=row.pk, fence=row.fence, condition__in=[Condition.CLAIMED, Condition.IN_DOUBT]
        ).update(lease_until=until)
        row.lease_until = until if kept else None


def settle(row: Connection, outcomes: Sequence[tuple[Claim, Any]]) -> None:
    """Write down outcomes whose fence still matches; the others are noted as late and act on nothing."""
    outcomes = sorted(outcomes, key=lambda pair: pair[0].delivery.pk)
    plain = [results.plain(outcome) for _, outcome in outcomes]
    wishes = [seconds for outcome in plain if (seconds := results.asked_rest(outcome)) is not None]
    if wishes:
        # before anything is due again
        connections.rest(row, seconds=max(wishes))
    with transaction.atomic():
        current = {
            found.pk: found
            for found in Delivery.objects.select_for_update(of=("self",))
            .filter(pk__in=[claim.delivery.pk for claim, _ in outcomes])
            .order_by("pk")
        }
        valid: list[tuple[Claim, Any]] = []
        late: list[tuple[Claim, Any]] = []
        for claim, outcome in outcomes:
            now_row = current[claim.delivery.pk]
            ours = now_row.fence == claim.delivery.fence and now_row.condition in (
                Condition.CLAIMED,
                Condition.IN_DOUBT,
            )
            (valid if ours else late).append((claim, outcome))
        results.write(row, valid, late)
    worked = [
        claim for (claim, _), outcome in zip(outcomes, plain, strict=True) if isinstance(outcome, results.ANSWERS)
    ]
    failed = [outcome for outcome in plain if results.is_failure(outcome)]
    if worked or failed:
        connections.note_outcome(
            row,
            worked=len(worked),
            failed=len(failed),
            text=str(failed[0]) if failed else "",
            busy=sum(getattr(outcome, "reason", "") == "RATE_LIMIT" for outcome in failed),
            taken=any(results.was_taken(claim, outcome) for (claim, _), outcome in zip(outcomes, plain, strict=True)),
            retries_worked=sum(claim.attempt.verb == "deliver" and claim.delivery.attempts > 1 for claim in worked),
        )
    for outcome in plain:
        if isinstance(outcome, Misconfigured):
            connections.pause(row, reason=outcome.reason, text=outcome.text)
            break

"""Owes, claims, carries, blocks and holds deliveries: with rounds, which people begin, the only writer of Delivery."""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from connectors.canonical import Canonical, load, text
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Connector, Parcel, Receipt
from sync import blocks, calendar, clock, connections, keys, nudges, results
from sync.mappings import Tables
from sync.models import Attempt, Connection, Delivery, DeliveryNeed, ExternalIdentity, WorkItem
from sync.pipelines.flow import Owed
from sync.states import Condition

log = logging.getLogger(__name__)
#: longer than the longest silence a call may last, renewed while calls run
LEASE = timedelta(seconds=90)
RENEW_EVERY = 20.0
__all__ = ["Owed", "carry_due", "owe", "owe_direct", "release_needs"]


# -- owing --------------------------------------------------------------------------------------------
def owe(owed: Sequence[tuple[WorkItem, Owed]], tables: Tables) -> list[Delivery]:
    """Write down what is owed, once per target and delivery key. The route is read here, once, by document date."""
    rows: list[tuple[Delivery, tuple[str, ...]]] = []
    stops: list[blocks.Stop] = []
    for item, entry in owed:
        assert item.entity is not None
        route = tables.route(item.entity.pk, entry.role, on=entry.document_date)
        if route is None:
            stops.append(
                blocks.Stop(work_item=item, reason="ENTITY_ROUTE_MISSING", field=entry.role, value=item.entity.code)
            )
            continue
        rows.append((_delivery(item, entry, route.connection), entry.needs))
    if stops:
        blocks.put(stops)
        WorkItem.objects.filter(pk__in=[stop.work_item.pk for stop in stops if stop.work_item]).update(
            condition=Condition.BLOCKED
        )
    return owe_direct(rows)


def owe_direct(rows: Sequence[tuple[Delivery, tuple[str, ...]]]) -> list[Delivery]:
    """Insert these deliveries with what they need at their target; a key that is owed already is left alone."""
    if not rows:
        return []
    wanted = {need for _, needs in rows for need in needs}
    held = {
        (row["connection_id"], row["reference"])
        for row in ExternalIdentity.objects.filter(reference__in=wanted).values("connection_id", "reference")
    }
    for delivery, needs in rows:
        missing = [need for need in needs if (delivery.target_id, need) not in held]
        if missing:
            delivery.condition, delivery.waits_for = Condition.WAITING, missing[0]
    Delivery.objects.bulk_create([row for row, _ in rows], ignore_conflicts=True)
    saved = {
        (row.target_id, row.delivery_key): row
        for row in Delivery.objects.filter(delivery_key__in=[row.delivery_key for row, _ in rows])
    }
    DeliveryNeed.objects.bulk_create(
        (
            DeliveryNeed(delivery=saved[row.target_id, row.delivery_key], reference=need)
            for row, needs in rows
            for need in needs
        ),
        ignore_conflicts=True,
    )
    mine = [saved[row.target_id, row.delivery_key] for row, _ in rows]
    parked = [(row.target_id, need) for row, needs in rows if row.condition == Condition.WAITING for need in needs]
    if parked:
        # the target may have taken what is needed while this was being written: neither saw the other's row
        transaction.on_commit(partial(release_needs, parked))
    _supersede_older([row for row in mine if row.is_state_like])
    nudges.nudge(*{row.queue for row in mine})
    return mine


def _delivery(item: WorkItem, entry: Owed, target: Connection) -> Delivery:
    subject = entry.subject
    frozen = text(subject)
    now = clock.now()
    return Delivery(
        target=target,
        role=entry.role,
        queue=entry.queue,
        work_item=item,
        kind=subject.kind,
        reference=subject.reference,
        version=subject.version,
        operation=entry.operation,
        delivery_key=keys.delivery_key(subject.reference, version=subject.version, operation=entry.operation),
        serial_key=entry.serial_key or subject.reference,
        correlation_id=item.correlation_id,
        entity=item.entity,
        is_state_like=subject.state_like,
        subject=frozen,
        subject_sha256=hashlib.sha256(frozen.encode()).hexdigest(),
        document_date=entry.document_date,
        posting_date=entry.posting_date,
        amount=entry.amount,
        currency=subject.currency,
        title=entry.title,
        customer_name=entry.customer_name,
        due_at=now,
        created_at=now,
    )


def _supersede_older(rows: Sequence[Delivery]) -> None:
    """A newer version of a state-like object replaces an older one that is due, waiting, held or blocked, not
    one in doubt.
    """
    for row in rows:
        older = list(
            Delivery.objects.select_for_update()
            .filter(
                target_id=row.target_id,
                reference=row.reference,
                version__lt=row.version,
                is_state_like=True,
                condition__in=[Condition.DUE, Condition.WAITING, Condition.HELD, Condition.BLOCKED],
            )
            .values_list("pk", flat=True)
        )
        if older:
            Delivery.objects.filter(pk__in=older).update(
                condition=Condition.SUPERSEDED, blocked_reason="", lease_until=None
            )
            blocks.clear(deliveries=older, note=f"Superseded by version {row.version}")


def release_needs(pairs: Iterable[tuple[int, str]]) -> int:
    """Deliveries that waited for (target, reference) are due once the target holds all they need; how many."""
    pairs = list(pairs)
    if not pairs:
        return 0
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH freed AS (
                SELECT DISTINCT need.delivery_id FROM sync_deliveryneed need
                JOIN unnest(%s::bigint[], %s::text[]) AS held(target, reference) ON held.reference = need.reference
                JOIN sync_delivery d
                  ON d.id = need.delivery_id AND d.target_id = held.target AND d.condition = 'waiting'
                WHERE NOT EXISTS (
                    SELECT 1 FROM sync_deliveryneed other WHERE other.delivery_id = need.delivery_id AND NOT EXISTS (
                        SELECT 1 FROM sync_externalidentity i
                        WHERE i.connection_id = d.target_id AND i.reference = other.reference))
            )
            UPDATE sync_delivery SET condition = 'due', waits_for = '', due_at = %s
            FROM freed WHERE sync_delivery.id = freed.delivery_id AND condition = 'waiting'
            RETURNING queue
            """,
            [[target for target, _ in pairs], [reference for _, reference in pairs], clock.now()],
        )
        queues = {row[0] for row in cursor.fetchall()}
        count = cursor.rowcount
    nudges.nudge(*queues)
    return count


# -- carrying -----------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery under way: the row as claimed, its attempt, and what the connector is handed."""

    delivery: Delivery
    attempt: Attempt
    parcel: Parcel


def carry_due(queue: str) -> int:
    """Claim what is due in a queue and carry it, connection by connection, until nothing more may go now; how many."""
    carried = 0
    for row in _connections_due(queue):
        while True:
            claims = _claim(row, queue=queue)
            if not claims:
                break
            carry(row, claims)
            carried += len(claims)
    return carried


def _connections_due(queue: str) -> list[Connection]:
    now = clock.now()
    due = Delivery.objects.filter(queue=queue, condition=Condition.DUE, due_at__lte=now).values("target").distinct()
    return list(Connection.objects.filter(pk__in=due, health__paused_at=None).order_by("pk"))


_CLAIM = """
WITH chosen AS (
    SELECT d.id FROM sync_delivery d
    WHERE d.target_id = %(target)s AND d.queue = %(queue)s AND d.condition = 'due' AND d.due_at <= %(now)s
      AND NOT EXISTS (
        SELECT 1 FROM sync_delivery earlier
        WHERE earlier.target_id = d.target_id AND earlier.serial_key = d.serial_key AND earlier.id < d.id
          AND earlier.condition IN ('due', 'waiting', 'held', 'claimed', 'in_doubt', 'blocked'))
    ORDER BY d.due_at, d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
)
UPDATE sync_delivery SET condition = 'claimed', lease_until = %(lease)s, fence = fence + 1, attempts = attempts + 1
FROM chosen WHERE sync_delivery.id = chosen.id RETURNING sync_delivery.id
"""


def _claim(row: Connection, *, queue: str) -> list[Claim]:
    """Claim a batch and write its attempts, in one short transaction that ends before any call."""
    now = clock.now()
    connector = connections.connector_for(row)
    with transaction.atomic():
        wanted = max(connector.batch_size, settings.CARRY_THREADS * 2)
        limit = connections.take_calls(row, wanted=wanted, batch_size=connector.batch_size)
        if limit <= 0:
            return []
        with database.cursor() as cursor:
            cursor.execute(_CLAIM, {"target": row.pk, "queue": queue, "now": now, "lease": now + LEASE, "limit": limit})
            ids = [pk for (pk,) in cursor.fetchall()]
        if not ids:
            return []
        deliveries = list(
            Delivery.objects.filter(pk__in=ids).select_related("entity", "target").order_by("due_at", "pk")
        )
        deliveries = calendar.admit(deliveries)
        return _write_attempts(deliveries, verb="deliver")


def _write_attempts(deliveries: Sequence[Delivery], *, verb: str) -> list[Claim]:
    now = clock.now()
    attempts = Attempt.objects.bulk_create(
        Attempt(
            delivery=row,
            verb=verb,
            round=row.round,
            generation=row.generation,
            fence=row.fence,
            started_at=now,
            request_key=keys.request_key(
                row.delivery_key, target=row.target.code, round_number=row.round, generation=row.generation
            ),
        )
        for row in deliveries
    )
    known = _known(deliveries)
    return [
        Claim(delivery=row, attempt=attempt, parcel=_parcel(row, attempt, known.get(row.pk, {})))
        for row, attempt in zip(deliveries, attempts, strict=True)
    ]


def _parcel(row: Delivery, attempt: Attempt, known: dict[str, str]) -> Parcel:
    return Parcel(
        subject=load(json.loads(row.subject)),
        operation=row.operation if row.round == 1 else _round_operation(row),
        reference=row.reference,
        delivery_key=row.delivery_key,
        request_key=attempt.request_key,
        known=known,
    )


def _round_operation(row: Delivery) -> str:
    """A later round brings the target to what billing holds, whatever it holds now."""
    return "correct" if row.operation == "put" and row.external_id else row.operation


def _known(deliveries: Sequence[Delivery]) -> dict[int, dict[str, str]]:
    """The targets' own ids of each delivery's object and of all it needs."""
    wanted: dict[int, set[str]] = {row.pk: {row.reference} for row in deliveries}
    for need in DeliveryNeed.objects.filter(delivery__in=[row.pk for row in deliveries]).values(
        "delivery_id", "reference"
    ):
        wanted[need["delivery_id"]].add(need["reference"])
    ids: dict[tuple[int, str], str] = {
        (row["connection_id"], row["reference"]): row["external_id"]
        for row in ExternalIdentity.objects.filter(
            connection__in={row.target_id for row in deliveries},
            reference__in=set().union(*wanted.values()) if wanted else set(),
        ).values("connection_id", "reference", "external_id")
    }
    target = {row.pk: row.target_id for row in deliveries}
    return {
        pk: {name: ids[target[pk], name] for name in names if (target[pk], name) in ids} for pk, names in wanted.items()
    }


def carry(row: Connection, claims: Sequence[Claim]) -> None:
    """Make the calls with no transaction and no lock held, and write outcomes down as they come."""
    connector = connections.connector_for(row)
    size = connector.batch_size if "deliver_many" in connector.capabilities else 1
    groups = [list(claims[start : start + size]) for start in range(0, len(claims), size)]
    with ThreadPoolExecutor(max_workers=min(settings.CARRY_THREADS, len(groups))) as pool:
        pending: dict[Future[list[Any]], list[Claim]] = {
            pool.submit(_call, connector, group): group for group in groups
        }
        while pending:
            done, _ = wait(pending, timeout=RENEW_EVERY, return_when=FIRST_COMPLETED)
            if not done:
                _renew([claim.delivery for group in pending.values() for claim in group])
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


def _call(connector: Connector, group: Sequence[Claim]) -> list[Any]:
    """One call, in a thread without database; whatever happens comes back as an outcome."""
    try:
        first = group[0]
        if len(group) == 1 and "deliver_many" not in connector.capabilities:
            if first.delivery.find_first:
                found = connector.find(
                    kind=first.delivery.kind, reference=first.parcel.reference, known=first.parcel.known
                )
                if len(found) > 1:
                    return [results.FoundSeveral(found)]
                if found and (first.parcel.operation != "correct" or results.agrees(first.parcel.subject, found[0])):
                    return [results.Adopted(found[0])]
                return [results.Looked(found=found, then=_deliver(connector, first.parcel))]
            return [connector.deliver(first.parcel)]
        return list(connector.deliver_many([claim.parcel for claim in group]))
    except ConnectorError as error:
        return [error] * len(group)
    except Exception as error:
        log.exception("a call to %s failed on our side", connector.name)
        return [error] * len(group)


def _deliver(connector: Connector, parcel: Parcel) -> Any:
    try:
        return connector.deliver(parcel)
    except ConnectorError as error:
        return error


def _renew(rows: Sequence[Delivery]) -> None:
    for row in rows:
        Delivery.objects.filter(pk=row.pk, fence=row.fence, condition=Condition.CLAIMED).update(
            lease_until=clock.now() + LEASE
        )


def settle(row: Connection, outcomes: Sequence[tuple[Claim, Any]]) -> None:
    """Write down outcomes whose fence still matches; the others are noted as late and act on nothing."""
    outcomes = sorted(outcomes, key=lambda pair: pair[0].delivery.pk)
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
    outcomes = [
        (claim, outcome.then if isinstance(outcome, results.Looked) else outcome) for claim, outcome in outcomes
    ]
    worked = sum(isinstance(outcome, Receipt | results.Adopted | Rejected) for _, outcome in outcomes)
    failed = [o for _, o in outcomes if isinstance(o, Unavailable | OutcomeUnknown)]
    connections.note_outcome(row, worked=worked, failed=len(failed), text=str(failed[0]) if failed else "")
    for _, outcome in outcomes:
        if isinstance(outcome, Misconfigured):
            connections.pause(row, reason=outcome.reason, text=outcome.text)
            break


def subject_of(delivery: Delivery) -> Canonical:
    """The shape a delivery carries, as frozen."""
    return load(json.loads(delivery.subject))

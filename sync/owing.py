"""Owes deliveries: once per target and key, the newest version of state-like objects only, after what they need."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time
from functools import partial

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from connectors.canonical import text
from sync import blocks, bulk, clock, connections, keys, nudges
from sync.mappings import Tables
from sync.models import Connection, Delivery, DeliveryNeed, ExternalIdentity, LegalEntity, WorkItem
from sync.pipelines.flow import Owed
from sync.states import Condition

#: why a delivery is held: what was agreed holds from a later day on
EFFECTIVE_LATER = "EFFECTIVE_LATER"


def owe(owed: Sequence[tuple[WorkItem, Owed]], tables: Tables) -> list[Delivery]:
    """Write down what is owed, once per target and delivery key. The route is read here, once, by document date."""
    rows: list[tuple[Delivery, tuple[str, ...]]] = []
    stops: list[blocks.Stop] = []
    for item, entry in owed:
        assert item.entity is not None
        entity = entry.entity or item.entity
        route = tables.route(entity.pk, entry.role, on=entry.document_date)
        if route is None:
            stops.append(
                blocks.Stop(work_item=item, reason="ENTITY_ROUTE_MISSING", field=entry.role, value=entity.code)
            )
            continue
        delivery = _delivery(item, entry, route.connection)
        if entry.not_before is not None:
            hour = connections.kind_of(route.connection).begins_at if entry.begins else time(0)
            _schedule(delivery, datetime.combine(entry.not_before, hour, item.entity.zone), item.entity)
        rows.append((delivery, entry.needs))
    if stops:
        blocks.put(stops)
        WorkItem.objects.filter(pk__in=[stop.work_item.pk for stop in stops if stop.work_item]).update(
            condition=Condition.BLOCKED
        )
    saved = owe_direct(rows)
    _ask(owed, saved)
    return saved


def _ask(owed: Sequence[tuple[WorkItem, Owed]], saved: Sequence[Delivery]) -> None:
    """Ask people about what may not go by itself; what was asked and decided before is left as it is."""
    asking = {_key(entry): entry for _, entry in owed if entry.asks}
    blocks.put(
        [
            blocks.Stop(delivery=row, reason=row.blocked_reason, field="decision", value=entry.asks_because)
            for row in saved
            if (entry := asking.get(row.delivery_key)) is not None
            and (row.condition, row.blocked_reason) == (Condition.BLOCKED, entry.asks)
        ]
    )


def _key(entry: Owed) -> str:
    subject = entry.subject
    return keys.delivery_key(
        subject.reference, version=subject.version, operation=entry.operation, kept_for=entry.kept_for
    )


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
        if missing and delivery.condition not in (Condition.BLOCKED, Condition.HELD):
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
    state_like = [row for row in mine if row.is_state_like]
    _supersede_older(state_like)
    supersede(outdated([row.pk for row in state_like]))
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
        delivery_key=_key(entry),
        # what people have not decided holds up nothing else of its document
        serial_key=subject.reference if entry.asks else entry.serial_key or subject.reference,
        correlation_id=item.correlation_id,
        entity=entry.entity or item.entity,
        is_state_like=subject.state_like and not entry.is_event,
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
        **({"condition": Condition.BLOCKED, "blocked_reason": entry.asks} if entry.asks else {}),
    )


def _schedule(delivery: Delivery, begins: datetime, entity: LegalEntity) -> None:
    """Held until this moment of the entity's business time, where that lies ahead."""
    if _lies_ahead(begins, entity):
        delivery.condition, delivery.held_until, delivery.held_because = Condition.HELD, begins, EFFECTIVE_LATER


def _lies_ahead(begins: datetime, entity: LegalEntity) -> bool:
    return begins > clock.business_time(entity)


def come(deliveries: QuerySet[Delivery]) -> list[Delivery]:
    """Those of them that were held for a later moment, which has come."""
    rows = deliveries.filter(condition=Condition.HELD, held_because=EFFECTIVE_LATER).select_related("entity")
    return [
        row
        for row in rows.order_by("held_until", "pk")[:2000]
        if row.entity and row.held_until and not _lies_ahead(row.held_until, row.entity)
    ]


def wake_scheduled() -> int:
    """Deliveries whose day has come are due, or wait for what they need; how many."""
    with transaction.atomic():
        due = come(Delivery.objects.select_for_update(skip_locked=True, of=("self",)))
        for row in due:
            row.condition, row.held_until, row.held_because, row.due_at = Condition.DUE, None, "", clock.now()
        bulk.update(due, ["condition", "held_until", "held_because", "due_at"])
        nudges.nudge(*{row.queue for row in due})
    return len(due)


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


_OUTDATED = """
SELECT d.id FROM sync_delivery d WHERE d.id = ANY(%s) AND d.is_state_like AND d.condition <> 'superseded' AND (
    EXISTS (
        SELECT 1 FROM sync_delivery newer
        WHERE newer.target_id = d.target_id AND newer.reference = d.reference AND newer.version > d.version
          AND newer.condition NOT IN ('withdrawn', 'superseded'))
    OR EXISTS (
        SELECT 1 FROM sync_externalidentity held
        WHERE held.connection_id = d.target_id AND held.reference = d.reference AND held.version > d.version))
"""


def outdated(ids: Collection[int]) -> list[int]:
    """Which of these state-like deliveries are older than what is owed to their target, or held there, by now.

    Asked twice: when they are owed, and again when they are claimed, since two that are owed at the same moment do
    not see each other.
    """
    if not ids:
        return []
    with database.cursor() as cursor:
        cursor.execute(_OUTDATED, [list(ids)])
        return [pk for (pk,) in cursor.fetchall()]


def supersede(ids: Collection[int]) -> None:
    """These came too late: a newer version counts. Only for those nobody has under way. Needs a transaction."""
    if not ids:
        return
    pending = [Condition.DUE, Condition.WAITING, Condition.HELD, Condition.BLOCKED]
    rows = Delivery.objects.select_for_update().filter(pk__in=ids, condition__in=pending).order_by("pk")
    late = list(rows.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=late).update(condition=Condition.SUPERSEDED, blocked_reason="", lease_until=None)
    blocks.clear(deliveries=late, note="Superseded: a newer version was owed or taken already")


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

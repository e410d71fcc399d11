"""What a connector is handed for a delivery: the object as frozen, its keys, and the target's own ids around it."""

import json
from collections.abc import Sequence

from connectors.canonical import Canonical, load
from connectors.interface import Parcel
from sync import clock, keys
from sync.models import Attempt, Delivery, DeliveryNeed, ExternalIdentity


def request_key(row: Delivery, *, generation: int) -> str:
    """The vendor's idempotency header: what is owed, the round and the generation."""
    return keys.request_key(row.delivery_key, target=row.target.code, round_number=row.round, generation=generation)


def parcel(row: Delivery, attempt: Attempt, known: dict[str, str]) -> Parcel:
    """What a connector is handed for one attempt; `known` are the target's own ids. Raises where the subject cannot be
    loaded.
    """
    return Parcel(
        subject=subject_of(row),
        operation=row.operation if row.round == 1 else _round_operation(row),
        reference=row.reference,
        delivery_key=row.delivery_key,
        request_key=attempt.request_key,
        known=known,
        today=clock.business_date(row.entity) if row.entity else None,
    )


def _round_operation(row: Delivery) -> str:
    """A later round brings the target to what billing holds, whatever it holds now."""
    return "correct" if row.operation == "put" and row.external_id else row.operation


def subject_of(row: Delivery) -> Canonical:
    """The shape a delivery carries, as frozen."""
    return load(json.loads(row.subject))


def known_ids(deliveries: Sequence[Delivery]) -> dict[int, dict[str, str]]:
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

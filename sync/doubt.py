"""Unknown outcomes: look up, adopt, or send once more under a new generation."""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction

from connectors.errors import ConnectorError
from sync import bulk, clock, connections, outbox, results
from sync.models import Connection, Delivery
from sync.states import Condition

log = logging.getLogger(__name__)


def clear_due(limit: int = 50) -> int:
    """Look up what is in doubt and past its settle time; how many were looked up."""
    looked_up = 0
    for target in Connection.objects.filter(
        deliveries__condition=Condition.IN_DOUBT, health__paused_at=None
    ).distinct():
        claims = _claim(target, limit)
        if not claims:
            continue
        outcomes = [(claim, _find(target, claim)) for claim in claims]
        outbox.settle(target, outcomes)
        looked_up += len(claims)
    return looked_up


def _claim(target: Connection, limit: int) -> list[outbox.Claim]:
    now = clock.now()
    with transaction.atomic():
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(target=target, condition=Condition.IN_DOUBT, due_at__lte=now)
            .select_related("target", "entity")
            .order_by("due_at", "pk")[:limit]
        )
        for row in rows:
            # the lease of a look-up is its due time: nobody else looks meanwhile
            row.fence += 1
            row.attempts += 1
            row.due_at = now + timedelta(seconds=60)
        bulk.update(rows, ["fence", "attempts", "due_at"])
        return outbox._write_attempts(rows, verb="find")


def _find(target: Connection, claim: outbox.Claim) -> Any:
    connector = connections.connector_for(target)
    try:
        found = connector.find(kind=claim.delivery.kind, reference=claim.parcel.reference, known=claim.parcel.known)
    except ConnectorError as error:
        return error
    except Exception as error:
        log.exception("look-up at %s failed on our side", target.code)
        return error
    if len(found) > 1:
        return results.FoundSeveral(found)
    if not found:
        return results.NotFound()
    held = found[0]
    if claim.delivery.is_state_like and held.version is not None and held.version < claim.delivery.version:
        return results.NotFound()  # an older version is there; ours never arrived
    if claim.parcel.operation == "correct" and not results.agrees(claim.parcel.subject, held):
        return results.NotFound()  # the correction never arrived
    return results.Adopted(held)

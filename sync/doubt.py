"""Unknown outcomes, and what is accepted but not posted: look up, adopt, or send once more under a new generation."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from connectors.interface import Connector
from sync import bulk, clock, connections, outbox, results
from sync.models import Attempt, Connection, Delivery
from sync.states import Condition


def clear_due(limit: int = 50) -> int:
    """Look up what is in doubt and past its settle time; how many were looked up."""
    looked_up = 0
    due = Delivery.objects.filter(condition=Condition.IN_DOUBT, due_at__lte=clock.now()).values("target").distinct()
    for target in connections.callable_now().filter(pk__in=due).order_by("pk"):
        claims = _claim(target, limit)
        if claims:
            outbox.carry(target, claims, call=_look_up)
            looked_up += len(claims)
    return looked_up


def _claim(target: Connection, limit: int) -> list[outbox.Claim]:
    """Lease what is to be looked up, within the connection's limits. It stays in doubt: nobody sends it meanwhile."""
    now = clock.now()
    with transaction.atomic():
        leave = connections.ask_leave(target, wanted=limit, batch_size=1)
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(lease_until=None) | Q(lease_until__lt=now))
            .filter(target=target, condition=Condition.IN_DOUBT, due_at__lte=now)
            .select_related("target", "entity")
            .order_by("due_at", "pk")[: leave.deliveries]
        )
        if not rows:
            return []
        connections.take(leave, deliveries=len(rows))
        for row in rows:
            row.fence += 1
            row.lease_until = now + outbox.LEASE
        bulk.update(rows, ["fence", "lease_until"])
        Attempt.objects.filter(delivery__in=rows, verb="find", outcome=Attempt.Outcome.SENT).update(
            outcome=Attempt.Outcome.UNKNOWN, finished_at=now, text="The worker died before an answer was written down."
        )
        return outbox._write_attempts(rows, verb="find", now=now)


def _look_up(connector: Connector, group: Sequence[outbox.Claim], halt: outbox.Halt) -> list[Any]:
    (claim,) = group
    found = connector.find(kind=claim.delivery.kind, reference=claim.parcel.reference, known=claim.parcel.known)
    return [results.judged(claim, found, sends=False)]

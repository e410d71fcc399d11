"""Unknown outcomes, and what is accepted but not posted: look up, adopt, or send once more under a new generation."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from connectors.interface import Connector
from sync import bulk, clock, connections, outbox, results
from sync.halting import Halt, always
from sync.models import Attempt, Connection, Delivery
from sync.states import POISON_AFTER, SUSPECTS_A_PASS, Condition


def clear_due(limit: int = 50, *, goes_on: Callable[[], bool] = always) -> int:
    """Look up what is in doubt and past its settle time, last and alone what we failed at before; how many were looked
    up.
    """
    looked_up = 0
    due = Delivery.objects.filter(condition=Condition.IN_DOUBT, due_at__lte=clock.now()).values("target").distinct()
    for target in connections.callable_now().filter(pk__in=due).order_by("pk"):
        if connections.connector_or_pause(target) is None:
            continue
        for suspects in (False, *(True,) * SUSPECTS_A_PASS):
            claims = _claim(target, 1 if suspects else limit, suspects=suspects) if goes_on() else []
            if claims:
                outbox.carry(target, claims, call=_look_up, goes_on=goes_on)
                looked_up += len(claims)
            elif suspects:
                break
    return looked_up


def _claim(target: Connection, limit: int, *, suspects: bool = False) -> list[outbox.Claim]:
    """Lease what is to be looked up, within the connection's limits. It stays in doubt: nobody sends it meanwhile. Each
    claim counts as a crash beforehand: only an end takes it back.
    """
    now = clock.now()
    with transaction.atomic():
        leave = connections.ask_leave(target, wanted=limit, batch_size=1)
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            # one whose look-up has killed too many workers is left to the sweeper, which makes it a case
            .filter(Q(lease_until=None) | Q(lease_until__lt=now, crashes__lt=POISON_AFTER))
            .filter(target=target, condition=Condition.IN_DOUBT, due_at__lte=now)
            .filter(**({"crashes__gt": 0} if suspects else {"crashes": 0}))
            .select_related("target", "entity")
            .order_by("crashes", "due_at", "pk")[: leave.deliveries]
        )
        if not rows:
            return []
        connections.take(leave, deliveries=len(rows))
        for row in rows:
            row.fence, row.crashes = row.fence + 1, row.crashes + 1
            row.lease_until = now + outbox.LEASE
        bulk.update(rows, ["fence", "crashes", "lease_until"])
        Attempt.objects.filter(delivery__in=rows, verb="find", outcome=Attempt.Outcome.SENT).update(
            outcome=Attempt.Outcome.UNKNOWN, finished_at=now, text="The worker died before an answer was written down."
        )
        return outbox._write_attempts(rows, verb="find", now=now)


def _look_up(connector: Connector, group: Sequence[outbox.Claim], halt: Halt) -> list[Any]:
    (claim,) = group
    found = connector.find(kind=claim.delivery.kind, reference=claim.parcel.reference, known=claim.parcel.known)
    return [results.judged(claim, found, sends=False)]

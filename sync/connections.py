"""Connections at work: the connector of each, pausing, the breaker, the bucket of calls."""

from datetime import timedelta
from functools import lru_cache

from django.contrib.auth.models import User
from django.db import connection as database
from django.db import transaction
from django.db.models import F

from connectors import registry
from connectors.interface import Connector
from sync import blocks, clock
from sync.models import Connection, ConnectionHealth, Delivery
from sync.states import Condition

#: failures in a row within the window after which nothing is sent for a while
BREAKER_FAILURES, BREAKER_WINDOW, BREAKER_PAUSE = 5, timedelta(seconds=30), timedelta(seconds=60)


@lru_cache(maxsize=64)
def _built(connection_id: int, changed: str, read_only: bool) -> Connector:
    row = Connection.objects.get(pk=connection_id)
    return registry.build(row.system, row.setup(read_only=read_only))


def connector_for(row: Connection, *, read_only: bool = False) -> Connector:
    """The connector of a connection, built once per process and again when the row is edited."""
    return _built(row.pk, row.updated_at.isoformat(), read_only)


def health_of(row: Connection) -> ConnectionHealth:
    return ConnectionHealth.objects.get_or_create(connection=row)[0]


def count_refused(row: Connection) -> None:
    """Count an inbound call that did not prove who sent it. It pauses nothing: anybody may call."""
    health_of(row)
    ConnectionHealth.objects.filter(connection=row).update(refused_calls=F("refused_calls") + 1)


def pause(row: Connection, *, reason: str, text: str = "") -> None:
    """Stop all calls to a connection, with one case, not one per waiting object."""
    with transaction.atomic():
        health_of(row)
        changed = ConnectionHealth.objects.filter(connection=row, paused_at=None).update(
            paused_at=clock.now(), paused_because=reason, paused_text=text[:2000]
        )
        if changed:
            blocks.put([blocks.Stop(connection=row, reason=reason, evidence={"text": text[:600]})])


def resume(row: Connection, *, note: str, user: User | None = None) -> None:
    """Let calls go again; the case closes by itself."""
    with transaction.atomic():
        changed = (
            ConnectionHealth.objects.filter(connection=row)
            .exclude(paused_at=None)
            .update(paused_at=None, paused_because="", paused_text="", breaker_open_until=None, recent_failures=0)
        )
        if changed:
            blocks.clear(connections=[row.pk], note=note, user=user)


def note_outcome(row: Connection, *, worked: int, failed: int, text: str = "") -> None:
    """Count what calls led to; several failures in a row open the breaker, so that a sick system gets rest."""
    now = clock.now()
    health = ConnectionHealth.objects.filter(connection=row)
    if worked:
        health.update(last_success_at=now, recent_failures=0, first_failure_at=None, breaker_open_until=None)
    elif failed:
        with transaction.atomic():
            current = health.select_for_update().first() or health_of(row)
            if current.first_failure_at is None or now - current.first_failure_at > BREAKER_WINDOW:
                current.first_failure_at, current.recent_failures = now, 0
            current.recent_failures += failed
            current.last_failure_at, current.last_failure_text = now, text[:2000]
            if current.recent_failures >= BREAKER_FAILURES:
                current.breaker_open_until = now + BREAKER_PAUSE
            current.save()


def take_calls(row: Connection, *, wanted: int, batch_size: int) -> int:
    """How many deliveries may be claimed now: free slots and tokens, taken from the bucket. Needs a transaction."""
    health = ConnectionHealth.objects.select_for_update().filter(connection=row).first() or health_of(row)
    now = clock.now()
    if health.paused_at or (health.breaker_open_until and health.breaker_open_until > now):
        return 0
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sync_delivery WHERE target_id = %s AND condition = %s",
            [row.pk, Condition.CLAIMED],
        )
        under_way = -(-cursor.fetchone()[0] // batch_size)
    elapsed = (now - health.refilled_at).total_seconds() if health.refilled_at else 1.0
    tokens = min(float(row.rate_per_second), health.tokens + max(elapsed, 0.0) * row.rate_per_second)
    calls = min(row.concurrency - under_way, int(tokens), -(-wanted // batch_size))
    health.tokens, health.refilled_at = tokens - max(calls, 0), now
    health.save(update_fields=["tokens", "refilled_at"])
    return max(calls, 0) * batch_size


def unfinished_of(row: Connection) -> int:
    return (
        Delivery.objects.filter(target=row)
        .exclude(condition__in=[Condition.SETTLED, Condition.WITHDRAWN, Condition.SUPERSEDED])
        .count()
    )

"""Connections at work: the connector of each, pausing, resting, the breaker, the bucket of calls, the retry budget."""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.contrib.auth.models import User
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest

from connectors import registry
from connectors.errors import ConnectorError, Misconfigured
from connectors.interface import Connector
from sync import blocks, clock
from sync.models import Connection, ConnectionHealth, Delivery, PollCursor, SourceEvent
from sync.states import Condition

log = logging.getLogger(__name__)
#: failures in a row within the window after which nothing is sent for a while
BREAKER_FAILURES, BREAKER_WINDOW, BREAKER_PAUSE = 5, timedelta(seconds=30), timedelta(seconds=60)
#: how long the one call after that rest has before another may try
PROBE = timedelta(seconds=90)
#: the longest rest a system may ask for; more is taken for a mistake of its own
LONGEST_REST = timedelta(hours=24)
#: machine time without any call that worked after which people are told
UNREACHABLE_AFTER = timedelta(minutes=15)
UNREACHABLE = "SYSTEM_UNREACHABLE"
#: retries that came to nothing may be at most this share of the calls of two half windows, once there are enough
RETRY_SHARE, HALF_WINDOW, ENOUGH_CALLS = 0.2, timedelta(seconds=60), 50


@lru_cache(maxsize=64)
def _built(connection_id: int, changed: str, read_only: bool) -> Connector:
    row = Connection.objects.get(pk=connection_id)
    try:
        return registry.build(row.system, row.setup(read_only=read_only))
    except ConnectorError:
        raise
    except Exception as error:
        # secrets sealed under another key, a time zone nobody knows, a connector that is not installed
        log.exception("the connector of %s cannot be built", row.code)
        raise Misconfigured(f"the connector cannot be built: {type(error).__name__}", system=row.system) from error


def connector_for(row: Connection, *, read_only: bool = False) -> Connector:
    """The connector of a connection, built once per process and again when the row is edited. Raises Misconfigured."""
    return _built(row.pk, row.updated_at.isoformat(), read_only)


def connector_or_pause(row: Connection) -> Connector | None:
    """The connector of a connection; one that cannot be built is paused with its case, and holds up no other."""
    try:
        return connector_for(row)
    except Misconfigured as error:
        pause(row, reason=error.reason, text=error.text)
        return None


def kind_of(row: Connection) -> type[Connector]:
    """The class of a connection's connector: what holds for the whole system, without building one."""
    try:
        return registry.connector_class(row.system)
    except LookupError:
        return Connector


def health_of(row: Connection) -> ConnectionHealth:
    return ConnectionHealth.objects.get_or_create(connection=row)[0]


def callable_now() -> QuerySet[Connection]:
    """Connections that are neither paused, nor asked to be left alone, nor resting after failures."""
    now = clock.now()
    ready = Q(health__paused_at=None)
    for name in ("rests_until", "breaker_open_until", "probe_until"):
        ready &= Q(**{f"health__{name}": None}) | Q(**{f"health__{name}__lte": now})
    return Connection.objects.filter(ready)


def may_call(row: Connection) -> bool:
    """Whether a call that is no delivery may go now: a read, a poll, a look at periods. The first one after the breaker
    was open is the probe, whoever makes it. Such calls take no token of the bucket: their batches and windows bound
    them.
    """
    now = clock.now()
    with transaction.atomic():
        health = ConnectionHealth.objects.select_for_update().filter(connection=row).first()
        if health is None:
            return True
        waits = (health.rests_until, health.breaker_open_until, health.probe_until)
        if health.paused_at or any(until and until > now for until in waits):
            return False
        if health.breaker_open_until is not None:
            health.probe_until = now + PROBE
            health.save(update_fields=["probe_until"])
        return True


def quiet_until(row: Connection) -> datetime | None:
    """When the rest of a connection that may not be called now ends; None where people, or nothing, must end it."""
    health = health_of(row)
    waits = (health.rests_until, health.breaker_open_until, health.probe_until)
    return None if health.paused_at else max((one for one in waits if one is not None), default=None)


# -- pausing and resting ------------------------------------------------------------------------------
def pause(row: Connection, *, reason: str, text: str = "") -> None:
    """Stop all calls to a connection, with one case, not one per waiting object."""
    with transaction.atomic():
        health_of(row)
        changed = ConnectionHealth.objects.filter(connection=row, paused_at=None).update(
            paused_at=clock.now(), paused_because=reason, paused_text=text[:2000], probe_until=None, failing_since=None
        )
        if changed:
            _reached(row, note="It answers again, and is paused now")
            blocks.put([blocks.Stop(connection=row, reason=reason, evidence={"text": text[:600]})])


def resume(row: Connection, *, note: str, user: User | None = None) -> None:
    """Let calls go again; the case closes by itself. A rest the system asked for is kept."""
    with transaction.atomic():
        health = ConnectionHealth.objects.select_for_update().filter(connection=row).first()
        if health is None:
            return
        because = health.paused_because
        if health.paused_at:
            health.paused_at, health.paused_because, health.paused_text = None, "", ""
        health.breaker_open_until = health.probe_until = health.failing_since = None
        health.recent_failures = 0
        health.save()
        _reached(row, note=note, user=user)
        if because:
            blocks.clear(connections=[row.pk], note=note, user=user, reasons={because})


def rest(row: Connection, *, seconds: float) -> None:
    """Leave a connection alone for as long as it asked: no claim and no look-up before. Absurd wishes are capped."""
    until = clock.now() + min(timedelta(seconds=min(max(seconds, 0.0), 1e9)), LONGEST_REST)
    health_of(row)
    ConnectionHealth.objects.filter(connection=row).update(rests_until=Greatest(F("rests_until"), until))


# -- what calls led to --------------------------------------------------------------------------------
_WORKED = """
WITH before AS (
    SELECT connection_id, unreachable_since FROM sync_connectionhealth WHERE connection_id = %(row)s FOR UPDATE)
UPDATE sync_connectionhealth SET last_success_at = %(now)s, recent_failures = 0, first_failure_at = NULL,
    breaker_open_until = NULL, probe_until = NULL, failing_since = NULL,
    last_taken_at = CASE WHEN %(taken)s THEN %(now)s ELSE last_taken_at END,
    window_retries = greatest(window_retries - %(retries)s, 0)
FROM before WHERE sync_connectionhealth.connection_id = before.connection_id
RETURNING before.unreachable_since IS NOT NULL
"""


def note_outcome(
    row: Connection,
    *,
    worked: int,
    failed: int,
    text: str = "",
    busy: int = 0,
    retries_worked: int = 0,
    taken: bool = False,
) -> None:
    """Count what calls led to; several failures in a row open the breaker, so that a sick system gets rest.

    `busy`: how many of the failures were the system's own word that it has too much to do. `retries_worked`: how many
    of the calls that worked were retries; they give their share of the budget back, since it bounds calls wasted.
    `taken`: whether something of ours turned out to be there, which looking up alone does not show.
    """
    if worked:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(_WORKED, {"row": row.pk, "now": clock.now(), "retries": retries_worked, "taken": taken})
            if any(told for (told,) in cursor.fetchall()):
                _reached(row, note="It answers again")
    elif failed:
        with transaction.atomic():
            _count_failures(row, failed, text=text, answers=busy == failed)
        note_unreachable([row.pk])


def _count_failures(row: Connection, failed: int, *, text: str, answers: bool) -> None:
    now = clock.now()
    health = ConnectionHealth.objects.select_for_update().filter(connection=row).first() or health_of(row)
    half_open = health.breaker_open_until is not None and health.breaker_open_until <= now
    if health.first_failure_at is None or now - health.first_failure_at > BREAKER_WINDOW:
        health.first_failure_at, health.recent_failures = now, 0
    health.recent_failures += failed
    health.last_failure_at, health.last_failure_text = now, text[:2000]
    if half_open or health.recent_failures >= BREAKER_FAILURES:
        health.breaker_open_until, health.probe_until = now + BREAKER_PAUSE, None
    health.failing_since = None if answers else health.failing_since or now
    health.save()
    if answers:
        _reached(row, note="It answers again, that it has too much to do")


def note_unreachable(ids: Iterable[int] | None = None) -> int:
    """Open one case for each connection no call has reached for a while though something waits for it; how many were
    opened.
    """
    now = clock.now()
    silent = ConnectionHealth.objects.filter(
        paused_at=None, unreachable_since=None, failing_since__lte=now - UNREACHABLE_AFTER
    )
    if ids is not None:
        silent = silent.filter(connection__in=ids)
    opened = 0
    for health in silent.select_related("connection"):
        if not _something_waits_for(health):
            continue
        with transaction.atomic():
            mine = ConnectionHealth.objects.filter(
                pk=health.pk, unreachable_since=None, failing_since=health.failing_since
            ).update(unreachable_since=now)
            if mine:
                evidence = {
                    "text": health.last_failure_text[:600],
                    "since": f"{health.failing_since:%Y-%m-%d %H:%M} UTC",
                }
                blocks.put([blocks.Stop(connection=health.connection, reason=UNREACHABLE, evidence=evidence)])
                opened += 1
    return opened


def _note_answer(row: Connection) -> None:
    """It answered a question. That ends its rest, but says nothing of what it does not take: while sending fails,
    people stay told, and what is sent is not counted as if everything else had worked.
    """
    with transaction.atomic():
        health = ConnectionHealth.objects.select_for_update().filter(connection=row).first()
        if health is None or not (health.failing_since or health.breaker_open_until or health.recent_failures):
            return
        health.recent_failures, health.first_failure_at = 0, None
        health.breaker_open_until = health.probe_until = None
        sends = not _not_sent(row).exists()
        if sends:
            health.failing_since = None
        health.save()
        if sends:
            _reached(row, note="It answers again")


def _not_sent(row: Connection) -> QuerySet[Delivery]:
    """What this system did not take, or left open, when it was last tried."""
    return Delivery.objects.filter(
        Q(failed_at__isnull=False) | Q(in_doubt_since__isnull=False),
        target=row,
        condition__in=[Condition.DUE, Condition.IN_DOUBT, Condition.CLAIMED],
    )


def _something_waits_for(health: ConnectionHealth) -> bool:
    """A delivery that could not be made, an event that could not be read, or news nobody could ask for."""
    row = health.connection
    events = SourceEvent.objects.filter(connection=row, condition__in=[Condition.DUE, Condition.CLAIMED])
    polls = PollCursor.objects.filter(Q(polled_at=None) | Q(polled_at__lt=health.failing_since), connection=row)
    return _not_sent(row).exists() or events.exists() or polls.exists()


def note_call(row: Connection, error: ConnectorError | None = None) -> None:
    """What a call that is no delivery came to: it worked or failed, and whether the system asked to be left alone."""
    if error is None:
        _note_answer(row)
        return
    if isinstance(error, Misconfigured):
        pause(row, reason=error.reason, text=error.text)
        return
    asked = getattr(error, "retry_after", None)
    if asked is not None and math.isfinite(asked) and asked > 0:
        rest(row, seconds=asked)
    # some say it with another status than 429
    busy = int(getattr(error, "reason", "") == "RATE_LIMIT" or error.http_status == 429)
    note_outcome(row, worked=0, failed=1, text=str(error), busy=busy)


def _reached(row: Connection, *, note: str, user: User | None = None) -> None:
    """It was reached: where people were told it was not, that case closes."""
    ConnectionHealth.objects.filter(connection=row).exclude(unreachable_since=None).update(unreachable_since=None)
    blocks.clear(connections=[row.pk], note=note, user=user, reasons={UNREACHABLE})


# -- how many calls may go ----------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Leave:
    """How much may be claimed now; it counts only once it is `taken`."""

    health: ConnectionHealth | None = None
    deliveries: int = 0
    #: how many of them may be retries; None: as many as there are
    retries: int | None = None
    batch_size: int = 1
    tokens: float = 0.0
    now: datetime | None = None
    is_probe: bool = False


def ask_leave(row: Connection, *, wanted: int, batch_size: int) -> Leave:
    """What may go now: nothing while paused, resting or failing, one probe after a rest, else free slots and tokens.

    Under way is what is claimed and what is being looked up. A token of the bucket is one call: of a sending (a whole
    batch is one) or of a look-up in doubt. The look-up a later round makes before it sends takes none of its own, and
    reading, polling and controls take none at all. Needs a transaction: the connection's health stays locked, so that
    all workers together keep the limits.
    """
    health = ConnectionHealth.objects.select_for_update().filter(connection=row).first() or health_of(row)
    now = clock.now()
    waits = (health.rests_until, health.breaker_open_until, health.probe_until)
    if health.paused_at or any(until and until > now for until in waits):
        return Leave()
    is_probe = health.breaker_open_until is not None
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE condition = 'claimed'),"
            " count(*) FILTER (WHERE condition = 'in_doubt' AND lease_until > %s)"
            " FROM sync_delivery WHERE target_id = %s AND condition IN ('claimed', 'in_doubt')",
            [now, row.pk],
        )
        claimed, looked_up = cursor.fetchone()
        # what is sent may share a call, what is looked up never does
        under_way = -(-claimed // kind_of(row).batch_size) + looked_up
    elapsed = (now - health.refilled_at).total_seconds() if health.refilled_at else 1.0
    tokens = min(float(row.rate_per_second), health.tokens + max(elapsed, 0.0) * row.rate_per_second)
    calls = max(min(row.concurrency - under_way, int(tokens), -(-wanted // batch_size)), 0)
    return Leave(
        health=health,
        deliveries=min(calls, 1) if is_probe else calls * batch_size,
        retries=None if is_probe else _retries_left(health, now),
        batch_size=batch_size,
        tokens=tokens,
        now=now,
        is_probe=is_probe,
    )


def take(leave: Leave, *, deliveries: int, retries: int = 0) -> None:
    """Note how much of a leave was used: tokens, the probe, the window of the retry budget. Needs the transaction of
    `ask_leave`.
    """
    health = leave.health
    if health is None or leave.now is None:
        return
    _turn_window(health, leave.now)
    health.tokens, health.refilled_at = leave.tokens - -(-deliveries // leave.batch_size), leave.now
    if deliveries and leave.is_probe:
        health.probe_until = leave.now + PROBE
    health.window_calls += deliveries
    health.window_retries += retries
    names = ["tokens", "refilled_at", "probe_until", "window_started_at"]
    health.save(update_fields=[*names, "window_calls", "window_retries", "last_calls", "last_retries"])


def take_calls(row: Connection, *, wanted: int, batch_size: int) -> int:
    """Ask leave and take all of it: how many deliveries may be claimed. Needs a transaction."""
    leave = ask_leave(row, wanted=wanted, batch_size=batch_size)
    take(leave, deliveries=leave.deliveries)
    return leave.deliveries


def _turn_window(health: ConnectionHealth, now: datetime) -> None:
    """Two half windows side by side: the older one leaves when the newer is full."""
    started = health.window_started_at
    if started is not None and now - started < HALF_WINDOW:
        return
    fresh = started is None or now - started >= 2 * HALF_WINDOW
    health.last_calls = 0 if fresh else health.window_calls
    health.last_retries = 0 if fresh else health.window_retries
    health.window_started_at, health.window_calls, health.window_retries = now, 0, 0


def _retries_left(health: ConnectionHealth, now: datetime) -> int | None:
    _turn_window(health, now)
    calls = health.window_calls + health.last_calls
    if calls < ENOUGH_CALLS:
        return None
    return max(int(calls * RETRY_SHARE) - health.window_retries - health.last_retries, 0)


def retries_wait(health: ConnectionHealth) -> bool:
    """Whether second tries wait now because too many came to nothing; for people, nothing is changed."""
    return _retries_left(health, clock.now()) == 0


def unfinished_of(row: Connection) -> int:
    return (
        Delivery.objects.filter(target=row)
        .exclude(condition__in=[Condition.SETTLED, Condition.WITHDRAWN, Condition.SUPERSEDED])
        .count()
    )

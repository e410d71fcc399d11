"""How each connection is doing: its state in words, what waits for it, what came in, what polls found."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils.translation import gettext as _

from reconciliation import sentences
from reconciliation.habits.languages import moment_text, spoken
from reconciliation.models import ExceptionCase
from sync import clock, connections
from sync.catalogue import reason
from sync.models import Connection, ConnectionHealth, Delivery, PollCursor, RefusedCall, SourceEvent
from sync.models.connection import Role
from sync.states import UNFINISHED, Condition

#: what people may press, and the reason a pause by hand is filed under
PAUSED_BY_HAND = "PAUSED_BY_HAND"
DAY = timedelta(hours=24)


@dataclass(kw_only=True)
class Health:
    """One connection as its card shows it. Tones: good, wait, stop, idle."""

    row: Connection
    health: ConnectionHealth
    system: str
    word: str
    tone: str
    icon: str
    text: str
    #: vendor's own words, for the closed block
    technical: str = ""
    #: (condition in words, count)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    events: int = 0
    kept_refusals: int = 0
    cursors: list[PollCursor] = field(default_factory=list)
    case: ExceptionCase | None = None

    @property
    def is_paused(self) -> bool:
        return self.health.paused_at is not None


def all_connections() -> list[Health]:
    """Every connection, in a fixed number of queries."""
    now = clock.now()
    places = list(Role.values)
    rows = sorted(Connection.objects.select_related("health"), key=lambda row: (places.index(row.role), row.code))
    waiting: dict[int, list[tuple[str, int]]] = {}
    counts = (
        Delivery.objects.filter(condition__in=UNFINISHED)
        .order_by()
        .values("target", "condition")
        .annotate(n=Count("pk"), accepted=Count("awaits_posting_since"))
    )
    order: list[str] = list(UNFINISHED)
    for one in sorted(counts, key=lambda one: order.index(one["condition"])):
        shown = waiting.setdefault(one["target"], [])
        if one["n"] > one["accepted"]:
            shown.append((spoken(Condition(one["condition"]).label), one["n"] - one["accepted"]))
        if one["accepted"]:
            shown.append((_("Accepted there, not posted yet"), one["accepted"]))
    events = _per_connection(SourceEvent.objects.filter(received_at__gte=now - DAY))
    refusals = _per_connection(RefusedCall.objects.filter(at__gte=now - DAY))
    cursors: dict[int, list[PollCursor]] = {}
    for cursor in PollCursor.objects.order_by("stream"):
        cursors.setdefault(cursor.connection_id, []).append(cursor)
    cases = {
        case.connection_id: case
        for case in ExceptionCase.objects.filter(connection__isnull=False, status=ExceptionCase.Status.OPEN)
        .select_related("problem")
        .order_by("-pk")
    }
    out = []
    for row in rows:
        health = getattr(row, "health", None) or connections.health_of(row)
        word, tone, icon, text = _state(row, health)
        out.append(
            Health(
                row=row,
                health=health,
                system=sentences.system_name(row.system),
                word=word,
                tone=tone,
                icon=icon,
                text=text,
                technical=health.paused_text,
                waiting=waiting.get(row.pk, []),
                events=events.get(row.pk, 0),
                kept_refusals=refusals.get(row.pk, 0),
                cursors=cursors.get(row.pk, []),
                case=cases.get(row.pk),
            )
        )
    return out


def _per_connection(rows) -> dict[int, int]:  # type: ignore[no-untyped-def]
    return dict(rows.order_by().values_list("connection").annotate(n=Count("pk")))


def _state(row: Connection, health: ConnectionHealth) -> tuple[str, str, str, str]:
    now = clock.now()
    if health.paused_at:
        why = health.paused_text if health.paused_because == PAUSED_BY_HAND else _why(row, health)
        text = _("Since {at} UTC. {why} Work for it waits; nothing is lost.").format(
            at=_short(health.paused_at), why=why
        )
        return _("Paused"), "stop", "pause_circle", text.replace("  ", " ")
    if health.rests_until and health.rests_until > now:
        until = moment_text(health.rests_until, year=False, seconds=True)
        text = _("It asked to be left alone until {until} UTC; nothing is sent before.").format(until=until)
        return _("Resting"), "wait", "bedtime", text
    if health.breaker_open_until and health.breaker_open_until > now:
        text = _("It failed {failures} times in a row and is left alone until {until} UTC.").format(
            failures=health.recent_failures, until=f"{health.breaker_open_until:%H:%M:%S}"
        )
        return _("Resting"), "wait", "bedtime", text
    if health.last_success_at is None and health.last_failure_at is None:
        return _("Not used yet"), "idle", "radio_button_unchecked", _("Nothing has been sent to it so far.")
    if health.last_failure_at and (health.last_success_at is None or health.last_failure_at > health.last_success_at):
        text = _("The last call failed; it is tried again by itself.")
        if health.failing_since:
            text = _("The last call failed; it is tried again by itself. No call has worked since {at} UTC.")
            text = text.format(at=_short(health.failing_since))
        return _("Failing"), "wait", "warning", text
    if connections.retries_wait(health):
        text = _("Many second tries came to nothing lately: first tries go on, second tries wait a little.")
        return _("Works"), "wait", "hourglass_top", text
    return _("Works"), "good", "check_circle", _("The last call went through.")


def _short(at: datetime) -> str:
    return moment_text(at, year=False)


def _why(row: Connection, health: ConnectionHealth) -> str:
    words = reason(health.paused_because)
    return (
        words.cause.replace("{system}", sentences.system_name(row.system))
        .replace("{document}", _("a call"))
        .replace("{value}", "…")
    )

"""When may this be posted: periods as the ERP has them and as we close them, and our own posting windows."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from sync import blocks, bulk, clock, connections, nudges
from sync.models import AccountingPeriod, Connection, Delivery, EntityRoute, LegalEntity, PostingWindow
from sync.states import Condition

#: why a posting is held: its entity's daily window is not open
WINDOW_SHUT = "POSTING_WINDOW"
#: why one is blocked: its kind is on hold, until somebody says otherwise
ON_HOLD = "POSTING_ON_HOLD"
#: from lenient to strict
_STRICTNESS = [AccountingPeriod.State.OPEN, AccountingPeriod.State.CLOSING, AccountingPeriod.State.CLOSED]


def admit(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Of claimed postings, those that may go now; their periods stay locked FOR SHARE until the claim commits.

    A posting into a period that is not open is blocked with PERIOD_CLOSED; one outside its daily window is held until
    that opens; one of a kind on hold is blocked, since nobody knows until when. Where no period is mirrored, the ERP
    itself decides.
    """
    postings = [row for row in deliveries if row.posting_date and row.entity_id]
    if not postings:
        return list(deliveries)
    periods = _share(postings)
    windows: dict[tuple[int | None, str], PostingWindow] = {
        (window.entity_id, window.kind): window
        for window in PostingWindow.objects.filter(entity__in={row.entity_id for row in postings})
    }
    stops: list[blocks.Stop] = []
    stopped: list[Delivery] = []
    for row in postings:
        period = _covering(periods, row)
        if period and period.state != AccountingPeriod.State.OPEN:
            stops.append(
                _stop(row, "PERIOD_CLOSED", field="posting date", value=f"{row.posting_date:%Y-%m}", text=_why(period))
            )
            stopped.append(row)
            continue
        window = windows.get((row.entity_id, row.kind))
        if window and window.mode == PostingWindow.Mode.HOLD:
            stops.append(_stop(row, ON_HOLD, field="document kind", value=row.kind, text="Nothing was sent."))
            stopped.append(row)
        elif window and row.entity and (opens := opens_next(window, row.entity)):
            row.condition, row.held_until, row.held_because = Condition.HELD, opens, WINDOW_SHUT
            stopped.append(row)
    _put_back(stopped)
    blocks.put(stops)
    ids = {row.pk for row in stopped}
    return [row for row in deliveries if row.pk not in ids]


def _stop(row: Delivery, reason: str, *, field: str, value: str, text: str) -> blocks.Stop:
    row.condition, row.blocked_reason = Condition.BLOCKED, reason
    return blocks.Stop(delivery=row, reason=reason, field=field, value=value, evidence={"text": text})


def _why(period: AccountingPeriod) -> str:
    whose = "here" if period.own_state != AccountingPeriod.State.OPEN else "in the ERP, as mirrored"
    return f"The period is {period.get_state_display().lower()} {whose}; nothing was sent."


def _put_back(rows: Sequence[Delivery]) -> None:
    """Claimed and not sent: that was no try."""
    for row in rows:
        row.lease_until, row.attempts, row.crashes = None, max(row.attempts - 1, 0), max(row.crashes - 1, 0)
        if row.attempts == 0:
            row.key_sent_at = None
    names = ["condition", "blocked_reason", "lease_until", "attempts", "crashes", "key_sent_at"]
    bulk.update(rows, [*names, "held_until", "held_because"])


def _share(postings: Sequence[Delivery]) -> list[AccountingPeriod]:
    """Lock the periods of these postings against closing while claims are written; always in the same order."""
    days = [row.posting_date for row in postings if row.posting_date]
    rows = AccountingPeriod.objects.raw(
        "SELECT * FROM sync_accountingperiod WHERE entity_id = ANY(%s) AND connection_id = ANY(%s) AND module = 'ar'"
        " AND starts_on <= %s AND ends_on >= %s ORDER BY id FOR SHARE",
        [[row.entity_id for row in postings], [row.target_id for row in postings], max(days), min(days)],
    )
    return list(rows)


def _covering(periods: Sequence[AccountingPeriod], row: Delivery) -> AccountingPeriod | None:
    for period in periods:
        if (
            period.entity_id == row.entity_id
            and period.connection_id == row.target_id
            and row.posting_date is not None
            and period.starts_on <= row.posting_date <= period.ends_on
        ):
            return period
    return None


# -- windows ------------------------------------------------------------------------------------------
def opens_next(window: PostingWindow, entity: LegalEntity) -> datetime | None:
    """When a daily window next opens, by the clock of its entity's zone; None while it is open, or has no hours."""
    if window.mode != PostingWindow.Mode.BATCH or window.opens_at is None or window.closes_at is None:
        return None
    now = clock.now()
    today = now.astimezone(entity.zone).date()
    over_midnight = timedelta(days=window.opens_at > window.closes_at)
    # compared as instants: on the days clocks change, hours of a zone cannot be
    for days in (-1, 0, 1, 2):
        day = today + timedelta(days=days)
        opens = datetime.combine(day, window.opens_at, tzinfo=entity.zone).astimezone(UTC)
        closes = datetime.combine(day + over_midnight, window.closes_at, tzinfo=entity.zone).astimezone(UTC)
        if opens <= now < closes:
            return None
        if opens > now:
            return opens
    return None


def release_holds() -> int:
    """Postings whose kind is no longer on hold are due again, and their cases close; how many."""
    with transaction.atomic():
        rows = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(condition=Condition.BLOCKED, blocked_reason=ON_HOLD)
            .order_by("posting_date", "reference", "pk")[:2000]
        )
        held = set(PostingWindow.objects.filter(mode=PostingWindow.Mode.HOLD).values_list("entity", "kind"))
        free = [row for row in rows if (row.entity_id, row.kind) not in held]
        for place, row in enumerate(free):
            row.condition, row.blocked_reason = Condition.DUE, ""
            row.due_at = clock.now() + timedelta(microseconds=place)
        bulk.update(free, ["condition", "blocked_reason", "due_at"])
        blocks.clear(deliveries=[row.pk for row in free], note="The hold was lifted", reasons={ON_HOLD})
        nudges.nudge(*{row.queue for row in free})
    return len(free)


# -- periods ------------------------------------------------------------------------------------------
def starts_of_periods(entity: LegalEntity, *, first: date, last: date) -> list[date]:
    """First days, in order, of every period between two dates: the ERP's own, and calendar months where it has none."""
    mirrored = list(AccountingPeriod.objects.filter(entity=entity, module="ar").values_list("starts_on", "ends_on"))
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if not any(starts <= date(year, month, 1) <= ends for starts, ends in mirrored)
    ]
    return sorted({*months, *(starts for starts, _ in mirrored)})


def first_open_day(entity: LegalEntity, *, connection: Connection, after: date) -> date | None:
    """The first day on or after a date that lies in an open period: the document's own day where that is open."""
    for period in AccountingPeriod.objects.filter(
        entity=entity, connection=connection, module="ar", ends_on__gte=after
    ).order_by("starts_on"):
        if period.state == AccountingPeriod.State.OPEN:
            return max(after, period.starts_on)
    return None


def open_days(entity: LegalEntity) -> Callable[[date], date]:
    """Where something dated on a day may still be entered: on that day, or, where its period is not open, on the first
    day of the next open one. A day of no mirrored period stays as it is; the ERP itself decides.
    """
    periods = list(AccountingPeriod.objects.filter(entity=entity, module="ar").order_by("starts_on"))

    def open_day(day: date) -> date:
        covering = [one for one in periods if one.starts_on <= day <= one.ends_on]
        if not covering or all(one.state == AccountingPeriod.State.OPEN for one in covering):
            return day
        later = (one.starts_on for one in periods if one.starts_on > day and one.state == AccountingPeriod.State.OPEN)
        # where no later period is known, the day after the last one that is
        return next(later, max(one.ends_on for one in periods) + timedelta(days=1))

    return open_day


def stricter(one: str, other: str) -> str:
    """The more closed of two states: an ERP that still says open does not open what was closed here."""
    return max(one, other, key=[str(state) for state in _STRICTNESS].index)


def mirror(connection: Connection) -> int:
    """Copy the ERP's periods and their states; how many changed. What was closed from here stays closed."""
    connector = connections.connector_for(connection)
    if "periods" not in connector.capabilities:
        return 0
    changed = 0
    for route in EntityRoute.objects.filter(connection=connection, role="erp").select_related("entity"):
        rows = list(connector.periods(entity=route.company_code))
        with transaction.atomic():
            known = {
                (row.module, row.starts_on): row
                for row in AccountingPeriod.objects.select_for_update()
                .filter(entity=route.entity, connection=connection)
                .order_by("pk")
            }
            for period in rows:
                row = known.get((period.module, period.starts_on))
                if row is None:
                    AccountingPeriod.objects.create(
                        entity=route.entity,
                        connection=connection,
                        module=period.module,
                        starts_on=period.starts_on,
                        ends_on=period.ends_on,
                        state=period.state,
                        erp_state=period.state,
                        external_id=period.external_id,
                        mirrored_at=clock.now(),
                    )
                    changed += 1
                    continue
                state = stricter(row.own_state, period.state)
                changed += row.state != state
                if (row.state, row.erp_state) != (state, period.state):
                    row.state, row.erp_state, row.mirrored_at = state, period.state, clock.now()
                    row.save(update_fields=["state", "erp_state", "mirrored_at"])
    return changed

"""Systems and controls: a connection that is paused, a control that did not run, a period that ends over open cases, a
room that takes no messages.
"""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from reconciliation import figures
from reconciliation.controls.registry import CONTROLS
from reconciliation.habits.notices import people
from reconciliation.habits.notices.event import LATELY, News
from reconciliation.models import ControlRun, NoticeRoom
from reconciliation.teams import Team
from sync import clock
from sync.models import AccountingPeriod, ConnectionHealth

#: days before a period ends at which finance is told of what is still open in it
PERIOD_NOTICE = 1


def paused(now: datetime) -> Iterator[News]:
    """A connection stands still until somebody looks at it: to integration support."""
    rows = list(ConnectionHealth.objects.filter(paused_at__gt=now - LATELY).select_related("connection"))
    told = people.listeners_by_team()[Team.INTEGRATION] if rows else []
    for row in rows:
        for listener in told:
            yield News(
                to=listener,
                key=f"{row.connection.code} paused {row.paused_at:%Y-%m-%d %H:%M:%S}",
                title=f"{row.connection.label} is paused",
                text=f"Since {row.paused_at:%d %b %Y %H:%M} UTC. Work for it waits; nothing is lost.",
                path=reverse("desk:connections"),
            )


def not_tied(now: datetime) -> Iterator[News]:
    """A control did not run, or leaves an unexplained difference: to its owners. Breaks with open cases are told as
    cases. Once a business day.
    """
    bad = (ControlRun.Status.NOT_RUN, ControlRun.Status.UNEXPLAINED)
    runs = [run for run in figures.newest_runs() if run.status in bad and run.started_at > now - LATELY]
    teams = people.listeners_by_team() if runs else {}
    for run in runs:
        control = CONTROLS.get(run.control)
        if control is None:
            continue
        for listener in teams.get(control.owner, ()):
            yield News(
                to=listener,
                key=f"{run.control} {run.entity.code} {run.business_date} {run.status}",
                title=f"{run.get_status_display()}: {control.title}, {run.entity.name}",
                text=run.trouble or "Both sides differ, and no open case accounts for it.",
                path=reverse("desk:control_run", args=[run.control, run.entity.code, run.business_date]),
            )


def period_ends(now: datetime) -> Iterator[News]:
    """A receivables period ends while cases of its company are open: to finance."""
    told = people.listeners_by_team()[Team.FINANCE]
    periods = AccountingPeriod.objects.filter(module="ar", state=AccountingPeriod.State.OPEN).select_related("entity")
    for period in periods if told else ():
        left = (period.ends_on - clock.business_date(period.entity)).days
        if not 0 <= left <= PERIOD_NOTICE:
            continue
        open_cases = figures.open_cases().filter(entity=period.entity, effective_on__lte=period.ends_on).count()
        for listener in told if open_cases else ():
            words = "a case is" if open_cases == 1 else f"{open_cases} cases are"
            yield News(
                to=listener,
                key=f"{period.entity.code} {period.ends_on}",
                title=f"{period.starts_on:%B} ends {'today' if not left else 'tomorrow'}: {period.entity.name}",
                text=f"{words.capitalize()} open in it. What is not posted by then goes into the next period.",
                path=reverse("desk:close"),
            )


def silent_rooms(now: datetime) -> Iterator[News]:
    """A room takes no messages, which nobody in it can notice: to who may change its address."""
    rooms = list(NoticeRoom.objects.filter(is_on=True, trouble_since__gt=now - LATELY))
    told = people.who_may("change_ownershiprule") if rooms else []
    for room in rooms:
        for person in told:
            yield News(
                to=person,
                key=f"{room.pk} {room.trouble_since:%Y-%m-%d %H:%M:%S}",
                title=f"Messages do not reach {room.name}",
                text=f"Since {room.trouble_since:%d %b %Y %H:%M} UTC: {room.trouble}",
                path=reverse("admin:reconciliation_noticeroom_change", args=[room.pk]),
            )

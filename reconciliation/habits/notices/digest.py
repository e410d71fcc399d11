"""The digest: once in the morning of a working day, how somebody's desk stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.urls import reverse

from reconciliation import figures, sentences
from reconciliation.habits import profile
from reconciliation.habits.notices import people
from reconciliation.habits.notices.event import LATELY, News
from reconciliation.models import ExceptionCase, Notice, NoticeRoom, Problem, Profile
from reconciliation.teams import Team

CODE = "digest"
#: on the reader's clock; whoever could not be told by noon is told tomorrow
FIRST_HOUR, LAST_HOUR = 8, 12
SATURDAY = 5
#: causes and controls named in it; the rest is behind the link
MOST = 10


def mornings(now: datetime) -> Iterator[News]:
    """To everybody with a team, and to its rooms, where it is morning; nothing where there is nothing to say."""
    lately = Notice.objects.filter(event=CODE, noted_at__gt=now - LATELY)
    told = set(lately.values_list("person", "room", "key"))
    zones = dict(Profile.objects.values_list("user", "zone"))
    written = _Desks(now)
    for team, listeners in people.listeners_by_team().items():
        for one in listeners:
            person, room = (one.pk, None) if isinstance(one, User) else (None, one.pk)
            zone = zones.get(one.pk, "UTC") if isinstance(one, User) else one.zone
            here = now.astimezone(profile.zone_named(zone))
            is_morning = FIRST_HOUR <= here.hour < LAST_HOUR and here.weekday() < SATURDAY
            key = f"{here:%Y-%m-%d}"
            if is_morning and (person, room, key) not in told and (text := written.of(one, team)):
                told.add((person, room, key))
                yield News(
                    to=one,
                    key=key,
                    title=f"{team.label} on {here:%d %b %Y}",
                    text=text,
                    path=reverse("admin:index"),
                )


@dataclass
class _Desks:
    """Texts of teams, written once each."""

    now: datetime

    def __post_init__(self) -> None:
        self._teams: dict[Team, list[str]] = {}
        self._books: list[str] | None = None

    def of(self, listener: User | NoticeRoom, team: Team) -> str:
        if team not in self._teams:
            self._teams[team] = list(_team(team, self.now))
        if self._books is None:
            self._books = list(_books())
        waits = len(figures.to_decide(listener)) if isinstance(listener, User) else 0
        decide = [f"{waits} {'request waits' if waits == 1 else 'requests wait'} for your decision."] if waits else []
        return "\n".join([*decide, *self._teams[team], *self._books])


def _team(team: Team, now: datetime) -> Iterator[str]:
    since = now - timedelta(days=1)
    mine = ExceptionCase.objects.filter(team=team)
    rows = mine.filter(status=ExceptionCase.Status.OPEN)
    count, new = rows.count(), rows.filter(opened_at__gt=since).count()
    closed = mine.filter(closed_at__gt=since).count()
    if not (count or closed):
        return
    oldest = rows.order_by("opened_at").values_list("opened_at", flat=True).first()
    ages = f", the oldest from {oldest:%d %b %Y}" if oldest else ""
    yield f"{count} open{ages}; {new} new and {closed} closed since yesterday."
    if held := figures.held(rows):
        yield f"Held up: {', '.join(held)}."
    causes = Problem.objects.filter(first_seen_at__gt=since, solved_at=None, team=team).order_by("-first_seen_at")
    for cause in causes[:MOST]:
        yield f"New cause: {sentences.problem_title(cause)} ({cause.number})"


def _books() -> Iterator[str]:
    for one in figures.controls_not_green()[:MOST]:
        yield f"{one.run.get_status_display()}: {one.title}, {one.run.entity.name}"

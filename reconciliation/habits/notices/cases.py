"""Cases: named in a comment or handed over, late, and back from being put off."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Min
from django.urls import reverse

from reconciliation import figures, sentences
from reconciliation.habits import absences, snoozes
from reconciliation.habits.notices import people
from reconciliation.habits.notices.event import LATELY, News
from reconciliation.models import ExceptionCase, Mention, NoticeRoom, Problem, Snooze
from reconciliation.teams import Team
from reconciliation.who import full_name

#: of a comment, so much is in the mail; the rest is behind the link
SHOWN = 500


def named(now: datetime) -> Iterator[News]:
    """Whoever was named in a comment, or got a case with one, and has not read it yet."""
    rows = Mention.objects.filter(read_at=None, at__gt=now - LATELY, person__in=people.readers())
    rows = rows.filter(comment__case__status=ExceptionCase.Status.OPEN)
    for row in rows.select_related("person", "comment__user", "comment__case__problem").order_by("pk"):
        case = row.comment.case
        yield News(
            to=row.person,
            key=f"mention {row.pk}",
            title=f"{full_name(row.comment.user)} on {case.number}: {sentences.title(case)}",
            text=row.comment.text[:SHOWN],
            path=reverse("desk:case", args=[case.pk]),
            problem=case.problem_id,
        )


def late(now: datetime) -> Iterator[News]:
    """Problems with cases that became late: to whoever holds them or stands in for them, else to everybody of the team;
    and to the team's rooms, whoever holds them. One per problem and day.
    """
    rows = snoozes.awake(figures.open_cases()).filter(due_at__gt=now - LATELY, due_at__lte=now).order_by()
    held = list(rows.values("problem", "team", "assignee").annotate(count=Count("pk"), since=Min("due_at")))
    problems = Problem.objects.in_bulk({one["problem"] for one in held})
    teams, rooms = (people.by_team(), people.rooms_by_team()) if held else ({}, {})
    holders = _holders() if held else {}
    for one in held:
        for person in _told(one, holders, teams):
            yield _late(person, one, problems, now)
    if rooms:
        of_teams = list(rows.values("problem", "team").annotate(count=Count("pk"), since=Min("due_at")))
        for one in of_teams:
            for room in rooms.get(Team(one["team"]), ()):
                yield _late(room, one, problems, now)


def _late(to: User | NoticeRoom, group: Mapping[str, Any], problems: Mapping[int, Problem], now: datetime) -> News:
    problem, count = problems[group["problem"]], group["count"]
    words = "a case is" if count == 1 else f"{count} cases are"
    return News(
        to=to,
        key=f"{problem.number} {now:%Y-%m-%d}",
        title=f"Late: {sentences.problem_title(problem)}",
        text=f"{words.capitalize()} late since {group['since']:%d %b %Y %H:%M} UTC.",
        path=reverse("desk:problem", args=[problem.pk]),
        problem=problem.pk,
    )


def _holders() -> dict[int, User]:
    """Who holds a case -> who is told of it: whoever stands in while they are away."""
    found = {person.pk: person for person in people.reachable()}
    away = absences.away()
    instead = {pk: found.get(row.stands_in_id) for pk, row in away.items() if row.stands_in_id}
    return found | {pk: person for pk, person in instead.items() if person}


def _told(group: Mapping[str, Any], holders: Mapping[int, User], teams: Mapping[Team, list[User]]) -> list[User]:
    if group["assignee"] is not None:
        return [holders[group["assignee"]]] if group["assignee"] in holders else []
    return teams.get(Team(group["team"]), [])


def back(now: datetime) -> Iterator[News]:
    """A case somebody put off is back, because its time came: to whoever put it off."""
    rows = Snooze.objects.filter(ended_at=None, until__gt=now - LATELY, until__lte=now).exclude(by__email="")
    rows = rows.filter(by__is_active=True, case__status=ExceptionCase.Status.OPEN)
    for row in rows.select_related("by", "case__problem").order_by("pk"):
        yield News(
            to=row.by,
            key=f"snooze {row.pk}",
            title=f"Back: {row.case.number}, {sentences.title(row.case)}",
            text=f"You put it off with the words: {row.because}",
            path=reverse("desk:case", args=[row.case_id]),
            problem=row.case.problem_id,
        )

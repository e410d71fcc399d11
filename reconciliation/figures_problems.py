"""How a problem stands: new, ongoing, growing, come back, put off or solved; from its cases, never kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Cast

from reconciliation.habits import snoozes
from reconciliation.models import ExceptionCase, Problem
from sync import clock

#: a problem is called new for so long
NEW_FOR = timedelta(hours=24)
#: it grows when at least so many of its cases opened within a day, and so many times as many as on a usual day
LEAST, TIMES = 5, 2
#: usual is the average day of the week before that day
USUAL = 7


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A word, how loud it is, and why where that is not plain."""

    word: str
    tone: str
    why: str = ""


_NEW, _ONGOING = Standing(word="new", tone="info"), Standing(word="ongoing", tone="warn")
_BACK = Standing(word="came back", tone="bad", why="It was solved once and came back.")
_ASLEEP = Standing(word="put off", tone="idle", why="Every one of its open cases is put off.")
_SOLVED = Standing(word="solved", tone="good")


def standings(problems: Iterable[Problem]) -> dict[int, Standing]:
    """Number of a problem -> how it stands; two questions for all of them."""
    rows = {problem.pk: problem for problem in problems}
    mine = ExceptionCase.objects.filter(problem__in=rows, status=ExceptionCase.Status.OPEN).order_by()
    open_now = dict(mine.values("problem").annotate(n=Count("pk")).values_list("problem", "n"))
    asleep = dict(snoozes.asleep(mine).values("problem").annotate(n=Count("pk")).values_list("problem", "n"))
    growing = {row["problem"]: row for row in _growing().filter(problem__in=rows)}
    return {
        pk: _standing(problem, open_now.get(pk, 0), asleep.get(pk, 0), growing.get(pk)) for pk, problem in rows.items()
    }


def _standing(problem: Problem, open_now: int, asleep: int, grown: dict[str, int] | None) -> Standing:
    if not open_now:
        return _SOLVED
    if asleep == open_now:
        return _ASLEEP
    # everything about a new problem is new: only later can it grow
    is_new = clock.now() - problem.first_seen_at < NEW_FOR
    if grown and not is_new:
        usual = grown["before"] / USUAL
        why = f"{grown['lately']} of its cases opened in the last 24 hours; on a usual day it is {usual:.1f}."
        return Standing(word="growing", tone="bad", why=why)
    if problem.regressed_at:
        return _BACK
    return _NEW if is_new else _ONGOING


def growing() -> QuerySet[Problem]:
    """Problems that grow, the fastest first."""
    order = [row["problem"] for row in _growing().order_by("-lately", "problem")]
    rows = Problem.objects.filter(pk__in=order, first_seen_at__lte=clock.now() - NEW_FOR)
    place = Case(*(When(pk=pk, then=Value(number)) for number, pk in enumerate(order)), default=Value(0))
    return rows.order_by(place)


def _growing() -> QuerySet[ExceptionCase, dict[str, int]]:
    """Of all problems whose cases opened within a day: how many did, and how many in the week before."""
    day = clock.now() - timedelta(days=1)
    lately, before = Q(opened_at__gte=day), Q(opened_at__lt=day)
    counted = (
        ExceptionCase.objects.filter(opened_at__gte=day - timedelta(days=USUAL))
        .order_by()
        .values("problem")
        .annotate(lately=Count("pk", filter=lately), before=Count("pk", filter=before))
    )
    usual = Cast(F("before"), FloatField()) * Value(TIMES / USUAL)
    return counted.filter(lately__gte=LEAST).alias(usual=usual).filter(lately__gte=F("usual"))

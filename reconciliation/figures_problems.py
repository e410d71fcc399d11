"""How a problem stands: new, ongoing, growing, come back, put off or solved; from its cases, never kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from reconciliation.habits import snoozes
from reconciliation.habits.languages import written
from reconciliation.models import ExceptionCase, Problem
from sync import clock

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: a problem is called new for so long
NEW_FOR = timedelta(hours=24)
#: it grows when at least so many of its cases opened within a day, and so many times as many as on a usual day
LEAST, TIMES = 5, 2
#: usual is the average day of the week before that day
USUAL = 7


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A word, how loud it is, and why where that is not plain."""

    #: in English, as a page compares it and the API has it
    word: str
    tone: str
    why: "StrOrPromise" = ""


_NEW, _ONGOING = Standing(word=gettext_noop("new"), tone="info"), Standing(word=gettext_noop("ongoing"), tone="warn")
_BACK = Standing(word=gettext_noop("came back"), tone="bad", why=gettext_lazy("It was solved once and came back."))
_ASLEEP = Standing(
    word=gettext_noop("put off"), tone="idle", why=gettext_lazy("Every one of its open cases is put off.")
)
_SOLVED = Standing(word=gettext_noop("solved"), tone="good")


def standings(problems: Iterable[Problem]) -> dict[int, Standing]:
    """Number of a problem -> how it stands; one question for all of them."""
    rows = {problem.pk: problem for problem in problems}
    is_open = Q(status=ExceptionCase.Status.OPEN)
    asleep = Exists(snoozes.asleep(ExceptionCase.objects.filter(is_open, pk=OuterRef("pk"))))
    counted = (
        _by_problem(is_open | Q(opened_at__gte=_since()))
        .filter(problem__in=rows)
        .annotate(open_now=Count("pk", filter=is_open), asleep=Count("pk", filter=is_open & Q(asleep)))
    )
    found = {row["problem"]: row for row in counted}
    return {pk: _standing(problem, found.get(pk)) for pk, problem in rows.items()}


def _standing(problem: Problem, counts: dict[str, int] | None) -> Standing:
    if counts is None or not counts["open_now"]:
        return _SOLVED
    if counts["asleep"] == counts["open_now"]:
        return _ASLEEP
    # everything about a new problem is new: only later can it grow
    is_new = clock.now() - problem.first_seen_at < NEW_FOR
    if not is_new and _grows(counts):
        usual = counts["before"] / USUAL
        why = _("{lately} of its cases opened in the last 24 hours; on a usual day it is {usual}.")
        why = why.format(lately=counts["lately"], usual=written(f"{usual:.1f}"))
        return Standing(word=gettext_noop("growing"), tone="bad", why=why)
    if problem.regressed_at:
        return _BACK
    return _NEW if is_new else _ONGOING


def growing() -> list[int]:
    """Numbers of the problems that grow."""
    known = Q(problem__first_seen_at__lte=clock.now() - NEW_FOR)
    return [row["problem"] for row in _by_problem(known & Q(opened_at__gte=_since())) if _grows(row)]


def _grows(counts: dict[str, int]) -> bool:
    return counts["lately"] >= max(LEAST, TIMES * counts["before"] / USUAL)


def _since() -> datetime:
    """When the week before the last 24 hours begins."""
    return clock.now() - timedelta(days=1 + USUAL)


def _by_problem(which: Q) -> QuerySet[ExceptionCase, dict[str, int]]:
    """Cases per problem: how many opened within a day, and how many in the week before."""
    day = clock.now() - timedelta(days=1)
    return (
        ExceptionCase.objects.filter(which)
        .order_by()
        .values("problem")
        .annotate(
            lately=Count("pk", filter=Q(opened_at__gte=day)),
            before=Count("pk", filter=Q(opened_at__lt=day, opened_at__gte=_since())),
        )
    )

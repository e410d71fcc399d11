"""Views of the queue people follow: what is new in one, told together once an hour."""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from reconciliation import figures, sentences
from reconciliation.habits import saved_views
from reconciliation.habits.notices import hourly, people
from reconciliation.habits.notices.event import LATELY, News
from reconciliation.habits.saved_views import NotSaved
from reconciliation.models import ExceptionCase, SavedView, ViewMatch, ViewSubscription
from reconciliation.queue_filters import Filters
from reconciliation.who import person_of
from sync import clock

#: of more open cases than this nobody wants mail
MOST_FOLLOWED = 2_000
#: cases looked up at a time, for each view; the next look goes on
MOST_NEW = 500


def follow(pk: int, *, user: AbstractUser) -> SavedView:
    """From now on this person is told of what is new in a view. Raises NotSaved."""
    row = saved_views.shown(user).filter(pk=pk).first()
    if row is None:
        raise NotSaved(_("There is no such view."))
    known = list(_matching(row, user)[: MOST_FOLLOWED + 1])
    if len(known) > MOST_FOLLOWED:
        raise NotSaved(
            _("{name} has more than {most} cases; narrow it, save that, and follow it then.").format(
                name=row.name, most=f"{MOST_FOLLOWED:,}"
            )
        )
    subscription, is_new = ViewSubscription.objects.get_or_create(
        user=person_of(user), view=row, defaults={"since": clock.now()}
    )
    if is_new:
        _keep(subscription, known, is_news=False)
    return row


def unfollow(pk: int, *, user: AbstractUser) -> None:
    """They are not told any more."""
    ViewSubscription.objects.filter(user=user.pk, view=pk).delete()


def followed(user: AbstractUser) -> set[int]:
    """Numbers of the views this person follows."""
    return set(ViewSubscription.objects.filter(user=user.pk).values_list("view", flat=True))


def remember(now: datetime) -> None:
    """Keep what followed views show at this moment and never showed before."""
    for row in _live():
        fresh = _matching(row.view, row.user).exclude(pk__in=row.matches.values("case"))
        _keep(row, list(fresh[:MOST_NEW]), is_news=True)


def news(now: datetime) -> Iterator[News]:
    """What came into a view in an hour that is over, as far as it is still open: to whoever follows it."""
    this_hour = hourly.begun(now)
    for row in _live():
        found = row.matches.filter(is_news=True, found_at__gte=this_hour - LATELY, found_at__lt=this_hour)
        matches = found.filter(case__status=ExceptionCase.Status.OPEN).select_related("case__problem")
        for hour, group in hourly.by_hour(matches.order_by("found_at", "pk"), at=lambda one: one.found_at):
            yield _told(row, hour, [one.case for one in group])


def _told(row: ViewSubscription, hour: str, cases: list[ExceptionCase]) -> News:
    words = "a new case" if len(cases) == 1 else f"{len(cases)} new cases"
    return News(
        to=row.user,
        key=f"{row.view_id} {hour}",
        title=f"{words.capitalize()} in “{row.view.name}”",
        text=hourly.listed([f"{case.number}: {sentences.title(case)}" for case in cases]),
        path=reverse("desk:queue") + row.view.query,
    )


def _live() -> list[ViewSubscription]:
    """Of people who can be told and may see cases, to views they still see."""
    rows = ViewSubscription.objects.filter(user__in=people.readers()).select_related("user", "view")
    seen: dict[int, Collection[int]] = {}
    for row in rows:
        if row.user_id not in seen:
            seen[row.user_id] = set(saved_views.shown(row.user).values_list("pk", flat=True))
    return [row for row in rows if row.view_id in seen[row.user_id]]


def _matching(view: SavedView, user: AbstractUser) -> QuerySet[ExceptionCase, int]:
    """Numbers of the open cases a view shows this person."""
    rows = Filters.of(view.query).apply(figures.open_cases(), user=user)
    return rows.order_by("pk").values_list("pk", flat=True)


def _keep(row: ViewSubscription, cases: list[int], *, is_news: bool) -> None:
    at = clock.now()
    # another who looks at the same time keeps the same
    ViewMatch.objects.bulk_create(
        [ViewMatch(subscription=row, case_id=case, found_at=at, is_news=is_news) for case in cases],
        ignore_conflicts=True,
    )

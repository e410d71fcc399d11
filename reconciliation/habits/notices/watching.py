"""Cases people watch: what others did to one, told together once an hour."""

from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.urls import reverse

from reconciliation import sentences
from reconciliation.habits.notices import hourly, people
from reconciliation.habits.notices.event import LATELY, News
from reconciliation.models import CaseWatch, ExceptionCase
from reconciliation.who import person_of
from sync import clock
from sync.models import JournalEntry


def watch(case_id: int, *, user: AbstractUser) -> None:
    """From now on this person is told. Raises ExceptionCase.DoesNotExist."""
    case = ExceptionCase.objects.get(pk=case_id)
    CaseWatch.objects.get_or_create(user=person_of(user), case=case, defaults={"since": clock.now()})


def unwatch(case_id: int, *, user: AbstractUser) -> None:
    """They are not told any more."""
    CaseWatch.objects.filter(user=user.pk, case=case_id).delete()


def is_watched(case: ExceptionCase, *, user: AbstractUser) -> bool:
    """Whether this person watches it."""
    return CaseWatch.objects.filter(user=user.pk, case=case).exists()


def watched(user: AbstractUser) -> QuerySet[CaseWatch]:
    """What this person watches and is open, the newest first."""
    open_ones = CaseWatch.objects.filter(user=user.pk, case__status=ExceptionCase.Status.OPEN)
    return open_ones.select_related("case__problem")


def news(now: datetime) -> Iterator[News]:
    """What somebody else did in an hour that is over: to whoever watches the case and may still see it."""
    this_hour = hourly.begun(now)
    rows = CaseWatch.objects.filter(user__in=people.readers()).select_related("user", "case__problem").order_by("pk")
    lately = {row.case.number for row in rows}
    entries = JournalEntry.objects.filter(
        object_kind="case", object_key__in=lately, at__gte=this_hour - LATELY, at__lt=this_hour
    )
    done: dict[str, list[JournalEntry]] = {}
    for entry in entries.order_by("pk"):
        done.setdefault(entry.object_key, []).append(entry)
    for row in rows:
        by_others = [
            entry for entry in done.get(row.case.number, ()) if entry.at > row.since and entry.user_id != row.user_id
        ]
        for hour, group in hourly.by_hour(by_others, at=lambda one: one.at):
            yield _told(row, hour, group)


def _told(row: CaseWatch, hour: str, entries: list[JournalEntry]) -> News:
    return News(
        to=row.user,
        key=f"{row.case.number} {hour}",
        title=f"{row.case.number}, {sentences.title(row.case)}: {_counted(len(entries))} by others",
        text=hourly.listed([entry.text for entry in entries]),
        path=reverse("desk:case", args=[row.case_id]),
        problem=row.case.problem_id,
    )


def _counted(count: int) -> str:
    return "something was done" if count == 1 else f"{count} things were done"

"""What somebody wants to be told of, when they want quiet, and which problems they have muted."""

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from reconciliation.habits import profile
from reconciliation.habits.notices.registry import EVENTS
from reconciliation.models import MutedProblem, NoticeChoice, Problem, Profile
from reconciliation.who import person_of
from sync import clock


class NotChosen(ValueError):
    """What is wrong with a choice, in words; `field` names it."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def wanted(user: AbstractUser) -> dict[str, bool]:
    """Each event -> whether this person is told of it; everything, until they choose."""
    chosen = dict(NoticeChoice.objects.filter(user=user.pk).values_list("event", "is_wanted"))
    return {code: chosen.get(code, True) for code in EVENTS}


def unwanted(people: Collection[int]) -> set[tuple[int, str]]:
    """Person and event, for everything these people do not want."""
    return set(NoticeChoice.objects.filter(user__in=people, is_wanted=False).values_list("user", "event"))


def choose(user: AbstractUser, *, events: Collection[str], quiet_from: time | None, quiet_until: time | None) -> None:
    """From now on this person is told of these events, and of nothing within their quiet hours. Raises NotChosen."""
    unknown = sorted(set(events) - set(EVENTS))
    if unknown:
        raise NotChosen("events", _("There is no event “{code}”. Choose from the list.").format(code=unknown[0]))
    if (quiet_from is None) != (quiet_until is None):
        missing = "quiet_until" if quiet_until is None else "quiet_from"
        raise NotChosen(missing, _("Quiet hours have a beginning and an end; give both, or neither."))
    if quiet_from is not None and quiet_from == quiet_until:
        raise NotChosen("quiet_until", _("Quiet hours must end at another time than they begin."))
    person = person_of(user)
    with transaction.atomic():
        for code in EVENTS:
            NoticeChoice.objects.update_or_create(user=person, event=code, defaults={"is_wanted": code in events})
        Profile.objects.update_or_create(user=person, defaults={"quiet_from": quiet_from, "quiet_until": quiet_until})


def quiet_hours(people: Collection[int]) -> Mapping[int, Profile]:
    """The profiles of those of these people who want quiet hours."""
    rows = Profile.objects.filter(user__in=people, quiet_from__isnull=False)
    return {row.user_id: row for row in rows}


def not_before(moment: datetime, row: Profile | None) -> datetime:
    """This moment, or the end of the quiet hours it lies in, on the person's own clock."""
    if row is None or row.quiet_from is None or row.quiet_until is None:
        return moment
    zone = profile.zone_named(row.zone)
    here = moment.astimezone(zone)
    at, first, last = here.timetz().replace(tzinfo=None), row.quiet_from, row.quiet_until
    over_midnight = first > last
    is_quiet = (at >= first or at < last) if over_midnight else first <= at < last
    if not is_quiet:
        return moment
    day = here.date() + timedelta(days=1 if over_midnight and at >= first else 0)
    return max(moment, datetime.combine(day, last, tzinfo=zone).astimezone(moment.tzinfo))


# -- muted problems -----------------------------------------------------------------------------------
def mute(problem_id: int, *, user: AbstractUser) -> None:
    """This person gets no more mail about a problem. Raises Problem.DoesNotExist."""
    problem = Problem.objects.get(pk=problem_id)
    MutedProblem.objects.get_or_create(user=person_of(user), problem=problem, defaults={"at": clock.now()})


def unmute(problem_id: int, *, user: AbstractUser) -> None:
    """They do again."""
    MutedProblem.objects.filter(user=user.pk, problem=problem_id).delete()


def is_muted(problem: Problem, *, user: AbstractUser) -> bool:
    """Whether this person has muted it."""
    return MutedProblem.objects.filter(user=user.pk, problem=problem).exists()


def muted(user: AbstractUser) -> QuerySet[MutedProblem]:
    """What this person has muted and is not solved, the newest first."""
    return MutedProblem.objects.filter(user=user.pk, problem__solved_at=None).select_related("problem")


def all_muted(people: Collection[int]) -> set[tuple[int, int]]:
    """Person and problem, for everything these people have muted."""
    return set(MutedProblem.objects.filter(user__in=people).values_list("user", "problem"))

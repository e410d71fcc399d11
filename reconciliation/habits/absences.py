"""Who is away and who stands in: what an absent person holds is on the page of whoever stands in for them.

Nothing is handed over for it: it is theirs again the day they are back. Days are those of the absent person's own zone.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.contrib.auth.models import AbstractUser, User
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from reconciliation.habits import acting, handing
from reconciliation.habits.languages import KEPT_IN, day_short
from reconciliation.habits.profile import zone_for, zone_named
from reconciliation.models import Absence, Profile
from reconciliation.who import full_name, person_of
from sync import clock, journal

#: an absence longer than this is a change of roles
LONGEST = timedelta(days=180)


class NotSaid(ValueError):
    """It cannot be so; `field` is what to change, the message says what would be right."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def today(person: AbstractUser) -> date:
    """The day it is for somebody."""
    return clock.now().astimezone(zone_for(person)).date()


def away() -> dict[int, Absence]:
    """Who is away at this moment, by the number of the person."""
    now = clock.now()
    near = now.date() - timedelta(days=1), now.date() + timedelta(days=1)
    rows = list(
        Absence.objects.filter(ended_at=None, first__lte=near[1], last__gte=near[0]).select_related(
            "person", "stands_in"
        )
    )
    if not rows:
        return {}
    zones = dict(Profile.objects.filter(user__in=[row.person_id for row in rows]).values_list("user", "zone"))
    days = {row: now.astimezone(zone_named(zones.get(row.person_id, "UTC"))).date() for row in rows}
    return {row.person_id: row for row, day in days.items() if row.first <= day <= row.last}


def hands_of(user: AbstractUser) -> set[int]:
    """Numbers of the people whose cases are on somebody's page now: their own, and of whom they stand in for.

    Where who stands in is away as well, it is who stands in for them.
    """
    found, rows = {user.pk}, away()
    for number in rows:
        end, passed = number, {number}
        while end in rows and rows[end].stands_in_id and rows[end].stands_in_id not in passed:
            end = rows[end].stands_in_id or 0
            passed.add(end)
        if end == user.pk:
            found.add(number)
    return found


def words(row: Absence) -> str:
    """Until when somebody is away and who stands in."""
    day = day_short(row.last)
    away = _("away on {day}") if row.first == row.last else _("away until {day}")
    instead = _("; {person} stands in").format(person=full_name(row.stands_in)) if row.stands_in else ""
    return away.format(day=day) + instead


def of(people: Iterable[AbstractUser | None]) -> dict[int, str]:
    """For those of these people who are away, how long and who stands in."""
    wanted = {person.pk for person in people if person}
    return {number: words(row) for number, row in away().items() if number in wanted} if wanted else {}


def colleagues(*, user: AbstractUser) -> list[tuple[User, str]]:
    """Everybody else who may work cases, by name, and whether they are away."""
    people = list(handing.colleagues(user=user))
    found = of(people)
    return [(person, found.get(person.pk, "")) for person in people]


def coming(user: AbstractUser, *, on: date) -> list[Absence]:
    """Somebody's absences on this day of theirs: those under way and those to come."""
    rows = Absence.objects.filter(person=user.pk, ended_at=None, last__gte=on).select_related("stands_in")
    return list(rows)


def say(*, user: AbstractUser, first: date, last: date, stands_in: str) -> Absence:
    """From one day to another, both included; `stands_in` by the name they sign in with, or nobody. Raises NotSaid."""
    acting.may_work(user, "be stood in for")
    if last < first:
        raise NotSaid("last", _("The last day is before the first."))
    if last < today(user):
        raise NotSaid("last", _("These days are over."))
    if last - first > LONGEST:
        text = _("Give {days} days at most; for longer, ask your user administrator.")
        raise NotSaid("last", text.format(days=LONGEST.days))
    instead: User | None = None
    if stands_in:
        instead = handing.colleagues(user=user).filter(username=stands_in).first()
        if instead is None:
            raise NotSaid("stands_in", _("Choose a colleague of the list: somebody else who works cases."))
    try:
        with transaction.atomic():
            row = Absence.objects.create(
                person=person_of(user), stands_in=instead, first=first, last=last, said_at=clock.now()
            )
            # the journal is kept in one language, whoever writes in it
            with override(KEPT_IN):
                _note("away", row, user, f"{user} is {words(row)}, from {first:%d %b %Y}.")
    except IntegrityError as error:
        raise NotSaid("first", _("You are away on some of these days already. Take that back first.")) from error
    return row


def take_back(number: int, *, user: AbstractUser) -> Absence:
    """It is over, or will not be. Raises Absence.DoesNotExist where there is none of one's own."""
    with transaction.atomic():
        row = Absence.objects.select_for_update().get(pk=number, person=user.pk, ended_at=None)
        row.ended_at = clock.now()
        row.save(update_fields=["ended_at"])
        _note("back", row, user, f"{user} is not away from {row.first:%d %b} to {row.last:%d %b %Y} any more.")
    return row


def _note(action: str, row: Absence, user: AbstractUser, text: str) -> None:
    fact = journal.Fact(
        action=action, object_kind="absence", object_key=str(row.pk), correlation_id="", user=person_of(user), text=text
    )
    journal.note([fact])

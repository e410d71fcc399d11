"""Who has a case in front of them right now: told by small requests of their pages, forgotten after a minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation.models import ExceptionCase, Presence
from reconciliation.who import full_name, person_of
from sync import clock

#: a page asks every twenty seconds; two of these may be lost
GONE_AFTER = timedelta(seconds=60)
#: names said before the rest is only counted
NAMED = 3


def beat(case: ExceptionCase, *, user: AbstractUser, is_writing: bool) -> datetime:
    """Somebody's page of a case says that it is still looked at; when it was heard."""
    row = Presence(case=case, person=person_of(user), seen_at=clock.now(), is_writing=is_writing)
    Presence.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["case", "person"], update_fields=["seen_at", "is_writing"]
    )
    return row.seen_at


def leave(case_id: int, *, user: AbstractUser, heard: datetime) -> None:
    """A page that was heard last then was closed; whoever went without a word is forgotten with it.

    A page of the same person that was heard after it stays: the one a form led to, or a second window.
    """
    Presence.objects.filter(case=case_id, person=user.pk, seen_at__lte=heard).delete()
    Presence.objects.filter(seen_at__lt=clock.now() - GONE_AFTER).delete()


def others(case_id: int, *, user: AbstractUser) -> list[Presence]:
    """Who else is there, those who write first."""
    rows = Presence.objects.filter(case=case_id, seen_at__gt=clock.now() - GONE_AFTER).exclude(person=user.pk)
    return list(rows.select_related("person").order_by("-is_writing", "person__username"))


def words(rows: Sequence[Presence]) -> str:
    """The same in one sentence or two; empty where nobody else is there."""
    writing = [full_name(row.person) for row in rows if row.is_writing]
    looking = [full_name(row.person) for row in rows if not row.is_writing]
    said = []
    if writing:
        text = ngettext("{people} is working on this case.", "{people} are working on this case.", len(writing))
        said.append(text.format(people=_names(writing)))
    if looking and writing:
        text = ngettext(
            "{people} is also looking at this case.", "{people} are also looking at this case.", len(looking)
        )
        said.append(text.format(people=_names(looking)))
    elif looking:
        text = ngettext("{people} is looking at this case.", "{people} are looking at this case.", len(looking))
        said.append(text.format(people=_names(looking)))
    return " ".join(said)


def _names(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        more = len(names) - NAMED + 1
        return _("{people} and {more} others").format(people=", ".join(names[: NAMED - 1]), more=more)
    if len(names) == 1:
        return names[0]
    return _("{people} and {last}").format(people=", ".join(names[:-1]), last=names[-1])

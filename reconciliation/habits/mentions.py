"""Naming a colleague in a comment: who is meant, who is told of it, and until when."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractUser, User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from reconciliation import cases
from reconciliation.habits import snoozes
from reconciliation.habits.pages import CASES
from reconciliation.models import CaseComment, ExceptionCase, Mention
from reconciliation.who import full_name
from sync import clock

#: people told by one comment
MOST = 20
#: names offered while somebody types
OFFERED = 8
#: mentions listed in my work
LISTED = 10
#: what begins with the sign and is no address of mail: a name to sign in with, which may be an address itself
_NAMED = re.compile(r"(?<![\w@.+-])@([\w.+-]+(?:@[\w.-]+)?)")


@dataclass(frozen=True, kw_only=True)
class Said:
    """A comment, whom it told, and in words whom it could not tell."""

    comment: CaseComment
    told: list[User] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


def comment(case_id: int, *, user: AbstractUser, text: str) -> Said:
    """Say something about a case and tell those it names, both or neither. Raises ValueError on an empty text."""
    with transaction.atomic():
        row = cases.comment(case_id, user=user, text=text)
        said = Said(comment=row)
        people: dict[int, Mention] = {}
        for written, person in _meant(row.text):
            if person is None:
                words = _("Nobody here is called “@{name}”, so nobody was told; it stays as text.")
                said.untold.append(words.format(name=written))
            elif why := _why_untold(person):
                said.untold.append(_("{person} was not told: {why}").format(person=full_name(person), why=why))
            elif person.pk != user.pk and person.pk not in people:
                if len(people) == MOST:
                    words = _("One comment tells {most} people at most; {person} was not told.")
                    said.untold.append(words.format(most=MOST, person=full_name(person)))
                    continue
                people[person.pk] = Mention(comment=row, person=person, written=written, at=row.at)
                said.told.append(person)
        Mention.objects.bulk_create(people.values())
        snoozes.answered(row.case, user=user)
    return said


def _meant(text: str) -> Iterator[tuple[str, User | None]]:
    """Each name once, as written, with the person of that name."""
    tokens = list(dict.fromkeys(found[1] for found in _NAMED.finditer(text)))
    wanted = {name.lower() for token in tokens for name in _readings(token)}
    known: dict[str, list[User]] = {}
    for user in User.objects.annotate(lower=Lower("username")).filter(lower__in=wanted) if wanted else ():
        known.setdefault(user.username.lower(), []).append(user)
    seen: set[str] = set()
    for token in tokens:
        found = next(((name, known[name.lower()]) for name in _readings(token) if name.lower() in known), None)
        name, people = found or (token.rstrip(".+-") or token, [])
        exact = next((one for one in people if one.username == name), None)
        if name.lower() not in seen:
            seen.add(name.lower())
            yield name, exact or (people[0] if len(people) == 1 else None)


def _readings(token: str) -> Iterator[str]:
    """What a written name may be, the longest first: points and dashes at its end may belong to the sentence."""
    for whole in (token, token.partition("@")[0]) if "@" in token else (token,):
        bare = whole.rstrip(".+-")
        if bare != whole:
            yield from (whole[:end] for end in range(len(whole), len(bare), -1))
        if bare:
            yield bare


def _why_untold(person: User) -> str:
    if not person.is_active or not person.is_staff:
        return _("this person no longer signs in here.")
    return "" if person.has_perm(CASES) else _("this person may not see cases.")


def readers() -> QuerySet[User]:
    """Everybody who may be named: who signs in and may see cases."""
    found = User.objects.with_perm(CASES, backend="django.contrib.auth.backends.ModelBackend")
    return found.filter(is_staff=True)


def offered(text: str, *, user: AbstractUser) -> list[User]:
    """People whose first, last or sign-in name begins so."""
    text = text.replace("\x00", "").strip()[:60]
    begins = Q(username__istartswith=text) | Q(first_name__istartswith=text) | Q(last_name__istartswith=text)
    rows = readers().filter(begins).exclude(pk=user.pk).prefetch_related("groups")
    return list(rows.order_by("first_name", "last_name", "username")[:OFFERED])


# -- reading ------------------------------------------------------------------------------------------
def unread(user: AbstractUser) -> list[Mention]:
    """Where somebody was named and has not looked yet, the newest first."""
    rows = Mention.objects.filter(person=user.pk, read_at=None)
    return list(rows.select_related("comment__case__problem", "comment__user").order_by("-at", "-pk")[:LISTED])


def read(user: AbstractUser, *, case: ExceptionCase | None = None, mention: int | None = None) -> int:
    """These mentions of a person, or all of them, have been read; how many."""
    rows = Mention.objects.filter(person=user.pk, read_at=None)
    if case is not None:
        rows = rows.filter(comment__case=case)
    if mention is not None:
        rows = rows.filter(pk=mention)
    return rows.update(read_at=clock.now())


def names_in(comment: CaseComment) -> dict[str, str]:
    """Names as written in a comment -> whose they are, for those who were told."""
    return {row.written.lower(): full_name(row.person) for row in comment.mentions.all()}


def pieces(text: str, names: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """A comment's text in parts: as it is, or the name of somebody who was told."""
    at = 0
    for found in _NAMED.finditer(text):
        name = next((one for one in _readings(found[1]) if one.lower() in names), None)
        if name is None:
            continue
        yield text[at : found.start()], False
        yield f"@{names[name.lower()]}", True
        at = found.start() + 1 + len(name)
    yield text[at:], False

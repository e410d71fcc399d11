"""Words of the team's own on cases, to find them by: `audit`, `q4-launch`, `waits-for-legal`."""

import re

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from reconciliation.habits import acting
from reconciliation.models import CaseTag, ExceptionCase
from reconciliation.who import person_of
from sync import clock

#: tags of one case, and those offered to choose from
MOST, OFFERED = 10, 200
_WORD = re.compile(r"[\w-]{1,30}")


def words_of(text: str) -> list[str]:
    """Words as somebody typed them, commas or spaces between them: in small letters, once each. Raises ValueError."""
    words = list(dict.fromkeys(word.lower().lstrip("#") for word in re.split(r"[\s,]+", text) if word.strip("#")))
    if not words:
        raise ValueError(_("Write a tag, such as audit or q4-launch."))
    for word in words:
        if not _WORD.fullmatch(word):
            said = _("“{word}” is no tag: use letters, digits and hyphens, 30 at most.")
            raise ValueError(said.format(word=word[:40]))
    return words


def put(case_id: int, *, text: str, user: AbstractUser) -> list[str]:
    """Tag an open case; what it has already stays. The words that are new. Raises Refused, Conflict, ValueError."""
    acting.may_work(user, "tag them")
    words = words_of(text)
    with transaction.atomic():
        case = acting.open_case(case_id, "tag")
        has = set(case.tags.values_list("word", flat=True))
        new = [word for word in words if word not in has]
        if len(has) + len(new) > MOST:
            raise ValueError(_("A case has {most} tags at most; take one off first.").format(most=MOST))
        CaseTag.objects.bulk_create(CaseTag(case=case, word=word, by=person_of(user), at=clock.now()) for word in new)
        if new:
            acting.note("case tagged", case, user, f"{user} tagged {case.number}: {', '.join(new)}.")
    return new


def take_off(case_id: int, *, word: str, user: AbstractUser) -> ExceptionCase:
    """Take one off again; where it is not there, nothing happens. Raises Refused, Conflict."""
    acting.may_work(user, "tag them")
    with transaction.atomic():
        case = acting.open_case(case_id, "take off")
        if case.tags.filter(word=word).delete()[0]:
            acting.note("case untagged", case, user, f"{user} took the tag {word} off {case.number}.")
        return case


def in_use() -> list[str]:
    """Tags of open cases, by name."""
    rows = (
        CaseTag.objects.filter(case__status=ExceptionCase.Status.OPEN).order_by("word").values_list("word", flat=True)
    )
    return list(rows.distinct()[:OFFERED])

"""What happened to a case since somebody opened its page, so that nobody writes over another's work unseen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation.models import ExceptionCase
from reconciliation.who import full_name
from sync.models import JournalEntry

#: what the journal calls it -> what the person did, in words; without an end, for what may follow
_DID = {
    "case taken": gettext_lazy("{person} took it"),
    "case closed": gettext_lazy("{person} closed it"),
    "case snoozed": gettext_lazy("{person} put it off"),
    "case back": gettext_lazy("{person} brought it back to the queue"),
    "case handed over": gettext_lazy("{person} handed it over"),
    "case moved by the rules": gettext_lazy("{person} asked the rules again, which gave it to another team"),
    "case given back": gettext_lazy("{person} gave it back to its team"),
    "act reversed": gettext_lazy("{person} reversed what was done to it"),
    "case tagged": gettext_lazy("{person} tagged it"),
    "case untagged": gettext_lazy("{person} took a tag off"),
    "commented": gettext_lazy("{person} commented"),
}
_MARK = re.compile(r"(\d{1,9})(?:-(\d{1,18}))?")


class Stale(Exception):
    """Somebody did something to the case meanwhile; the message says who and what."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The newest thing others did."""

    words: str
    at: datetime | None


def mark(case: ExceptionCase) -> str:
    """Where a case stands now, for the forms of its page: its version, and its newest entry in the journal."""
    newest = _entries(case).values_list("pk", flat=True).first()
    return f"{case.version}-{newest or 0}"


def newest(case: ExceptionCase, seen: str, *, user: AbstractUser, small_too: bool = True) -> Change | None:
    """What others did since this mark. `small_too`: also what leaves the version as it is, such as a comment."""
    found = _MARK.fullmatch(seen)
    if found and not small_too and found[1] == str(case.version):
        return None
    if found and found[2]:
        entries = list(_entries(case).filter(pk__gt=int(found[2])).select_related("user")[:20])
        for entry in entries:
            if entry.user_id != user.pk and (small_too or entry.action != "commented"):
                who = full_name(entry.user) if entry.user else _("The portal")
                did = _DID.get(entry.action, gettext_lazy("{person} changed it"))
                return Change(words=did.format(person=who), at=entry.at)
        if entries:
            return None
    if found and found[1] == str(case.version):
        return None
    who = full_name(case.assignee) if case.assignee and case.assignee_id != user.pk else ""
    return Change(words=_("{person} took it").format(person=who) if who else _("It was changed"), at=None)


@contextmanager
def unchanged(case_id: int, seen: str, *, user: AbstractUser) -> Iterator[None]:
    """Do something to a case that nobody else touched since this mark, and touches meanwhile. Raises Stale."""
    with transaction.atomic():
        case = ExceptionCase.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=case_id)
        if change := newest(case, seen, user=user):
            raise Stale(change.words)
        yield


def _entries(case: ExceptionCase) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(object_kind="case", object_key=case.number).order_by("-pk")

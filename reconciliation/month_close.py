"""Closing a month: the checklist of a company's period, and the two steps, each by another person.

The first step lets nothing new in; between the two the last controls run and are signed; the second needs the whole
checklist. What waits in the first open period is decided on its own case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation import figures_close
from reconciliation.approvals import holds
from reconciliation.figures_close import Closing, Span
from reconciliation.habits.languages import day_text, number, spoken, within
from reconciliation.who import person_of
from sync import closing as steps
from sync.models import AccountingPeriod, EntityRoute

#: a list -> its name, and how the checklist calls it
LISTS = {
    "documents": (gettext_lazy("All postings not done"), ""),
    "held": (gettext_lazy("Held"), gettext_lazy("Postings held")),
    "blocked": (gettext_lazy("Blocked"), gettext_lazy("Postings blocked")),
    "moving": (gettext_lazy("Under way or in doubt"), gettext_lazy("Postings under way or in doubt")),
    "to_go": (gettext_lazy("Still to go"), gettext_lazy("Postings still to go")),
    "later": (gettext_lazy("Changes that begin later"), ""),
    "cases": (gettext_lazy("Open cases"), gettext_lazy("Open cases dated in it")),
    "undated": (gettext_lazy("Cases without a date"), gettext_lazy("Open cases without a date")),
    "not_run": (gettext_lazy("Controls that did not run"), gettext_lazy("Days and controls that were not run")),
    "not_green": (gettext_lazy("Controls not green"), gettext_lazy("Controls not green as asked last")),
    "late": (gettext_lazy("Late documents to judge"), gettext_lazy("Late documents posted in it and not judged")),
}
#: lists that must be empty before nothing new is let in: their documents would all stop at a shut period
_BEFORE_THE_FIRST = ("held", "blocked", "to_go")


class CannotClose(ValueError):
    """The step may not be taken now, or not by this person; the message says why, for people."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the checklist; `state` is done, to_do, goes_on, or empty where nobody can say."""

    title: str
    state: str
    words: str
    link: str


def checklist(closing: Closing) -> list[Line]:
    """What must be so before a period is closed, in the order in which people look; the period itself comes last."""
    span, left = closing.span, (closing.span.last - closing.span.today).days + 1
    periods = f"{reverse('admin:sync_accountingperiod_changelist')}?entity__id__exact={span.entity.pk}"
    here = reverse("admin:sync_accountingperiod_change", args=[span.row.pk]) if span.row else periods
    days = _("{n} to go").format(n=left) if left > 0 else _("all over")
    known = _("not mirrored; these are the calendar month's")
    if span.row:
        known = _("mirrored from {system}").format(system=span.row.connection.label)
    found = [
        Line(title=_("First and last day"), state="done" if span.row else "", words=known, link=here),
        Line(title=_("Days"), state="goes_on" if left > 0 else "done", words=days, link=here),
    ]
    for name, (_name, title) in LISTS.items():
        count, why = closing.counts[name], closing.unknown.get(name, "")
        # a case without a date may belong to any period
        state = "to_do" if count and name != "undated" else "" if count or why else "done"
        words = number(count) if count else why or _("none")
        if title:
            found.append(Line(title=str(title), state=state, words=words, link=f"{span.link}?what={name}"))
    if span.row is None:
        return found  # the first line says that nobody has told us of the period
    signing = f"{reverse('desk:sign_offs')}?entity={span.entity.code}&month={span.first:%Y-%m}"
    state = "done" if closing.signed == closing.keys else "goes_on" if left > 0 else "to_do"
    words = _("{some} of {all}").format(some=closing.signed, all=closing.keys)
    found.append(Line(title=_("Key controls signed by two people"), state=state, words=words, link=signing))
    state = "done" if span.is_closed else "to_do"
    words = within(spoken(span.row.get_state_display()))
    return [*found, Line(title=_("The period"), state=state, words=words, link=here)]


def why_not_begin(closing: Closing) -> str:
    """What stands against the first step, in words; empty where nothing does."""
    if closing.span.last >= closing.span.today:
        return _("{month} is not over: {company} is at {day}.").format(
            month=closing.span.name, company=closing.span.entity.code, day=day_text(closing.span.today)
        )
    return _not_yet([(str(LISTS[name][1]), number(n)) for name in _BEFORE_THE_FIRST if (n := closing.counts[name])])


def why_not_finish(closing: Closing) -> str:
    """What stands against the second step, in words; empty where nothing does."""
    *lines, _period = checklist(closing)
    return _not_yet([(line.title, line.words) for line in lines if line.state in ("to_do", "goes_on")])


def _not_yet(left: Sequence[tuple[str, str]]) -> str:
    """What is left, as one sentence; empty where nothing is."""
    words = "; ".join(f"{within(title)}: {count}" for title, count in left)
    return _("Not yet. {what}.").format(what=words[:1].upper() + words[1:]) if left else ""


def begin(period: AccountingPeriod, *, user: AbstractUser) -> None:
    """The first step: nothing new is posted into the period from now on. Raises CannotClose."""
    if not holds(user, "begin_close"):
        _refuse(_("Your role can look at the close but not begin it."))
    if why := why_not_begin(_looked_at(period)):
        _refuse(why)
    try:
        steps.begin_close(period, user=person_of(user))
    except steps.NotNow as no:
        _refuse(str(no))


def finish(period: AccountingPeriod, *, user: AbstractUser) -> None:
    """The second step, by another person, once the checklist is whole and nothing is under way. Raises CannotClose."""
    if not holds(user, "finish_close"):
        _refuse(_("Your role can look at the close but not finish it."))
    if why := why_not_finish(_looked_at(period)):
        _refuse(why)
    try:
        left = steps.finish_close(period, user=person_of(user))
    except steps.NotNow as no:
        _refuse(str(no))
    if left:
        _refuse(_("Not yet. {n} postings are still under way; try again in a minute.").format(n=len(left)))


def open_again(period: AccountingPeriod, *, user: AbstractUser) -> None:
    """Take the portal's own closing back: the period is as the ERP has it. Raises CannotClose."""
    if not holds(user, "finish_close"):
        _refuse(_("Your role can look at the close but not take it back."))
    try:
        steps.reopen(period, user=person_of(user))
    except steps.NotNow as no:
        _refuse(str(no))


def _looked_at(period: AccountingPeriod) -> Closing:
    routes = list(EntityRoute.objects.filter(entity=period.entity_id))
    span: Span = figures_close.span_of(period.entity, period.starts_on, [period])
    (closing,) = figures_close.look([span], routes)
    return closing


def _refuse(text: str) -> NoReturn:
    raise CannotClose(text)

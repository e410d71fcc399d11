"""What every act of a person on a case needs: the right to it, the case open and locked, how it stood before it, and a
line in the journal.
"""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation.approvals import Refused, holds
from reconciliation.cases import Conflict
from reconciliation.models import CaseAct, ExceptionCase, Snooze
from reconciliation.who import full_name, person_of
from sync import clock, journal

#: team, assignee and snooze of a case (rows by their number): what people change and reverse without touching a system
Standing = dict[str, Any]

#: what a role may lack and what a closed case does not let anybody do, each as a whole sentence for the catalogue of
#: languages: the functions below put them together from what somebody wanted to do
_SENTENCES = (
    gettext_lazy("Your role can look at cases but not take them."),
    gettext_lazy("Your role can look at cases but not put them off."),
    gettext_lazy("Your role can look at cases but not hand them over."),
    gettext_lazy("Your role can look at cases but not tag them."),
    gettext_lazy("Your role can look at cases but not be stood in for."),
    gettext_lazy("Your role can look at cases but not reverse what was done to them."),
    gettext_lazy("{number} is closed; there is nothing to take."),
    gettext_lazy("{number} is closed; there is nothing to put off."),
    gettext_lazy("{number} is closed; there is nothing to hand over."),
    gettext_lazy("{number} is closed; there is nothing to tag."),
    gettext_lazy("{number} is closed; there is nothing to take off."),
    gettext_lazy("{number} is closed; there is nothing to reverse."),
)


def may_work(user: AbstractUser, doing: str) -> None:
    """Whether somebody works cases; `doing` says what they wanted, such as `put them off`. Raises Refused."""
    if not holds(user, "work_cases"):
        raise Refused(_(f"Your role can look at cases but not {doing}."))


def open_case(case_id: int, doing: str) -> ExceptionCase:
    """The case, locked until the transaction ends; `doing` as in `nothing to put off`. Raises Conflict."""
    case = ExceptionCase.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=case_id)
    if case.status != ExceptionCase.Status.OPEN:
        raise Conflict(_(f"{{number}} is closed; there is nothing to {doing}.").format(number=case.number))
    return case


def not_at_work(case: ExceptionCase, *, user: AbstractUser) -> None:
    """Nobody takes a case out of the hands of who works on it at this moment. Raises Conflict."""
    holder = case.assignee
    if holder is None or holder.pk == user.pk:
        return
    if case.claimed_until and case.claimed_until > clock.now():
        text = _("{person} works on {number} at this moment. Ask them, or wait a little.")
        raise Conflict(text.format(person=full_name(holder), number=case.number))


def standing(case: ExceptionCase) -> Standing:
    """How a case stands, of what people change of it and may reverse."""
    asleep = snoozed(case).filter(sleeping(case.occurrences)).values_list("pk", flat=True).first()
    return {"team": case.team, "assignee": case.assignee_id, "snooze": asleep}


def snoozed(case: ExceptionCase) -> QuerySet[Snooze]:
    """What puts the case off, or did until it came back by itself; none or one."""
    return Snooze.objects.filter(case=case, ended_at=None)


def sleeping(occurrences: Any) -> Q:
    """What still puts off a case that has happened so often: neither is its time over nor has it happened again."""
    return Q(until__gt=clock.now()) & (Q(seen=None) | Q(seen__gte=occurrences))


def note(action: str, case: ExceptionCase, user: AbstractUser, text: str, *, was: Standing | None = None) -> None:
    """Who did what to the case, in its trail; with how it `was` before, also kept to be reversed."""
    journal.note([fact(action, case, user, text)])
    if was is not None:
        keep(action, case, user, text, was=was)


def fact(action: str, case: ExceptionCase, user: AbstractUser, text: str) -> journal.Fact:
    """Who did what to the case, as the journal takes it."""
    return journal.Fact(
        action=action,
        object_kind="case",
        object_key=case.number,
        correlation_id=case.correlation_id,
        user=person_of(user),
        text=text[:400],
    )


def keep(action: str, case: ExceptionCase, user: AbstractUser, text: str, *, was: Standing) -> None:
    """Keep what was done to be reversed, where it changed anything."""
    now = standing(case)
    if now != was:
        act(action, case, user, text, was=was, now=now).save()


def act(action: str, case: ExceptionCase, user: AbstractUser, text: str, *, was: Standing, now: Standing) -> CaseAct:
    """What was done, to be kept."""
    return CaseAct(case=case, action=action, text=text[:400], by=person_of(user), at=clock.now(), before=was, after=now)

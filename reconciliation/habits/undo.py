"""Reverse what a person did to a case inside the portal: at once or later from its history, while it still stands.

Nothing that reached another system is ever undone here; that takes a fix of its own, with its approval.
"""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from reconciliation.cases import Conflict
from reconciliation.habits import acting
from reconciliation.models import CaseAct, ExceptionCase, Snooze
from reconciliation.who import full_name, person_of
from sync import clock

#: newest acts of a case looked at
LOOKED_AT = 30


def newest(case_id: int, *, user: AbstractUser) -> CaseAct | None:
    """What somebody did last to a case, where it may be reversed."""
    act = CaseAct.objects.filter(case=case_id).select_related("case").first()
    return act if act and act.by_id == user.pk and _stands(act, acting.standing(act.case)) else None


def reversible(case: ExceptionCase) -> list[CaseAct]:
    """What was done to a case and still stands, the newest first; nothing of a closed one."""
    if case.status != ExceptionCase.Status.OPEN:
        return []
    now = acting.standing(case)
    acts = CaseAct.objects.filter(case=case, reversed_at=None).select_related("case")[:LOOKED_AT]
    found: list[CaseAct] = []
    for act in acts:
        # of two that left the same behind, the later one is what stands
        if _stands(act, now) and not any(_moved(act) & _moved(later) for later in found):
            found.append(act)
    return found


def reverse(act_id: int, *, case_id: int, user: AbstractUser) -> CaseAct:
    """Put the case back to where it stood before. Raises Refused, Conflict, CaseAct.DoesNotExist."""
    acting.may_work(user, "reverse what was done to them")
    with transaction.atomic():
        case = acting.open_case(case_id, "reverse")
        act = (
            CaseAct.objects.select_for_update(of=("self",))
            .select_related("case", "reversed_by")
            .get(pk=act_id, case=case)
        )
        if act.reversed_by:
            raise Conflict(_("{person} has reversed this already.").format(person=full_name(act.reversed_by)))
        if act not in reversible(case):
            if _slept_out(act):
                raise Conflict(_("{number} would have come back by now in any case.").format(number=case.number))
            text = _("Something else was done to {number} since, so this stays. Its history says what.")
            raise Conflict(text.format(number=case.number))
        if _moved(act) & {"team", "assignee"}:
            acting.not_at_work(case, user=user)
        _restore(case, act, user=user)
        act.reversed_at, act.reversed_by = clock.now(), person_of(user)
        act.save(update_fields=["reversed_at", "reversed_by"])
        acting.note("act reversed", case, user, f"{user} reversed: {act.text}")
        return act


def _moved(act: CaseAct) -> set[str]:
    return {key for key in act.before if act.before[key] != act.after.get(key)}


def _stands(act: CaseAct, now: acting.Standing) -> bool:
    same = all(now[key] == act.after[key] for key in _moved(act))
    return same and act.reversed_at is None and not _slept_out(act)


def _slept_out(act: CaseAct) -> bool:
    """What it was put off by before would be over by now."""
    earlier = act.before["snooze"]
    if "snooze" not in _moved(act) or earlier is None:
        return False
    return not Snooze.objects.filter(acting.sleeping(act.case.occurrences), pk=earlier).exists()


def _restore(case: ExceptionCase, act: CaseAct, *, user: AbstractUser) -> None:
    moved, before = _moved(act), act.before
    if "team" in moved:
        case.team = before["team"]
    if "assignee" in moved:
        # it was in somebody's hands; their time to work on it undisturbed is not given back with it
        case.assignee_id, case.claimed_until = before["assignee"], None
    case.version += 1
    case.save(update_fields=["team", "assignee", "claimed_until", "version"])
    if "snooze" in moved:
        _put_off_again(case, before["snooze"], user=user)


def _put_off_again(case: ExceptionCase, earlier: int | None, *, user: AbstractUser) -> None:
    """The case sleeps as it did before, or is awake as it was."""
    now, person = clock.now(), person_of(user)
    acting.snoozed(case).update(ended_at=now, ended_by=person)
    if earlier is None:
        return
    slept = Snooze.objects.get(pk=earlier)
    slept.pk, slept._state.adding = None, True
    slept.by, slept.at, slept.ended_at, slept.ended_by = person, now, None, None
    slept.save()


def of_facts(acts: Sequence[CaseAct], entries: Sequence[tuple[int, str, str]]) -> dict[int, int]:
    """Number of the journal's entry -> number of its act; entries by (number, action, text), the newest first."""
    found: dict[int, int] = {}
    for act in acts:
        entry = next(
            (n for n, action, text in entries if (action, text) == (act.action, act.text) and n not in found), 0
        )
        if entry:
            found[entry] = act.pk
    return found

"""The same done to several cases at once: each by itself, so that what cannot be done to one holds up no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from reconciliation import cases, sentences
from reconciliation.approvals import Refused, holds
from reconciliation.habits import handing, since, snoozes, tags, undo
from reconciliation.habits.languages import day_text
from reconciliation.models import CaseAct, ExceptionCase

#: cases worked in one go, while somebody waits for the page
MOST = 100


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one case."""

    pk: int
    number: str
    title: str
    is_done: bool
    words: str
    #: its version then, and the number of what was done, to undo it by; none where nothing changed
    mark: str
    act: int = 0


def chosen(values: Sequence[str]) -> dict[int, str]:
    """Number of a case -> its version on the page it was chosen on, from `12:3`; anything else is left out."""
    found: dict[int, str] = {}
    for value in values:
        number, _colon, mark = value.partition(":")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            found[int(number)] = mark
    return found


def take(marks: dict[int, str], *, user: AbstractUser) -> list[Outcome]:
    """Make these cases mine for a while. Raises Refused."""

    def one(case: ExceptionCase) -> str:
        handing.take(case.pk, user=user)
        return _("Yours for the next {minutes} minutes.").format(minutes=cases.CLAIM.seconds // 60)

    return _each(marks, one, user=user)


def put_off(marks: dict[int, str], *, until: date, because: str, user: AbstractUser) -> list[Outcome]:
    """Put these cases off until a day, which begins where each one's company is. Raises Refused, ValueError."""
    if not because.strip():
        raise ValueError(_("Why they can wait: say it; the team reads it."))

    def one(case: ExceptionCase) -> str:
        snoozes.snooze(case.pk, until=snoozes.morning(until, case.entity), because=because, user=user)
        return _("Off the queue until {day}.").format(day=day_text(until))

    return _each(marks, one, user=user)


def bring_back(marks: dict[int, str], *, user: AbstractUser) -> list[Outcome]:
    """Bring these cases back to the queue. Raises Refused."""

    def one(case: ExceptionCase) -> str:
        snoozes.wake(case.pk, user=user)
        return _("Back on the queue.")

    return _each(marks, one, user=user)


def hand(marks: dict[int, str], *, to: str, because: str, user: AbstractUser) -> list[Outcome]:
    """Hand these cases to a team or a colleague. Raises Refused, ValueError."""
    handing.may_hand(user)
    recipient, because = handing.recipient(to, user=user), handing.reason(because)

    def one(case: ExceptionCase) -> str:
        handing.hand(case.pk, to=recipient, because=because, user=user)
        return _("{owner} has it now.").format(owner=handing.name_of(recipient))

    return _each(marks, one, user=user)


def tag(marks: dict[int, str], *, text: str, user: AbstractUser) -> list[Outcome]:
    """Tag these cases. Raises Refused, ValueError."""
    words = ", ".join(tags.words_of(text))

    def one(case: ExceptionCase) -> str:
        tags.put(case.pk, text=text, user=user)
        return _("Tagged: {words}.").format(words=words)

    # a tag stands in nobody's way, whatever else happened to the case meanwhile
    return _each(dict.fromkeys(marks), one, user=user)


def undone(acts: dict[int, int], *, user: AbstractUser) -> list[Outcome]:
    """Reverse what was done to these cases: number of a case -> number of what was done. Raises Refused."""

    def one(case: ExceptionCase) -> str:
        return _("Reversed: {act}").format(act=undo.reverse(acts[case.pk], case_id=case.pk, user=user).text)

    # an act that stands is what is asked for; what else happened to the case meanwhile is not in its way
    return _each(dict.fromkeys(acts), one, user=user)


def _each(marks: Mapping[int, str | None], one: Callable[[ExceptionCase], str], *, user: AbstractUser) -> list[Outcome]:
    if not holds(user, "work_cases"):
        raise Refused(_("Your role can look at cases but not work them."))
    rows = ExceptionCase.objects.select_related(*cases.READ_WITH, "entity", "assignee").in_bulk(list(marks)[:MOST])
    found = []
    for pk, mark in marks.items():
        case = rows.get(pk)
        if case is None:
            continue
        try:
            if mark is not None and (change := since.newest(case, mark, user=user, small_too=False)):
                raise cases.Conflict(_("{change} after you opened the queue.").format(change=change.words))
            words, is_done = one(case), True
        except (cases.Conflict, CaseAct.DoesNotExist, ValueError) as error:
            words, is_done = str(error), False
        act = undo.newest(pk, user=user) if is_done else None
        found.append(
            Outcome(
                pk=pk,
                number=case.number,
                title=sentences.title(case),
                is_done=is_done,
                words=words,
                mark=str(case.version),
                act=act.pk if act else 0,
            )
        )
    return found

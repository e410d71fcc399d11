"""Take a case, hand it to a colleague or to another team with a note, or give back what one has taken.

Its due time goes on: whoever gets it has what is left. Whoever gets it reads of it on their page, as of a mention.
"""

from django.contrib.auth.models import AbstractUser, User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from reconciliation import cases
from reconciliation.cases import Conflict
from reconciliation.habits import acting, mentions
from reconciliation.habits.languages import spoken
from reconciliation.models import ExceptionCase
from reconciliation.teams import Team
from reconciliation.who import by_name, full_name, holders

#: what the journal calls it
HANDED = "case handed over"
#: who gets a case
Recipient = Team | User


def colleagues(*, user: AbstractUser) -> QuerySet[User]:
    """Everybody else who may work cases, by name."""
    return by_name(holders("work_cases").exclude(pk=user.pk))


def recipient(to: str, *, user: AbstractUser) -> Recipient:
    """Who is meant by `team:code` or `person:name`, as forms say it. Raises ValueError."""
    kind, _colon, name = to.partition(":")
    if kind == "team":
        if name not in Team:
            raise ValueError(_("Choose a team: {teams}.").format(teams=", ".join(Team.labels)))
        return Team(name)
    person = colleagues(user=user).filter(username=name).first()
    if person is None:
        raise ValueError(_("Choose a colleague of the list: somebody else who works cases."))
    return person


def name_of(to: Recipient) -> str:
    """How people call who gets it."""
    return to.label if isinstance(to, Team) else full_name(to)


def reason(text: str) -> str:
    """The note that goes with it. Raises ValueError where there is none."""
    if not text.strip():
        raise ValueError(_("Say why you hand it over; whoever gets it reads that first."))
    return text.strip()[:300]


def take(case_id: int, *, user: AbstractUser) -> ExceptionCase:
    """Make a case mine for a while, to work on it. Raises Refused, Conflict."""
    acting.may_work(user, "take them")
    with transaction.atomic():
        was = acting.standing(acting.open_case(case_id, "take"))
        case = cases.take(case_id, user=user)
        # the case's own module has noted it in the journal
        acting.keep("case taken", case, user, f"{user} took {case.number}.", was=was)
        return case


def may_hand(user: AbstractUser) -> None:
    """Raises Refused."""
    acting.may_work(user, "hand them over")


def hand(case_id: int, *, to: Recipient, because: str, user: AbstractUser) -> ExceptionCase:
    """To a team: on its queue, taken by nobody. To a colleague: theirs until somebody else takes it.

    Raises Refused, Conflict, ValueError.
    """
    may_hand(user)
    because = reason(because)
    with transaction.atomic():
        case = acting.open_case(case_id, "hand over")
        acting.not_at_work(case, user=user)
        source, was = "", acting.standing(case)
        if isinstance(to, Team):
            if case.team == to:
                raise Conflict(_("{team} owns {number} already.").format(team=spoken(to.label), number=case.number))
            source = f" from {case.get_team_display()}"
            case.team, case.assignee, said = to, None, because
        else:
            if case.assignee_id == to.pk:
                raise Conflict(_("{person} has {number} already.").format(person=full_name(to), number=case.number))
            case.assignee, said = to, f"@{to.username} {because}"
        # no end: a lease is for what somebody took in passing, and this was given to them
        case.claimed_until = None
        _keep(case, "team", "assignee", "claimed_until")
        words = f"{user} handed {case.number}{source} to {name_of(to)}: {because}"
        acting.note(HANDED, case, user, words, was=was)
        mentions.comment(case.pk, user=user, text=said)
        return case


def give_back(case_id: int, *, user: AbstractUser) -> ExceptionCase:
    """Nobody has it any more; its team still owns it. Raises Refused, Conflict."""
    may_hand(user)
    with transaction.atomic():
        case = acting.open_case(case_id, "hand over")
        acting.not_at_work(case, user=user)
        if case.assignee_id != user.pk:
            text = _("{number} is not yours, so there is nothing to give back.")
            raise Conflict(text.format(number=case.number))
        was = acting.standing(case)
        case.assignee, case.claimed_until = None, None
        _keep(case, "assignee", "claimed_until")
        words = f"{user} gave {case.number} back to {case.get_team_display()}."
        acting.note("case given back", case, user, words, was=was)
        return case


def _keep(case: ExceptionCase, *fields: str) -> None:
    case.version += 1
    case.save(update_fields=[*fields, "version"])

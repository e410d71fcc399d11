"""Hand a case to a colleague or to another team, with a note; or give back what one has taken.

Its due time goes on: whoever gets it has what is left. Whoever gets it reads of it on their page, as of a mention.
"""

from django.contrib.auth.models import AbstractUser, User
from django.db import transaction
from django.db.models import Q, QuerySet

from reconciliation.approvals import Refused, holds
from reconciliation.cases import Conflict
from reconciliation.habits import mentions
from reconciliation.models import ExceptionCase
from reconciliation.teams import Team
from reconciliation.who import full_name, person_of
from sync import clock, journal

_ROLES = Q(groups__permissions__content_type__app_label="reconciliation", groups__permissions__codename="work_cases")


def colleagues(*, user: AbstractUser) -> QuerySet[User]:
    """Everybody else who may work cases, by name."""
    rows = User.objects.filter(_ROLES, is_active=True, is_staff=True, is_superuser=False).exclude(pk=user.pk)
    return rows.distinct().order_by("first_name", "last_name", "username")


def hand(case_id: int, *, to: str, because: str, user: AbstractUser) -> ExceptionCase:
    """To `team:code` or `person:name`, as forms say it. Raises Refused, Conflict, ValueError."""
    kind, _, name = to.partition(":")
    if kind == "team":
        return to_team(case_id, team=name, because=because, user=user)
    return to_colleague(case_id, username=name, because=because, user=user)


def check(*, to: str, because: str, user: AbstractUser) -> str:
    """What stands in the way whatever the case; gives who gets it, in words. Raises Refused, ValueError."""
    _may(user)
    kind, _, name = to.partition(":")
    found = Team(_team(name)).label if kind == "team" else full_name(_colleague(name, user=user))
    _reason(because)
    return found


def to_colleague(case_id: int, *, username: str, because: str, user: AbstractUser) -> ExceptionCase:
    """It is theirs until somebody else takes it. Raises Refused, Conflict, ValueError."""
    _may(user)
    because = _reason(because)
    person = _colleague(username, user=user)
    with transaction.atomic():
        case = _open(case_id, user=user)
        if case.assignee_id == person.pk:
            raise Conflict(f"{full_name(person)} has {case.number} already.")
        # no end: a lease is for what somebody took in passing, and this was given to them
        case.assignee, case.claimed_until = person, None
        _keep(case, "assignee", "claimed_until")
        _note(case, user, f"{user} handed {case.number} to {full_name(person)}: {because}")
        mentions.comment(case.pk, user=user, text=f"@{person.username} {because}")
        return case


def to_team(case_id: int, *, team: str, because: str, user: AbstractUser) -> ExceptionCase:
    """It is on that team's queue, taken by nobody. Raises Refused, Conflict, ValueError."""
    _may(user)
    because = _reason(because)
    team = _team(team)
    with transaction.atomic():
        case = _open(case_id, user=user)
        if case.team == team:
            raise Conflict(f"{Team(team).label} owns {case.number} already.")
        before = case.get_team_display()
        case.team, case.assignee, case.claimed_until = Team(team), None, None
        _keep(case, "team", "assignee", "claimed_until")
        _note(case, user, f"{user} handed {case.number} from {before} to {Team(team).label}: {because}")
        mentions.comment(case.pk, user=user, text=because)
        return case


def give_back(case_id: int, *, user: AbstractUser) -> ExceptionCase:
    """Nobody has it any more; its team still owns it. Raises Refused, Conflict."""
    _may(user)
    with transaction.atomic():
        case = _open(case_id, user=user)
        if case.assignee_id != user.pk:
            raise Conflict(f"{case.number} is not yours, so there is nothing to give back.")
        case.assignee, case.claimed_until = None, None
        _keep(case, "assignee", "claimed_until")
        _note(case, user, f"{user} gave {case.number} back to {case.get_team_display()}.", action="case given back")
        return case


def _may(user: AbstractUser) -> None:
    if not holds(user, "work_cases"):
        raise Refused("Your role can look at cases but not hand them over.")


def _colleague(username: str, *, user: AbstractUser) -> User:
    found = colleagues(user=user).filter(username=username).first()
    if found is None:
        raise ValueError("Choose a colleague of the list: somebody else who works cases.")
    return found


def _team(code: str) -> str:
    if code not in Team:
        raise ValueError(f"Choose a team: {', '.join(Team.labels)}.")
    return code


def _reason(text: str) -> str:
    if not text.strip():
        raise ValueError("Say why you hand it over; whoever gets it reads that first.")
    return text.strip()[:300]


def _open(case_id: int, *, user: AbstractUser) -> ExceptionCase:
    case = ExceptionCase.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=case_id)
    if case.status != ExceptionCase.Status.OPEN:
        raise Conflict(f"{case.number} is closed; there is nothing to hand over.")
    held = case.assignee is not None and case.assignee_id != user.pk
    if held and case.claimed_until and case.claimed_until > clock.now():
        raise Conflict(f"{full_name(case.assignee)} works on {case.number} at this moment. Ask them, or wait a little.")  # type: ignore[arg-type]
    return case


def _keep(case: ExceptionCase, *fields: str) -> None:
    case.version += 1
    case.save(update_fields=[*fields, "version"])


def _note(case: ExceptionCase, user: AbstractUser, text: str, *, action: str = "case handed over") -> None:
    journal.note(
        [
            journal.Fact(
                action=action,
                object_kind="case",
                object_key=case.number,
                correlation_id=case.correlation_id,
                user=person_of(user),
                text=text[:400],
            )
        ]
    )

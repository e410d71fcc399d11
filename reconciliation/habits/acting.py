"""What every act of a person on a case needs: the right to it, the case open and locked, and a line in the journal."""

from django.contrib.auth.models import AbstractUser

from reconciliation.approvals import Refused, holds
from reconciliation.cases import Conflict
from reconciliation.models import ExceptionCase
from reconciliation.who import person_of
from sync import journal


def may_work(user: AbstractUser, doing: str) -> None:
    """Whether somebody works cases; `doing` says what they wanted, such as `put them off`. Raises Refused."""
    if not holds(user, "work_cases"):
        raise Refused(f"Your role can look at cases but not {doing}.")


def open_case(case_id: int, doing: str) -> ExceptionCase:
    """The case, locked until the transaction ends; `doing` as in `nothing to put off`. Raises Conflict."""
    case = ExceptionCase.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=case_id)
    if case.status != ExceptionCase.Status.OPEN:
        raise Conflict(f"{case.number} is closed; there is nothing to {doing}.")
    return case


def note(action: str, case: ExceptionCase, user: AbstractUser, text: str) -> None:
    """Who did what to the case, in its trail."""
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

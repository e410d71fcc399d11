"""Who may decide a matter of money that another person asked for, beside the requests of fixes."""

from django.contrib.auth.models import AbstractUser

from reconciliation.approvals import APPROVE, holds


def why_not_decide(user: AbstractUser, *, asked_by: int | None, did: str = "asked for") -> str:
    """Why this person may not decide it; empty when they may."""
    if asked_by == user.pk:
        return f"You {did} this; another approver must decide."
    if user.is_superuser:
        return "A superuser may not approve; sign in with a role that may."
    return "" if holds(user, APPROVE["money"]) else "Your role may not approve this."

"""The second factor beside a decision: a code that was given stands for a while, in the session of whoever gave it."""

from datetime import datetime
from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest

from reconciliation import second_factor
from sync import clock

_GIVEN = "second_factor_given_at"


def give(request: HttpRequest, code: str) -> None:
    """A code proves who this is for the decisions of the next minutes. Raises NotProven."""
    request.session[_GIVEN] = second_factor.prove(cast(AbstractUser, request.user), code).isoformat()


def proved_at(request: HttpRequest) -> datetime | None:
    """When a code was given last in this session; None where that stands no longer."""
    said = request.session.get(_GIVEN)
    at = datetime.fromisoformat(said) if said else None
    return at if at and clock.now() - at <= second_factor.STANDS else None


def forget(request: HttpRequest) -> None:
    request.session.pop(_GIVEN, None)

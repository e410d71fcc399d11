"""What a pipeline step raises when an object cannot go on, and which failures are the database's own."""

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, transaction


class StepError(Exception):
    """A problem people solve: a reason code, the field and value at fault, and evidence."""

    def __init__(
        self, reason: str, *, field: str = "", value: str = "", evidence: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{reason} {field}={value}")
        self.reason = reason
        self.field = field
        self.value = value
        self.evidence = evidence or {}


class StepErrors(Exception):
    """Several problems of one step, so that people see all of them at once."""

    def __init__(self, problems: Sequence[StepError]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


class Waits(Exception):
    """Nothing is wrong: another object has to come first."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"waits for {reference}")
        self.reference = reference


def raise_if_away(error: Exception) -> None:
    """A database that went away is no fault of the work at hand: raise what it said again; anything else is left."""
    if isinstance(error, DatabaseError) and not transaction.get_connection().is_usable():
        raise error

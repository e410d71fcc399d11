"""What a pipeline step raises when an object cannot go on."""

from typing import Any


class StepError(Exception):
    """A problem people solve: a reason code, the field and value at fault, and evidence."""

    def __init__(self, reason: str, *, field: str = "", value: str = "", evidence: dict[str, Any] | None = None) -> None:
        super().__init__(f"{reason} {field}={value}")
        self.reason = reason
        self.field = field
        self.value = value
        self.evidence = evidence or {}


class Waits(Exception):
    """Nothing is wrong: another object has to come first."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"waits for {reference}")
        self.reference = reference

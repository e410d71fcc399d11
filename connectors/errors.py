"""Five errors, sorted by what to do next."""

from datetime import datetime
from typing import Any


class ConnectorError(Exception):
    """Something a remote system did or said. `text` is the vendor's own, for the closed technical block only."""

    def __init__(
        self, text: str, *, system: str = "", http_status: int | None = None, evidence: dict[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.system = system
        self.http_status = http_status
        self.evidence = evidence or {}


class NotAuthentic(ConnectorError):
    """Inbound only: not from whom it says. Refuse it, count it, pause nothing."""


class Unavailable(ConnectorError):
    """Nothing was written; try later."""

    def __init__(
        self, text: str, *, retry_after: float | None = None, reason: str = "UNAVAILABLE", **rest: Any
    ) -> None:
        super().__init__(text, **rest)
        #: seconds the vendor asked us to wait
        self.retry_after = retry_after
        self.reason = reason


class OutcomeUnknown(ConnectorError):
    """Sent, no usable answer: look it up by reference before anything is sent again."""

    def __init__(self, text: str, *, retry_after: float | None = None, **rest: Any) -> None:
        super().__init__(text, **rest)
        #: seconds the vendor asked us to wait
        self.retry_after = retry_after


class Rejected(ConnectorError):
    """The system looked at it and said no; people fix data. `reason` is one of sync.reasons' codes."""

    def __init__(
        self, text: str, *, reason: str = "UNCLASSIFIED", code: str = "", field: str = "", value: str = "", **rest: Any
    ) -> None:
        super().__init__(text, **rest)
        self.reason = reason
        #: the vendor's own code
        self.code = code
        self.field = field
        self.value = value


class Misconfigured(ConnectorError):
    """Sign-in, permission or set-up is wrong: the whole connection pauses, with one case."""

    def __init__(self, text: str, *, reason: str = "AUTH_EXPIRED", **rest: Any) -> None:
        super().__init__(text, **rest)
        self.reason = reason


class CursorLost(ConnectorError):
    """The source no longer keeps what the cursor points at; a full sweep is due."""

    def __init__(self, text: str, *, oldest_kept: datetime | None = None, **rest: Any) -> None:
        super().__init__(text, **rest)
        self.oldest_kept = oldest_kept

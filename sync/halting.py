"""When a batch is called off: what it has not sent yet stays due, and was no try."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import Misconfigured
from sync import clock, connections, outcomes
from sync.models import Connection

#: how long a batch may go on, in seconds, after other workers were told to leave the system alone
HEED_EVERY = 1.0


def always() -> bool:
    """No bound: for processes nobody stops."""
    return True


@dataclass
class Halt:
    """Whether a batch goes on: until one of its calls, or another worker's, was told to stop, or the time is up."""

    because: str = ""
    goes_on: Callable[[], bool] = always
    asked_at: datetime = field(default_factory=clock.now)

    def heed(self, error: Any) -> None:
        """A system that shut the door or asked to be left alone is not called by the rest of the batch either."""
        if isinstance(error, Misconfigured):
            self.because = "The system did not let us in; nothing more was sent."
        elif outcomes.asked_rest(error) is not None:
            self.because = "The system asked to be left alone; nothing more was sent."

    def heed_others(self, row: Connection) -> None:
        """What other workers were told counts here too: one call of this batch may take longer than their whole work.

        Asked at most once in `HEED_EVERY`, in the thread that has the database.
        """
        now = clock.now()
        if self.because or now - self.asked_at < timedelta(seconds=HEED_EVERY):
            return
        self.asked_at = now
        if not connections.callable_now().filter(pk=row.pk).exists():
            self.because = "Another worker was told to leave the system alone; nothing more was sent."

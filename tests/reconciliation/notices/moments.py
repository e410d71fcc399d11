"""The clock of tests of messages, and what went out by a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.core import mail

from reconciliation.habits.notices import telling
from sync import clock


class Moment:
    """Now, as the test has it; `because` narrows what went out to what people get for that."""

    def __init__(self, now: datetime, *, because: str = "") -> None:
        self.now, self.because = now, because

    def passes(self, **span: float) -> None:
        """So much later, without anybody telling anything."""
        self.now += timedelta(**span)

    def later(self, **span: float) -> list[mail.EmailMessage]:
        """What went out by then, and only then."""
        mail.outbox.clear()
        self.passes(**span)
        telling.tell_due()
        return [one for one in mail.outbox if self.because in one.body]


@contextmanager
def at(now: datetime, *, because: str = "") -> Iterator[Moment]:
    """Everything happens at this moment, which the test moves on."""
    made = Moment(now, because=because)
    with clock.use(lambda: made.now):
        yield made

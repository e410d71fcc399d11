"""Two clocks: business time dates what is traded, machine time runs leases and limits.

Machine time is the database's: every new connection asks it once and the machine only counts on from there, so that
workers whose own clocks are wrong or jump agree on when a lease ends. Nothing else in the product reads a clock;
tests and the simulator put their own in place with `use`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sync.models import LegalEntity

#: what the database's clock said, and what the machine's counter showed at that moment
_anchor: tuple[datetime, float] | None = None


def _database_time() -> datetime:
    """The database's time, counted on by the machine; the machine's own time before the first connection."""
    anchor = _anchor
    if anchor is None:
        return datetime.now(UTC)
    said, at = anchor
    return said + timedelta(seconds=_seconds() - at)


def _seconds() -> float:
    """A counter nobody sets: it goes on while the machine sleeps, where the system has such a one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(boot) if boot is not None else time.monotonic()


_machine: Callable[[], datetime] = _database_time


def now() -> datetime:
    """Machine time, in UTC."""
    return _machine()


def anchor(said: datetime, *, before: float, after: float) -> None:
    """Set machine time by what the database said between these two readings of the counter."""
    global _anchor
    _anchor = (said.astimezone(UTC), (before + after) / 2)


def ask_database(connection: Any, **_: Any) -> None:
    """Anchor machine time at a new database connection (receiver of Django's `connection_created`)."""
    if connection.vendor != "postgresql" or not connection.get_autocommit():
        return
    before = _seconds()
    # around Django's own cursor: this is no query of whoever opened the connection
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        said = cursor.fetchone()[0]
    anchor(said, before=before, after=_seconds())


@contextmanager
def use(machine: Callable[[], datetime]) -> Iterator[None]:
    """Run with another machine clock."""
    global _machine
    before, _machine = _machine, machine
    try:
        yield
    finally:
        _machine = before


def business_date(entity: "LegalEntity") -> date:
    """The day the entity trades on: moved by hand in a sandbox, else today in the entity's own zone."""
    return entity.business_date or now().astimezone(entity.zone).date()


def business_time(entity: "LegalEntity") -> datetime:
    """The moment the entity trades at. A day moved to by hand has no hours: all of it is there."""
    day = entity.business_date
    return now() if day is None else datetime.combine(day, time_of_day.max, entity.zone)

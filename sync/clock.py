"""Two clocks: business time dates what is traded, machine time runs leases and limits.

Nothing else in the product reads a clock; tests and the simulator put their own in place with `use`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.models import LegalEntity

_machine: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def now() -> datetime:
    """Machine time, in UTC."""
    return _machine()


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

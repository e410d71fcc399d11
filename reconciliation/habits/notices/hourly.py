"""What is told together once an hour, so that a busy hour is one message: only hours that are over."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

One = TypeVar("One")
#: lines in a message; the rest is behind the link
SHOWN = 10


def begun(now: datetime) -> datetime:
    """When this hour began: what is of it is told when it is over."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def by_hour(rows: Iterable[One], *, at: Callable[[One], datetime]) -> Iterator[tuple[str, list[One]]]:
    """Each hour, as keys name it, with what is of it; rows come in order of time."""
    for hour, group in groupby(rows, key=lambda one: f"{at(one).astimezone(UTC):%Y-%m-%d %H}"):
        yield hour, list(group)


def listed(lines: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(lines) - SHOWN
    return "\n".join([*lines[:SHOWN], *([f"and {more} more"] if more > 0 else [])])

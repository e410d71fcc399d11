"""A contract cut where its content changes: by the dates of its lines and its first months free; pure functions.

Cuts lie on the days of the month a contract began on, so that every segment is whole months long.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from connectors.canonical import EVERGREEN, NO_END, ContractLine, SubscriptionContract

ONE_DAY = timedelta(days=1)
#: beyond every term that is sold
_MOST_MONTHS = 600


class SegmentError(ValueError):
    """The dates do not fit the contract; the message says which, in plain words."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of a contract over which nothing changes."""

    starts_on: date
    #: last day
    ends_on: date
    #: whole months; EVERGREEN without an end
    months: int
    #: nothing is charged for it
    is_free: bool
    lines: tuple[ContractLine, ...]


def changes_over_time(contract: SubscriptionContract) -> bool:
    """Whether something is sold at dates of its own, or the first months are free."""
    return contract.free_months > 0 or any(line.own_dates for line in contract.lines)


def segments(contract: SubscriptionContract) -> tuple[Segment, ...]:
    """The contract from its first to its last day, in order, without a gap.

    Raises SegmentError for a line outside the contract, a cut within a month, a stretch in which nothing is sold, and
    more free months than the contract has.
    """
    for line in contract.lines:
        if line.own_dates and not contract.starts_on <= line.starts_on <= line.ends_on <= contract.ends_on:
            words = f"{line.crm_product} is sold from {line.starts_on} to {_words(line.ends_on)}"
            raise SegmentError(
                f"{words}, and the contract runs from {contract.starts_on} to {_words(contract.ends_on)}"
            )
    billed_from = months_later(contract.starts_on, contract.free_months)
    if billed_from > contract.ends_on:
        raise SegmentError(f"{contract.free_months} months are free, which is the whole contract")
    begins = {contract.starts_on, billed_from}
    for line in contract.lines:
        if line.own_dates:
            begins |= {line.starts_on, *(() if line.ends_on == NO_END else (line.ends_on + ONE_DAY,))}
    begins = {day for day in begins if day <= contract.ends_on}
    edges = [*sorted(begins), NO_END if contract.ends_on == NO_END else contract.ends_on + ONE_DAY]
    found = []
    for first, following in zip(edges, edges[1:], strict=False):
        last = NO_END if following == NO_END else following - ONE_DAY
        lines = tuple(line for line in contract.lines if runs(line, contract, on=first))
        if not lines:
            raise SegmentError(f"nothing is sold from {first} to {_words(last)}")
        found.append(
            Segment(
                starts_on=first,
                ends_on=last,
                months=EVERGREEN if last == NO_END else _months(contract.starts_on, first, following),
                is_free=first < billed_from,
                lines=lines,
            )
        )
    return tuple(found)


def runs(line: ContractLine, contract: SubscriptionContract, *, on: date) -> bool:
    """Whether a line is sold on a day; one without dates of its own runs with the contract."""
    return line.starts_on <= on <= line.ends_on if line.own_dates else contract.starts_on <= on <= contract.ends_on


def months_between(first: date, last: date) -> int | None:
    """How many whole months from a first to a last day; None where it is no whole number."""
    return _steps(first, last + ONE_DAY)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or that month's last."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _months(begins: date, first: date, following: date) -> int:
    """The length of a segment, both its ends counted from the contract's first day, so that short months do not add up.

    Raises SegmentError where one of them lies within a month.
    """
    steps = [_steps(begins, first), _steps(begins, following)]
    for day, step in zip((first, following), steps, strict=True):
        if step is None:
            raise SegmentError(f"prices change on {day}, which is no whole number of months after {begins}")
    return (steps[1] or 0) - (steps[0] or 0)


def _steps(begins: date, day: date) -> int | None:
    months = (day.year - begins.year) * 12 + day.month - begins.month
    for step in (months - 1, months, months + 1):
        if 0 <= step <= _MOST_MONTHS and months_later(begins, step) == day:
            return step
    return None


def _words(day: date) -> str:
    return "no end" if day == NO_END else day.isoformat()

"""Pure arithmetic of revenue: shares that sum exactly, straight lines by the day, changes that look only ahead.

Amounts are major units in a currency; every split is made in whole minor units by the largest remainder, so nothing is
ever lost or made. Negative amounts are split like their positives. Sources of the rules: ASC 606-10-32-28 to -41 and
IFRS 15.73 to .90 (allocation by standalone selling price), ASC 606-10-25-13(a) and IFRS 15.21(a) (prospective change).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from connectors.money import from_minor, minor_units, to_minor

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is earned in one calendar month, or in the part of it the service runs."""

    starts_on: date
    #: last day
    ends_on: date
    amount: Decimal
    #: neither given back nor served: earned on the day of the end
    is_remainder: bool = False

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1


def allocate(total: Decimal, weights: Sequence[Decimal | int], currency: str) -> list[Decimal]:
    """Split a total by weights, exactly; evenly where all are zero. Raises ValueError for none, or one below zero."""
    shares = [Fraction(weight) for weight in weights]
    if not shares or min(shares) < 0:
        raise ValueError("weights: at least one, none below zero")
    if not sum(shares):
        shares = [Fraction(1)] * len(shares)
    whole = abs(to_minor(total, currency))
    exact = [Fraction(whole) * share / sum(shares) for share in shares]
    units = [number.numerator // number.denominator for number in exact]
    rest = whole - sum(units)
    # the largest remainder first; of equal ones the earlier
    order = sorted(range(len(exact)), key=lambda place: (units[place] - exact[place], place))
    for place in order[:rest]:
        units[place] += 1
    sign = -1 if total < 0 else 1
    return [from_minor(sign * unit, currency) for unit in units]


def scaled(amount: Decimal, part: Decimal, whole: Decimal, currency: str) -> Decimal:
    """An amount times part over whole, in whole minor units, rounded half up (away from zero)."""
    exact = Fraction(amount) * Fraction(part) / Fraction(whole)
    digits = Decimal(1).scaleb(-minor_units(currency))
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(digits, rounding=ROUND_HALF_UP)


def straight_line(amount: Decimal, currency: str, *, starts_on: date, ends_on: date) -> list[Part]:
    """An amount by the day over its service dates, month by month. Raises ValueError where it ends before it starts."""
    spans = months(starts_on, ends_on)
    amounts = allocate(amount, [(last - first).days + 1 for first, last in spans], currency)
    return [Part(starts_on=a, ends_on=b, amount=part) for (a, b), part in zip(spans, amounts, strict=True)]


def months(starts_on: date, ends_on: date) -> list[tuple[date, date]]:
    """The span cut at month ends. Raises ValueError where it ends before it starts."""
    if ends_on < starts_on:
        raise ValueError(f"ends_on: {ends_on} is before {starts_on}")
    found, first = [], starts_on
    while first <= ends_on:
        last = min((first.replace(day=1) + timedelta(days=31)).replace(day=1) - ONE_DAY, ends_on)
        found.append((first, last))
        first = last + ONE_DAY
    return found


def split_at(parts: Sequence[Part], day: date, currency: str) -> tuple[list[Part], list[Part]]:
    """What is earned before a day and what from it on; the month the day lies in is cut by its days, exactly."""
    before: list[Part] = []
    after: list[Part] = []
    for part in parts:
        if part.ends_on < day:
            before.append(part)
        elif part.starts_on >= day:
            after.append(part)
        else:
            days = (day - part.starts_on).days
            one, other = allocate(part.amount, [days, part.days - days], currency)
            before.append(Part(starts_on=part.starts_on, ends_on=day - ONE_DAY, amount=one))
            after.append(Part(starts_on=day, ends_on=part.ends_on, amount=other))
    return before, after


def changed(parts: Sequence[Part], currency: str, *, on: date, by: Decimal, ends_on: date) -> list[Part]:
    """A prospective change: what was earned before the day stays, what remains and the change run to the new end."""
    before, after = split_at(parts, on, currency)
    remaining = sum_of(after) + by
    return [*before, *straight_line(remaining, currency, starts_on=on, ends_on=max(ends_on, on))]


def ended(parts: Sequence[Part], currency: str, *, on: date, credited: Decimal) -> tuple[list[Part], Decimal]:
    """A termination: what was earned before the day, and what is recognised on it: the remainder that is neither given
    back nor has any service left. Below zero where more is given back than was still deferred.
    """
    before, after = split_at(parts, on, currency)
    return before, sum_of(after) - credited


def given_back(parts: Sequence[Part], currency: str, *, on: date, amount: Decimal) -> list[Part]:
    """What is given back lowers what is not earned yet on that day: first what has no service left, then each month by
    what it would earn; what goes beyond is taken off what was earned, on that day (a price lowered for service still to
    come is a change that looks ahead, ASC 606-10-32-45, IFRS 15.90).

    An amount of the other sign, a credit taken back, runs over what is left of the term.
    """
    before, after = split_at(parts, on, currency)
    sign = -1 if sum_of(parts) < 0 else 1
    if amount * sign < 0:
        last = max((part.ends_on for part in after), default=on)
        return [*before, *after, *straight_line(-amount, currency, starts_on=on, ends_on=last)]
    left = amount * sign
    for of_remainder in (True, False):
        weights = [max(part.amount * sign, Decimal(0)) * (part.is_remainder is of_remainder) for part in after]
        taken = min(left, sum(weights, Decimal(0)))
        if taken:
            cuts = allocate(taken, weights, currency)
            after = [replace(part, amount=part.amount - cut * sign) for part, cut in zip(after, cuts, strict=True)]
            left -= taken
    beyond = [Part(starts_on=on, ends_on=on, amount=-left * sign)] if left else []
    return [*before, *beyond, *after]


def over(parts: Sequence[Part], currency: str, *, on: date) -> list[Part]:
    """No service from a day on: what is left is earned on it."""
    before, remainder = ended(parts, currency, on=on, credited=Decimal(0))
    return [*before, Part(starts_on=on, ends_on=on, amount=remainder, is_remainder=True)] if remainder else before


def resting(parts: Sequence[Part], currency: str, *, on: date) -> list[Part]:
    """Service rests from a day on: what is left waits for the last day, until service goes on."""
    before, after = split_at(parts, on, currency)
    if not after:
        return before
    last = max(part.ends_on for part in after)
    return [*before, Part(starts_on=last, ends_on=last, amount=sum_of(after))]


def spread(parts: Sequence[Part], currency: str, *, on: date, ends_on: date | None = None) -> list[Part]:
    """What is left from a day on is earned by the day up to the last one, or up to another."""
    _, after = split_at(parts, on, currency)
    if not after:
        return list(parts)
    last = ends_on or max(part.ends_on for part in after)
    if last < on:
        return over(parts, currency, on=on)
    return changed(parts, currency, on=on, by=Decimal(0), ends_on=last)


def all_from(parts: Sequence[Part], currency: str, *, on: date) -> list[Part]:
    """Everything is earned by the day from a day on: what is agreed later than its service begins looks ahead all the
    same. Where no day of the service is left, it stays as it is.
    """
    last = max((part.ends_on for part in parts), default=on)
    return list(parts) if last < on else straight_line(sum_of(parts), currency, starts_on=on, ends_on=last)


def caught_up(parts: Sequence[Part], new: Sequence[Part], currency: str, *, on: date) -> list[Part]:
    """What was earned before a day stays; what would have been by the new parts is made up for on it (ASC
    606-10-25-13(b), IFRS 15.21(b)).
    """
    was, _ = split_at(parts, on, currency)
    should, after = split_at(new, on, currency)
    difference = sum_of(should) - sum_of(was)
    return [*was, *([Part(starts_on=on, ends_on=on, amount=difference)] if difference else []), *after]


def sum_of(parts: Iterable[Part]) -> Decimal:
    return sum((part.amount for part in parts), Decimal(0))

"""Pure arithmetic of revenue: shares that sum exactly, straight lines by the day, changes that look only ahead.

Amounts are major units in a currency; every split is made in whole minor units by the largest remainder, so nothing is
ever lost or made. Negative amounts are split like their positives. Sources of the rules: ASC 606-10-32-28 to -41 and
IFRS 15.73 to .90 (allocation by standalone selling price), ASC 606-10-25-13(a) and IFRS 15.21(a) (prospective change).
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    remaining = sum((part.amount for part in after), Decimal(0)) + by
    return [*before, *straight_line(remaining, currency, starts_on=on, ends_on=max(ends_on, on))]


def ended(parts: Sequence[Part], currency: str, *, on: date, credited: Decimal) -> tuple[list[Part], Decimal]:
    """A termination: what was earned before the day, and what is recognised on it: the remainder that is neither given
    back nor has any service left. Below zero where more is given back than was still deferred.
    """
    before, after = split_at(parts, on, currency)
    return before, sum((part.amount for part in after), Decimal(0)) - credited

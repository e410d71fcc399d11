"""Calendar arithmetic and amounts of recurring prices: pure functions over epoch seconds (UTC) and minor units."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

INTERVALS = ("day", "month", "week", "year")


def add_intervals(at: int, interval: str, count: int) -> int:
    """The moment `count` intervals after `at` (before, when negative); the day is kept or cut to the month's last."""
    moment = datetime.fromtimestamp(at, UTC)
    if interval in ("day", "week"):
        return int((moment + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = moment.year + months // 12, months % 12 + 1
    return int(moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1])).timestamp())


def boundary(anchor: int, interval: str, size: int, *, after: int) -> int:
    """The first period boundary later than `after`, counted from the anchor so that month ends do not drift."""
    steps = 0
    if after >= anchor:
        length = {"day": 86_400, "week": 604_800, "month": 2_678_400, "year": 31_622_400}[interval] * size
        steps = max((after - anchor) // length, 0)
    while add_intervals(anchor, interval, steps * size) <= after:
        steps += 1
    while steps > -10_000 and add_intervals(anchor, interval, (steps - 1) * size) > after:
        steps -= 1
    return add_intervals(anchor, interval, steps * size)


def share(start: int, end: int, interval: str, size: int = 1) -> Fraction:
    """How many billing intervals [start, end) is long, counted back from `end`.

    Whole intervals count as exactly 1 each, whatever their days; the rest counts by seconds of the interval it
    lies in. A start that reaches the end by whole calendar intervals (29 February plus a year) is whole too.
    """
    whole = 0
    upper = end
    while True:
        if add_intervals(start, interval, (whole + 1) * size) == end:
            return Fraction(whole + 1)
        lower = add_intervals(end, interval, -(whole + 1) * size)
        if lower <= start:
            break
        whole, upper = whole + 1, lower
    return whole + Fraction(upper - start, upper - lower)


def charge_for(unit_amount: Decimal, quantity: int, portion: Fraction = Fraction(1)) -> int:
    """Whole minor units for a quantity over a portion of an interval, rounded half up (away from zero)."""
    exact = Fraction(unit_amount) * quantity * portion
    if exact.denominator == 1:
        return exact.numerator
    doubled = abs(exact) * 2 + 1
    rounded = doubled.numerator // (doubled.denominator * 2)
    return rounded if exact >= 0 else -rounded


def portion_of(amount: int, percent: Decimal) -> int:
    """A percentage of an amount in minor units, rounded half up."""
    return int((Decimal(amount) * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def plain(number: Decimal) -> str:
    """A decimal as Stripe writes it: no exponent, no trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def iso(at: int) -> str:
    """A day as Stripe prints it in line descriptions: 1 May 2026."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%b %Y}"

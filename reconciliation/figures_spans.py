"""What the dashboards' figures share: spans of time, counts with the list of their rows, shares and lengths."""

import math
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Aggregate, DurationField, Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from reconciliation.habits.languages import day_short, day_text, money, month_text, number, written
from reconciliation.queue_filters import AGES
from sync import clock

#: name in the address -> (words, how long)
SPANS: dict[str, tuple[Any, timedelta]] = {
    "24h": (gettext_lazy("last 24 hours"), timedelta(hours=24)),
    "7d": (gettext_lazy("last 7 days"), timedelta(days=7)),
    "30d": (gettext_lazy("last 30 days"), timedelta(days=30)),
}
CASES_SEEN = "reconciliation.view_exceptioncase"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time the figures are about: from `since`, before `until`."""

    name: str
    words: str
    since: datetime
    until: datetime

    @property
    def before(self) -> "Span":
        """The equally long span before it."""
        length = self.until - self.since
        words = _("{span} before").format(span=self.words)
        return Span(name=self.name, words=words, since=self.since - length, until=self.since)

    def within(self, field: str) -> Q:
        return Q(**{f"{field}__gte": self.since, f"{field}__lt": self.until})

    def address(self, field: str) -> dict[str, str]:
        """The same condition for the address of a list."""
        return {f"{field}__gte": self.since.isoformat(), f"{field}__lt": self.until.isoformat()}


def span_of(name: str, *, until: str = "") -> Span:
    """The span of an address; seven days up to now where it names none, or makes no sense."""
    name = name if name in SPANS else "7d"
    try:
        told = parse_datetime(until)
    except ValueError:
        told = None
    end, (words, length) = told if told and told.tzinfo else clock.now(), SPANS[name]
    return Span(name=name, words=str(words), since=end - length, until=end)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A count, the list of exactly these rows, and the permission to open it."""

    count: int
    rows: str = ""
    needs: str = CASES_SEEN


def listed(model: str, **lookups: Any) -> str:
    """Address of a list of records with these conditions, all on the records' own columns."""
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(lookups)}"


def closed_list(span: Span, **lookups: Any) -> str:
    """Address of the list of cases closed in a span."""
    return listed("reconciliation_exceptioncase", status__exact="closed", **span.address("closed_at"), **lookups)


def own_list(page: str, span: Span, **what: str) -> str:
    """Address of a list on a dashboard itself, with the end of the span in it: what was counted is what is listed."""
    return f"{reverse(page)}?{urlencode({**what, 'span': span.name, 'until': span.until.isoformat()})}"


def queue_list(**chosen: str) -> str:
    """Address of the queue, case by case, narrowed."""
    return f"{reverse('desk:queue')}?{urlencode({**chosen, 'view': 'cases'})}"


def percent(part: int, whole: int) -> str:
    """A share in words: only all is 100 %, only nothing is 0 %."""
    if not whole:
        return _("none")
    value = round(Decimal(part) * 100 / whole, 1)
    if part and not value:
        return _("under 0.1 %")
    return _("over 99.9 %") if part < whole and value == 100 else f"{value.normalize():f} %"


def length_in_words(value: timedelta | None) -> str:
    """The two largest parts of a length of time, down to milliseconds."""
    if value is None:
        return ""
    seconds = max(value.total_seconds(), 0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return written(f"{seconds:.1f} s") if seconds < 10 else f"{seconds:.0f} s"
    for size, word, small, small_word in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = int(seconds % size // small)
            return f"{int(seconds // size)} {word}" + (f" {rest} {small_word}" if rest else "")
    return ""


def age_in_words(age: str) -> str:
    """Cases as old as the queue tells ages apart; all of them without an age."""
    return capfirst(str(AGES[age])) if age else _("All open")


def days_in_words(first: date, last: date) -> str:
    """`November 2026`; days that are no calendar month as `02 Nov to 29 Nov 2026`."""
    if (first.replace(day=1), first.replace(day=monthrange(first.year, first.month)[1])) == (first, last):
        return month_text(first)
    since = day_short(first)
    return _("{first} to {last}").format(first=since, last=day_text(last))


def on_scale(value: timedelta | None) -> int:
    """Where a length stands between a tenth of a second (0) and a hundred days (100), by its logarithm."""
    seconds = value.total_seconds() if value else 0
    return min(100, max(1, round((math.log10(seconds) + 1) * 100 / 7.94))) if seconds > 0.1 else 1


#: ticks of that scale
TICKS = tuple(
    (on_scale(timedelta(seconds=seconds)), word)
    for seconds, word in ((1, "1 s"), (60, "1 min"), (3600, "1 h"), (86400, "1 d"), (864000, "10 d"))
)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How a figure moved against the span before: icon, word and both numbers."""

    icon: str
    word: str


def trend(now: Decimal | int, before: Decimal | int, *, currency: str = "") -> Trend:
    """More, less or as before."""

    def said(value: Decimal | int) -> str:
        return money(Decimal(value), currency) if currency else number(value)

    if now == before:
        return Trend(icon="trending_flat", word=_("as before, {number}").format(number=said(before)))
    up = now > before
    words = gettext_noop("up by {change}, from {before}") if up else gettext_noop("down by {change}, from {before}")
    return Trend(
        icon="trending_up" if up else "trending_down",
        word=_(words).format(change=said(abs(now - before)), before=said(before)),
    )


class Percentile(Aggregate):
    """`percentile_cont` of PostgreSQL: between two values it lies where the share says."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, *, share: float, **extra: Any) -> None:
        super().__init__(expression, share=float(share), output_field=DurationField(), **extra)

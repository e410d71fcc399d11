"""What the portal's templates share: money, times and states as people read them."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.contrib.auth.models import AbstractUser
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reconciliation import sentences
from reconciliation.habits import languages, mentions
from reconciliation.who import full_name
from sync import clock

register = template.Library()

#: tone -> icon; the word beside it says the same, so that colour is never alone
ICONS = {"good": "check_circle", "warn": "schedule", "bad": "error", "info": "info", "idle": "radio_button_unchecked"}


@register.filter
def money(amount: Any, currency: str) -> str:
    """`USD 12,400.00` from a number or its text."""
    if amount in (None, ""):
        return ""
    try:
        return languages.money(Decimal(str(amount)), currency)
    except InvalidOperation:
        return str(amount)


#: as the reader's language has it: a heading within a sentence, what is kept in English, a day
register.filter("within", languages.within)
register.filter("spoken", languages.spoken)
register.filter("day_text", languages.day_text)
register.filter("counted", languages.number)
register.filter("system_name", sentences.system_name)


@register.filter
def person(user: AbstractUser | None) -> str:
    """What people call somebody; a dash for nobody."""
    return full_name(user) if user else "—"


@register.filter
def as_json(value: object) -> str:
    """For an attribute that a script reads."""
    return json.dumps(value)


@register.simple_tag
def when(value: datetime | date | None, seconds: bool = False, dated: bool = False) -> str | SafeString:
    """A moment on the reader's clock with its zone, in UTC to the second in the tooltip; a date as it is.

    Today's date is left out, but not where the page is kept as evidence.
    """
    if value is None:
        return "—"
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), languages.day_text(value))
    here = localtime(value)
    if not dated and localtime(clock.now()).date() == here.date():
        text = _("today {time}").format(time=f"{here:%H:%M:%S}" if seconds else f"{here:%H:%M}")
    else:
        text = languages.moment_text(here, seconds=seconds)
    return _time(value, f"{text} {sentences.zone_name(here)}")


@register.simple_tag
def when_short(value: datetime) -> SafeString:
    """A moment on the reader's clock where space is short: without the year, and the zone only for those who listen."""
    here = localtime(value)
    zone = format_html('<span class="q-hidden"> {}</span>', sentences.zone_name(here))
    return _time(value, format_html("{}{}", languages.moment_text(here, year=False), zone))


def _time(value: datetime, text: str | SafeString) -> SafeString:
    exact = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', exact.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S}", text
    )


@register.simple_tag
def status(tone: str, word: str) -> SafeString:
    """A state: icon and word."""
    return format_html(
        '<span class="q-status q-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        tone,
        ICONS.get(tone, "info"),
        word,
    )


@register.simple_tag
def due(value: datetime | None) -> str | SafeString:
    """How long until something is due, or how long it is late."""
    if value is None:
        return "—"
    left = value - clock.now()
    tone = "bad" if left < timedelta(0) else "warn" if left < timedelta(hours=8) else "idle"
    if left < timedelta(0):
        return status(tone, _("{length} late").format(length=span(-left)))
    return status(tone, _("in {length}").format(length=span(left)))


@register.filter
def marked(text: str, names: Mapping[str, str]) -> SafeString:
    """A comment in which the names of those it told stand out."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="q-mention">{}</span>', part) if is_name else part,)
            for part, is_name in mentions.pieces(text, names)
        ),
    )


@register.filter
def span(value: timedelta) -> str:
    """The two largest parts of a length of time: `3 d 4 h`."""
    minutes = max(int(value.total_seconds() // 60), 0)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return (_("{days} d {hours} h") if hours and days < 10 else _("{days} d")).format(days=days, hours=hours)
    if hours:
        return (_("{hours} h {minutes} min") if rest and hours < 10 else _("{hours} h")).format(
            hours=hours, minutes=rest
        )
    return _("{minutes} min").format(minutes=rest)


@register.filter
def age(value: datetime | None) -> str:
    """How long ago something was."""
    return span(clock.now() - value) if value else "—"

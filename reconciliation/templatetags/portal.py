"""What the portal's templates share: money, times and states as people read them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reconciliation.habits import mentions
from sync import clock, money_text

register = template.Library()

#: tone -> icon; the word beside it says the same, so that colour is never alone
ICONS = {"good": "check_circle", "warn": "schedule", "bad": "error", "info": "info", "idle": "radio_button_unchecked"}


@register.filter
def money(amount: Any, currency: str) -> str:
    """`USD 12,400.00` from a number or its text."""
    if amount in (None, ""):
        return ""
    try:
        return money_text.money(Decimal(str(amount)), currency)
    except InvalidOperation:
        return str(amount)


@register.simple_tag
def when(value: datetime | date | None) -> str | SafeString:
    """A moment with its zone, exact time in the tooltip; a date as it is."""
    if value is None:
        return "—"
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), value.strftime("%d %b %Y"))
    today = clock.now().date() == value.date()
    text = value.strftime("today %H:%M UTC") if today else value.strftime("%d %b %Y %H:%M UTC")
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', value.isoformat(), f"{value:%Y-%m-%d %H:%M:%S}", text
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
    return status(tone, f"{span(-left)} late" if left < timedelta(0) else f"in {span(left)}")


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
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
    return f"{rest} min"


@register.filter
def age(value: datetime | None) -> str:
    """How long ago something was."""
    return span(clock.now() - value) if value else "—"

"""The language pages are read in: the one a person chose, else their browser's, else English.

Only what is shown is translated. What is kept, exported, mailed or told to machines is in English, whoever caused it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest
from django.utils import dateformat
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from reconciliation.habits import profile
from reconciliation.models import Profile
from sync import money_text

#: what pages are written in, each by its own name
LANGUAGES = {"en": "English", "de": "Deutsch"}
#: characters of a browser's wishes that are looked at
MOST_ASKED = 200
#: what everything is kept in
KEPT_IN = "en"
#: how English writes thousands and decimals -> how German does
_SWAPPED = str.maketrans(",.", ".,")


class UnknownLanguage(ValueError):
    """Pages are not written in it; the message says what would be right."""


def language_of(request: HttpRequest) -> str:
    """The language of who asks: the one they chose, else the first of their browser's that pages are written in."""
    chosen = profile.kept(request, "language")
    if chosen in LANGUAGES:
        return str(chosen)
    asked = (code.partition("-")[0] for code, _quality in parse_accept_lang_header(_accepted(request)))
    return next((code for code in asked if code in LANGUAGES), KEPT_IN)


def _accepted(request: HttpRequest) -> str:
    return request.headers.get("Accept-Language", "")[:MOST_ASKED].lower()


def choose(request: HttpRequest, code: str) -> Profile:
    """From now on pages are in this language for who asks. Raises UnknownLanguage."""
    if code not in LANGUAGES:
        raise UnknownLanguage(_("Pages are not written in that language. Choose one of the list."))
    return profile.keep(request, language=code)


def spoken(words: object) -> str:
    """A word that is kept or compared in English, in the reader's language; nothing for nothing."""
    return _(str(words)) if words else ""


def money(amount: Decimal, currency: str) -> str:
    """`USD 12,400.00`, in German `USD 12.400,00`."""
    return written(money_text.money(amount, currency))


def money_of_each(sums: Mapping[str, Decimal]) -> list[str]:
    """A text per currency, by its code: sums of several currencies are never added up."""
    return [money(total, currency) for currency, total in sorted(sums.items())]


def number(count: int) -> str:
    """`12,400`, in German `12.400`."""
    return written(f"{count:,}")


def written(figures: str) -> str:
    """Figures with the separators of the reader's language."""
    return figures if _is_english() else figures.translate(_SWAPPED)


def day_text(day: date | None) -> str:
    """`30 Nov 2026`, in German `30. Nov. 2026`; nothing for no day."""
    return dateformat.format(day, pgettext("date", "d M Y")) if day else ""


def day_short(day: date) -> str:
    """`30 Nov`, where the year is plain."""
    return dateformat.format(day, pgettext("date", "d M"))


def month_text(day: date) -> str:
    """`November 2026`."""
    return dateformat.format(day, pgettext("date", "F Y"))


def month_short(day: date) -> str:
    """`Nov 2026`."""
    return dateformat.format(day, pgettext("date", "M Y"))


def moment_text(at: datetime, *, year: bool = True, seconds: bool = False) -> str:
    """`30 Nov 2026 14:05`, on the clock the moment is of."""
    if year:
        form = pgettext("date", "d M Y H:i:s") if seconds else pgettext("date", "d M Y H:i")
    else:
        form = pgettext("date", "d M H:i:s") if seconds else pgettext("date", "d M H:i")
    return dateformat.format(at, form)


def _is_english() -> bool:
    return (get_language() or KEPT_IN).startswith(KEPT_IN)


def within(words: str) -> str:
    """A heading as it stands within a sentence: small in English but for abbreviations, and as it is in German."""
    return words[:1].lower() + words[1:] if _is_english() and not words[:2].isupper() else words

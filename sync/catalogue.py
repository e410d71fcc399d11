"""The catalogue of reasons: those the portal comes with, and those people added for answers nobody knew before."""

import re

from django.db.models import Q

from connectors.errors import Rejected
from sync import clock
from sync.models import LearnedAnswer, MappingRow
from sync.reasons import REASONS, Reason

#: what no rule knows
UNKNOWN = "UNCLASSIFIED"
#: fewer characters of an answer would be found in answers that mean something else
SHORTEST = 8
#: a team may be given so many hours to act
MOST_HOURS = 720


def reason(code: str) -> Reason:
    """The entry for a code; what nobody knows is UNCLASSIFIED."""
    if code in REASONS:
        return REASONS[code]
    row = entry(code)
    if row is None:
        return REASONS[UNKNOWN]
    return Reason(code=code, title=row.title, cause=row.cause, holds_up=row.holds_up, seller=row.seller)


def entry(code: str) -> LearnedAnswer | None:
    """What people wrote down about a reason that was new: the newest approved row, also where its time is over."""
    rows = LearnedAnswer.objects.filter(reason=code, status=MappingRow.Status.APPROVED).exclude(title="")
    return rows.order_by("-valid_from", "-pk").first()


def meant(error: Rejected, *, system: str) -> str:
    """Code of what a refusal means. Where its connector does not know, the words people taught us decide; where
    several fit, the longest.
    """
    if error.reason != UNKNOWN:
        return error.reason
    today = clock.now().date()
    rows = LearnedAnswer.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=today),
        system=system,
        status=MappingRow.Status.APPROVED,
        valid_from__lte=today,
    )
    said = plain_words(f"{error.code} {error.text}")
    fitting = [row for row in rows if row.words in said]
    return max(fitting, key=lambda row: (len(row.words), -row.pk)).reason if fitting else UNKNOWN


def is_sentence(text: str) -> bool:
    """Whether it can be shown as a reason's: braces would be taken for blanks to fill in."""
    return text.isprintable() and not set(text) & set("{}")


def plain_words(text: str) -> str:
    """How words are compared: in small letters, single spaces between."""
    return re.sub(r"\s+", " ", text).strip().lower()

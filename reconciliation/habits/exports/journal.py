"""The audit journal as a file, as it is narrowed on its page: who did what, when, and its place in the chain."""

from collections.abc import Iterator

from django.urls import reverse

from reconciliation.figures_audit import Filters
from reconciliation.habits.exports.sheet import MOST, Row, Sheet, TooMany, link, times
from sync.models import JournalEntry

_COLUMNS = (
    *("When (UTC)", "Number in the chain", "Who", "Signs in as", "Action", "What", "Kind of object", "Object"),
    *("Trail", "Seal (SHA-256)", "Link to the entry", "Link to the trail"),
)


def draw_up(filters: Filters) -> Sheet:
    """The entries that fit, the newest first. Raises TooMany."""
    return Sheet(
        name="journal",
        title="Audit journal, newest first",
        narrowed=filters.words(),
        address=link(reverse("desk:audit") + filters.address()).address,
        columns=_COLUMNS,
        rows=tuple(_rows(filters)),
    )


def _rows(filters: Filters) -> Iterator[Row]:
    rows = filters.apply(JournalEntry.objects.select_related("seal", "user").order_by("-pk"))
    found = list(rows[: MOST + 1])
    if len(found) > MOST:
        raise TooMany("entries", "Narrow the journal by day, person, action or object first; or take an evidence pack.")
    for entry in found:
        seal = getattr(entry, "seal", None)
        yield (
            times(entry.at, None)[0],
            seal.number if seal else None,
            entry.actor,
            entry.user.username if entry.user else "",
            entry.action,
            entry.text,
            entry.object_kind,
            entry.object_key,
            entry.correlation_id,
            seal.sha256 if seal else "",
            link(reverse("admin:sync_journalentry_change", args=[entry.pk])),
            link(reverse("desk:trail", args=[entry.correlation_id])) if entry.correlation_id else None,
        )

"""Every number of the audit page: how far the journal is sealed, anchored and verified, and what was done by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db import connection as database
from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from reconciliation.audit import REASON
from reconciliation.models import ExceptionCase
from sync import anchors, clock
from sync.models import JournalCheck, JournalEntry, JournalSeal, JournalWaiting

#: entries of the journal on one page, and verifications that are listed
PAGE, CHECKS = 50, 10
#: an entry should have its seal by then, an hour its anchor, a day its verification
SEALED_WITHIN, ANCHORED_WITHIN, VERIFIED_WITHIN = timedelta(minutes=1), timedelta(hours=2), timedelta(hours=26)
#: stands for what nobody did: the engine, or an approved rule
PORTAL = "portal"

_WORDS = """
WITH RECURSIVE found(word) AS (
    (SELECT {0} FROM sync_journalentry ORDER BY {0} LIMIT 1)
    UNION ALL
    SELECT (SELECT {0} FROM sync_journalentry WHERE {0} > found.word ORDER BY {0} LIMIT 1)
    FROM found WHERE found.word IS NOT NULL
) SELECT word FROM found WHERE word IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How unbroken the trail is, as of now."""

    last: JournalSeal | None
    waiting: int
    oldest_waiting_at: datetime | None
    is_slow: bool
    anchor: anchors.Anchor | None
    #: why the anchors cannot be shown, in words
    anchor_trouble: str
    is_anchor_old: bool
    #: something has been sealed for long, and nothing of it was ever anchored
    is_anchor_missing: bool
    checks: tuple[JournalCheck, ...]
    is_check_old: bool
    case: ExceptionCase | None

    @property
    def check(self) -> JournalCheck | None:
        return self.checks[0] if self.checks else None


def standing() -> Standing:
    """Seals, anchors and verifications."""
    now = clock.now()
    last = JournalSeal.objects.order_by("-number").first()
    oldest = JournalWaiting.objects.aggregate(at=Min("entry__at"))["at"]
    try:
        written, trouble = anchors.anchored()[0], ""
    except OSError as error:
        written, trouble = [], _("The anchors cannot be read here: {why}.").format(why=error.strerror)
    anchor = max(written, key=lambda one: one.anchored_at, default=None)
    checks = tuple(JournalCheck.objects.all()[:CHECKS])
    return Standing(
        last=last,
        waiting=JournalWaiting.objects.count(),
        oldest_waiting_at=oldest,
        is_slow=oldest is not None and now - oldest > SEALED_WITHIN,
        anchor=anchor,
        anchor_trouble=trouble,
        is_anchor_old=anchor is not None and now - anchor.anchored_at > ANCHORED_WITHIN,
        checks=checks,
        is_anchor_missing=anchor is None
        and JournalSeal.objects.filter(number=1, sealed_at__lt=now - ANCHORED_WITHIN).exists(),
        is_check_old=bool(checks) and now - checks[0].finished_at > VERIFIED_WITHIN,
        case=ExceptionCase.objects.filter(reason=REASON, status=ExceptionCase.Status.OPEN).first(),
    )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A select of the filter form."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, str]]


class Filters:
    """Which entries are asked for. What makes no sense is left out, never an error."""

    def __init__(self, chosen: dict[str, str]) -> None:
        chosen = {name: value.replace("\x00", "").strip()[:200] for name, value in chosen.items()}
        self._people = {PORTAL: _("The portal itself")} | {str(user.pk): _name(user) for user in _people()}
        self._actions, self._kinds = _words("action"), _words("object_kind")
        self.person = chosen.get("person", "") if chosen.get("person") in self._people else ""
        self.action = chosen.get("action", "") if chosen.get("action") in self._actions else ""
        self.kind = chosen.get("kind", "") if chosen.get("kind") in self._kinds else ""
        self.key = chosen.get("key", "")
        self.since, self.until = _day(chosen.get("since", "")), _day(chosen.get("until", ""))

    def __bool__(self) -> bool:
        return len(self.address()) > 1

    def apply(self, rows: QuerySet[JournalEntry]) -> QuerySet[JournalEntry]:
        """The entries that fit; days are days in UTC, both included."""
        if self.person:
            rows = rows.filter(user=None) if self.person == PORTAL else rows.filter(user=int(self.person))
        if self.action:
            rows = rows.filter(action=self.action)
        if self.key:
            # the kinds are named, because the index of objects begins with them
            kinds = [self.kind] if self.kind else self._kinds
            rows = rows.filter(Q(correlation_id=self.key) | Q(object_kind__in=kinds, object_key=self.key))
        if self.kind:
            rows = rows.filter(object_kind=self.kind)
        if self.since:
            rows = rows.filter(at__gte=_midnight(self.since))
        if self.until and self.until < date.max:
            rows = rows.filter(at__lt=_midnight(self.until + timedelta(days=1)))
        return rows

    def address(self, **more: Any) -> str:
        """The query string of what is chosen."""
        pairs = {
            "person": self.person,
            "action": self.action,
            "kind": self.kind,
            "key": self.key,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            **more,
        }
        return "?" + urlencode({name: value for name, value in pairs.items() if value})

    def words(self) -> str:
        """What is chosen, in words; empty where nothing is."""
        pairs = {
            _("Person"): self._people.get(self.person, ""),
            _("Action"): self.action,
            _("Kind of object"): self.kind,
            _("Object or trail"): self.key,
            _("From (UTC)"): self.since.isoformat() if self.since else "",
            _("To (UTC)"): self.until.isoformat() if self.until else "",
        }
        return ", ".join(f"{name}: {value}" for name, value in pairs.items() if value)

    def choices(self) -> tuple[Choice, ...]:
        actions, kinds = ([(one, one) for one in words] for words in (self._actions, self._kinds))
        return (
            Choice(name="person", label=_("Person"), value=self.person, options=list(self._people.items())),
            Choice(name="action", label=_("Action"), value=self.action, options=actions),
            Choice(name="kind", label=_("Kind of object"), value=self.kind, options=kinds),
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry as the list shows it."""

    entry: JournalEntry
    #: what the object is, where its key does not say so itself
    kind: str
    #: place in the chain; none while it waits for one
    number: int | None


def entries(filters: Filters, *, before: str = "") -> tuple[list[Row], int | None]:
    """A page of the journal, the newest first, and the id the next page starts below; no count over all of it."""
    rows = filters.apply(JournalEntry.objects.select_related("seal", "user").order_by("-pk"))
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    return [_row(entry) for entry in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def _row(entry: JournalEntry) -> Row:
    says_itself = entry.object_key.startswith(f"{entry.object_kind}:")
    seal = getattr(entry, "seal", None)
    return Row(entry=entry, kind="" if says_itself else entry.object_kind, number=seal.number if seal else None)


def _words(column: str) -> list[str]:
    """Every word in a column of the journal, one step through its index each, however long the journal is."""
    with database.cursor() as cursor:
        cursor.execute(_WORDS.format(column))
        return [row[0] for row in cursor.fetchall()]


def _people() -> QuerySet[User]:
    did = JournalEntry.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(Exists(did)).order_by("first_name", "last_name", "username")


def _name(user: User) -> str:
    return user.get_full_name() or user.username


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)

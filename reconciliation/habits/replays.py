"""Having events read once more from the desk: what was typed, as a choice of events; what it would touch; how it goes.

What a replay is and why it posts nothing twice: `sync.replay`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation.models import ExceptionCase, Problem
from sync import clock, replay
from sync.models import Delivery, JournalEntry, SourceEvent, WorkItem
from sync.replay import Choice, Plan, plan

#: replays shown on the page
LATEST = 10
#: longest reason that is kept
LONGEST = 160
UNKNOWN = gettext_lazy(
    "Nothing here has this id. Give a tracking id, a story (deal:…), an object (invoice:…), a case (EXC-7) or a"
    " problem (PRB-3); by the id of another system, Find leads to its story."
)
_NUMBERED = re.compile(r"(EXC|PRB)-(\d{1,9})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody typed, as it was typed, and what it comes to."""

    what: str = ""
    since: str = ""
    until: str = ""
    #: none where nothing was given, or something given cannot be read
    choice: Choice | None = None
    #: field -> what is wrong with it, and what would be right
    errors: dict[str, str] = field(default_factory=dict)


def asked(given: Mapping[str, str]) -> Asked:
    """Read the fields `what`, `since` and `until`; the moments are in UTC, the second one is now where it is left out.

    Nothing typed is no error.
    """
    what, since, until = (given.get(name, "").replace("\x00", "").strip()[:200] for name in ("what", "since", "until"))
    errors: dict[str, str] = {}
    moments: dict[str, datetime] = {}
    for name, text in (("since", since), ("until", until)):
        if not text:
            continue
        try:
            found = datetime.fromisoformat(text)
            moments[name] = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        except ValueError:
            errors[name] = _("Give a date and a time such as 2026-05-14 09:30, in UTC.")
    if "since" in moments and "until" in moments and moments["since"] >= moments["until"]:
        errors["until"] = _("This is not after the first moment. Give a later one.")
    if until and not since and not what:
        errors["since"] = _("Give the first moment too; without it, everything that ever came would be read again.")
    named = _named(what) if what else {}
    if named is None:
        errors["what"] = str(UNKNOWN)
    if since and not until and not errors:
        # what comes in while somebody looks at a dry run is not part of it
        moments["until"] = clock.now().replace(microsecond=0)
        until = f"{moments['until'].astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    typed = {"what": what, "since": since, "until": until}
    if errors or not (what or since):
        return Asked(**typed, errors=errors)
    words = ", ".join(
        f"{name} {text}" for name, text in (("", what), ("from", since), ("until", until)) if text
    ).strip()
    return Asked(**typed, choice=Choice(**(named or {}), **moments, words=words))


def _named(text: str) -> dict[str, list[str] | list[int]] | None:
    """Which events an id of ours means; none where nothing here has it."""
    try:
        tracking = str(UUID(text))
    except ValueError:
        tracking = ""
    if tracking:
        known = SourceEvent.objects.filter(tracking_id=tracking).exists()
        return {"tracking_ids": [tracking]} if known else None
    if numbered := _NUMBERED.fullmatch(text):
        return _of_cases(numbered[1].upper(), int(numbered[2]))
    if WorkItem.objects.filter(correlation_id=text).exists():
        return {"correlation_ids": [text]}
    if WorkItem.objects.filter(reference=text).exists() or Delivery.objects.filter(reference=text).exists():
        return {"references": [text]}
    return None


def _of_cases(kind: str, number: int) -> dict[str, list[str] | list[int]] | None:
    """The events a case stands on, or all open cases of a problem."""
    cases = ExceptionCase.objects.select_related("delivery")
    if kind == "PRB":
        if not Problem.objects.filter(pk=number).exists():
            return None
        cases = cases.filter(problem=number, status=ExceptionCase.Status.OPEN)
    else:
        cases = cases.filter(pk=number)
    items = [case.work_item_id or (case.delivery.work_item_id if case.delivery else None) for case in cases]
    found: dict[str, list[str] | list[int]] = {
        "work_items": [item for item in items if item],
        "events": [case.event_id for case in cases if case.event_id],
    }
    return found if any(found.values()) else None


class Changed(ValueError):
    """It is no longer what a dry run showed; the message says so."""


def total(touched: Plan) -> int:
    """Every event that was chosen, also what is about to be read anyway."""
    return touched.events + touched.under_way


def run(choice: Choice, *, seen: int | None, because: str, user: User) -> Plan:
    """Do what a dry run showed, `seen` events in all, and keep the reason in the journal. Raises Changed."""
    now = plan(choice)
    if total(now) != seen or not now.events:
        raise Changed(_("It changed since you looked, so nothing was read again."))
    return replay.run(replace(choice, words=f"{choice.words}. Why: {because}".removesuffix(".")), user=user)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a replay has come: events of the choice, by where they are now."""

    total: int
    read: int
    #: read, and stopped: each is an open case
    stopped: int

    @property
    def is_over(self) -> bool:
        return self.read == self.total

    @property
    def percent(self) -> int:
        return 100 * self.read // self.total if self.total else 100


def progress(now: Plan) -> Progress:
    """The same choice, looked at while it is read."""
    return Progress(total=total(now), read=now.events, stopped=now.blocked_events)


def latest() -> QuerySet[JournalEntry]:
    """Replays as the journal has them, the newest first."""
    return JournalEntry.objects.filter(object_kind="replay").order_by("-at", "-pk")[:LATEST]

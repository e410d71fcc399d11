"""Tells people what there is to tell: noted once, mailed once, and not at all where it is over by then.

The database decides what was told to whom; a note is claimed by putting off its next try before the mail goes out, so
that two who tell at once tell different things, and a note of one that died is told again.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F

from reconciliation.habits.notices import choices
from reconciliation.habits.notices.event import Event, News
from reconciliation.habits.notices.registry import EVENTS
from reconciliation.models import Notice
from sync import clock

log = logging.getLogger(__name__)
#: mails per look; the next look goes on
MOST = 200
#: a mail that did not go out is tried again so much later, twice as late each time
AGAIN = timedelta(minutes=5)
TRIES = 5
OVER, GAVE_UP = "It was over before it was told", "It could not be sent"


@dataclass(kw_only=True)
class Told:
    """What one look did."""

    noted: int = 0
    sent: int = 0
    dropped: int = 0
    failed: int = 0


def tell_due() -> Told:
    """Note what is new, drop what is over, send what is due."""
    told, now = Told(), clock.now()
    for event in EVENTS.values():
        found = {(one.person.pk, one.key): one for one in event.news(now)}
        told.noted += _note(event, found, now)
        if not event.stays:
            told.dropped += _drop_over(event, found, now)
    for row in _claim(now):
        _send(row, told)
    return told


def _note(event: Event, found: Mapping[tuple[int, str], News], now: datetime) -> int:
    people = {person for person, _ in found}
    known = set(Notice.objects.filter(event=event.code, person__in=people).values_list("person", "key"))
    fresh = [one for name, one in found.items() if name not in known]
    if not fresh:
        return 0
    unwanted, muted = choices.unwanted(people), choices.all_muted(people)
    quiet = choices.quiet_hours(people)
    rows = [
        Notice(
            person=one.person,
            event=event.code,
            key=one.key[:120],
            title=" ".join(one.title.split())[:200],
            text=one.text,
            path=one.path[:300],
            noted_at=now,
            due_at=choices.not_before(now + event.wait, quiet.get(one.person.pk)),
        )
        for one in fresh
        if (one.person.pk, event.code) not in unwanted and (one.person.pk, one.problem) not in muted
    ]
    # another who looks at the same time notes the same
    return len(Notice.objects.bulk_create(rows, ignore_conflicts=True))


def _drop_over(event: Event, found: Collection[tuple[int, str]], now: datetime) -> int:
    waiting = Notice.objects.filter(event=event.code, sent_at=None, dropped_at=None, due_at__lte=now)
    over = [pk for pk, *name in waiting.values_list("pk", "person", "key") if tuple(name) not in found]
    return Notice.objects.filter(pk__in=over, sent_at=None).update(dropped_at=now, dropped_because=OVER)


def _claim(now: datetime) -> list[Notice]:
    """Notes that are due, put off as if they had failed: whoever dies on the way leaves them to the next try."""
    with transaction.atomic():
        due = Notice.objects.filter(sent_at=None, dropped_at=None, due_at__lte=now)
        due.filter(tries__gte=TRIES).update(dropped_at=now, dropped_because=GAVE_UP)
        due = due.select_for_update(skip_locked=True, of=("self",))
        rows = list(due.select_related("person").order_by("due_at", "pk")[:MOST])
        for row in rows:
            row.due_at = now + AGAIN * 2**row.tries
            row.tries += 1
        Notice.objects.bulk_update(rows, ["due_at", "tries"])
    return rows


def _send(row: Notice, told: Told) -> None:
    quiet = choices.quiet_hours([row.person_id]).get(row.person_id)
    awake_at = choices.not_before(clock.now(), quiet)
    if awake_at > clock.now():
        Notice.objects.filter(pk=row.pk).update(due_at=awake_at, tries=F("tries") - 1)
        return
    try:
        _as_mail(row).send()
    except OSError as error:  # smtplib's own errors are among them
        log.warning("notice %s: not sent: %s", row.pk, error)
        told.failed += 1
        over = {"dropped_at": clock.now(), "dropped_because": GAVE_UP} if row.tries >= TRIES else {}
        Notice.objects.filter(pk=row.pk).update(trouble=str(error)[:300], **over)
    else:
        told.sent += 1
        Notice.objects.filter(pk=row.pk).update(sent_at=clock.now(), trouble="")


def _as_mail(row: Notice) -> EmailMessage:
    event = EVENTS.get(row.event)
    because = event.because if event else "you have a desk here"
    parts = [
        row.text,
        f"{settings.PORTAL_URL}{row.path}",
        f"--\nYou get this because {because}. Choose what you are told of:\n{settings.PORTAL_URL}/profile/#mail",
    ]
    return EmailMessage(
        subject=row.title,
        body="\n\n".join(part for part in parts if part) + "\n",
        to=[row.person.email],
        # the same for every try, so that mail programs show it once (RFC 5322, 3.6.4); nobody's holiday answers it
        # (RFC 3834, 5)
        headers={
            "Message-ID": f"<notice.{row.pk}@{urlsplit(settings.PORTAL_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )

"""Tells people and rooms what there is to tell: noted once, sent once, and not at all where it is over by then.

The database decides what was told to whom; a note is claimed by putting off its next try before the message goes out,
so that two who tell at once tell different things, and a note of one that died is told again.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from reconciliation.habits.notices import choices, rooms
from reconciliation.habits.notices.channels import mail
from reconciliation.habits.notices.channels.channel import Message, NotTaken
from reconciliation.habits.notices.event import Event, News
from reconciliation.habits.notices.registry import EVENTS
from reconciliation.models import Notice, NoticeRoom
from sync import clock

log = logging.getLogger(__name__)
#: messages taken at a time
MOST = 50
#: a message that did not go out is tried again so much later, twice as late each time
AGAIN = timedelta(minutes=5)
#: nobody is waited for longer, whatever they ask for
LONGEST = timedelta(hours=6)
TRIES = 5
OVER, GAVE_UP = "It was over before it was told", "It could not be sent"
#: person and room, one of them none
Who = tuple[int | None, int | None]


def mail_goes_out() -> bool:
    """Whether this portal has a sender's address, without which it mails nobody."""
    return bool(settings.DEFAULT_FROM_EMAIL)


@dataclass(kw_only=True)
class Told:
    """What one look did."""

    noted: int = 0
    sent: int = 0
    dropped: int = 0
    failed: int = 0


def tell_due(*, goes_on: Callable[[], bool] = lambda: True) -> Told:
    """Note what is new, drop what is over, send what is due; what is not sent before it shall not go on comes later."""
    told, now = Told(), clock.now()
    for event in EVENTS.values():
        if event.remember:
            event.remember(now)
        found = {(_who(one), one.key): one for one in event.news(now)}
        told.noted += _note(event, found, now)
        if not event.stays:
            told.dropped += _drop_over(event, found, now)
    while goes_on() and (rows := _claim(now)):
        for place, row in enumerate(rows):
            if not goes_on():
                _put_back(rows[place:], now)
                break
            _send(row, told)
    return told


def _who(one: News) -> Who:
    return (one.to.pk, None) if isinstance(one.to, User) else (None, one.to.pk)


def _note(event: Event, found: Mapping[tuple[Who, str], News], now: datetime) -> int:
    mails = mail_goes_out()
    people = {one.to.pk for one in found.values() if mails and isinstance(one.to, User)}
    rows = Notice.objects.filter(event=event.code, key__in={one.key for one in found.values()})
    known = {((person, room), key) for person, room, key in rows.values_list("person", "room", "key")}
    fresh = [one for name, one in found.items() if name not in known]
    if not fresh:
        return 0
    unwanted, muted = choices.unwanted(people), choices.all_muted(people)
    quiet = choices.quiet_hours(people)
    made = []
    for one in fresh:
        if isinstance(one.to, NoticeRoom):
            if event.code in one.to.events:
                made.append(_row(event, one, now, now + event.wait))
        elif mails and (one.to.pk, event.code) not in unwanted and (one.to.pk, one.problem) not in muted:
            made.append(_row(event, one, now, choices.not_before(now + event.wait, quiet.get(one.to.pk))))
    # another who looks at the same time notes the same
    return len(Notice.objects.bulk_create(made, ignore_conflicts=True))


def _row(event: Event, one: News, now: datetime, due_at: datetime) -> Notice:
    person, room = _who(one)
    without_names = isinstance(one.to, NoticeRoom) and not one.to.names_customers and one.plain
    return Notice(
        person_id=person,
        room_id=room,
        event=event.code,
        key=one.key[:120],
        title=" ".join((one.plain if without_names else one.title).split())[:200],
        text="" if without_names else one.text,
        path=one.path[:300],
        noted_at=now,
        due_at=due_at,
    )


def _drop_over(event: Event, found: Collection[tuple[Who, str]], now: datetime) -> int:
    waiting = Notice.objects.filter(event=event.code, sent_at=None, dropped_at=None, due_at__lte=now)
    names = waiting.values_list("pk", "person", "room", "key")
    over = [pk for pk, person, room, key in names if ((person, room), key) not in found]
    return Notice.objects.filter(pk__in=over, sent_at=None).update(dropped_at=now, dropped_because=OVER)


def _claim(now: datetime) -> list[Notice]:
    """Notes that are due, put off as if they had failed: whoever dies on the way leaves them to the next try."""
    with transaction.atomic():
        due = Notice.objects.filter(sent_at=None, dropped_at=None, due_at__lte=now)
        due.filter(tries__gte=TRIES).update(dropped_at=now, dropped_because=GAVE_UP)
        # a room that is switched off hears nothing, also not what was noted before
        due.filter(room__is_on=False).update(dropped_at=now, dropped_because=OVER)
        due = due.select_for_update(skip_locked=True, of=("self",))
        rows = list(due.select_related("person", "room").order_by("due_at", "pk")[:MOST])
        for row in rows:
            row.due_at = now + AGAIN * 2**row.tries
            row.tries += 1
        Notice.objects.bulk_update(rows, ["due_at", "tries"])
    return rows


def _put_back(rows: Sequence[Notice], now: datetime) -> None:
    """Not tried after all: due as before, for the next look."""
    Notice.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=now, tries=F("tries") - 1)


def _send(row: Notice, told: Told) -> None:
    if row.person_id is not None:
        quiet = choices.quiet_hours([row.person_id]).get(row.person_id)
        awake_at = choices.not_before(clock.now(), quiet)
        if awake_at > clock.now():
            Notice.objects.filter(pk=row.pk).update(due_at=awake_at, tries=F("tries") - 1)
            return
    try:
        _send_out(row)
    except NotTaken as error:
        log.warning("notice %s: not sent: %s", row.pk, error)
        told.failed += 1
        _failed(row, error)
    else:
        told.sent += 1
        Notice.objects.filter(pk=row.pk).update(sent_at=clock.now(), trouble="")


def _send_out(row: Notice) -> None:
    message = Message(
        id=f"notice.{row.pk}",
        event=row.event,
        title=row.title,
        text=row.text,
        link=f"{settings.PORTAL_URL}{row.path}",
        noted_at=row.noted_at,
    )
    if row.room:
        rooms.send(row.room, message)
        return
    assert row.person is not None, "a note is for a person or a room, by constraint"
    event = EVENTS.get(row.event)
    mail.send(message, to=row.person.email, because=event.because if event else "you have a desk here")


def _failed(row: Notice, error: NotTaken) -> None:
    now = clock.now()
    changes: dict[str, object] = {"trouble": str(error)[:300]}
    if error.for_good or row.tries >= TRIES:
        changes |= {"dropped_at": now, "dropped_because": GAVE_UP}
    elif error.wait:
        changes["due_at"] = max(row.due_at, now + min(timedelta(seconds=error.wait), LONGEST))
    Notice.objects.filter(pk=row.pk).update(**changes)

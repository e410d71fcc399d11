"""Put a case off until a moment, with a reason; it comes back by itself, or when somebody brings it back.

Where that was asked for it also comes back when somebody else comments on it, or when it happens again.

A snooze hides and delays nothing else: the case stays owned, its due time goes on, a release or a heal closes it.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from reconciliation.cases import Conflict
from reconciliation.habits import acting
from reconciliation.habits.languages import KEPT_IN, day_text
from reconciliation.models import ExceptionCase, Snooze
from reconciliation.who import person_of
from sync import clock
from sync.models import LegalEntity

LONGEST = timedelta(days=30)


def asleep(rows: QuerySet[ExceptionCase]) -> QuerySet[ExceptionCase]:
    """Those of these cases that are put off now."""
    return rows.filter(Exists(_sleeping()))


def awake(rows: QuerySet[ExceptionCase]) -> QuerySet[ExceptionCase]:
    """Those that are not."""
    return rows.filter(~Exists(_sleeping()))


def back(rows: QuerySet[ExceptionCase]) -> QuerySet[ExceptionCase]:
    """Those that were put off and came back by themselves."""
    return rows.filter(Exists(_live()), ~Exists(_sleeping()))


def of(case: ExceptionCase) -> Snooze | None:
    """What puts this case off now, or did until it came back."""
    return acting.snoozed(case).select_related("by").first()


def is_asleep(row: Snooze | None, case: ExceptionCase) -> bool:
    """Whether it still puts the case off, or the case came back by itself."""
    return bool(row and row.until > clock.now() and (row.seen is None or row.seen >= case.occurrences))


def words(row: Snooze) -> str:
    """What else brings it back, in words; empty where nothing does."""
    if row.on_comment and row.seen is not None:
        return _("when somebody else comments or when it happens again")
    if row.on_comment:
        return _("when somebody else comments")
    return _("when it happens again") if row.seen is not None else ""


def morning(day: date, entity: LegalEntity | None) -> datetime:
    """When a day begins for a company; in UTC where the case has none."""
    return datetime.combine(day, time(), tzinfo=entity.zone if entity else UTC)


def snooze(
    case_id: int,
    *,
    until: datetime,
    because: str,
    user: AbstractUser,
    on_comment: bool = False,
    on_repeat: bool = False,
) -> Snooze:
    """Put an open case off; what put it off before ends. Raises Refused, Conflict, ValueError."""
    acting.may_work(user, "put them off")
    now = clock.now()
    if not because.strip():
        raise ValueError(_("Say why it can wait; the team reads it."))
    if not now < until <= now + LONGEST:
        text = _("Give a time from now to {day}; a case waits {days} days at most.")
        last = day_text(now + LONGEST)
        raise ValueError(text.format(day=last, days=LONGEST.days))
    with transaction.atomic():
        case = acting.open_case(case_id, "put off")
        was = acting.standing(case)
        acting.snoozed(case).update(ended_at=now, ended_by=person_of(user))
        row = Snooze.objects.create(
            case=case,
            until=until,
            because=because.strip()[:400],
            by=person_of(user),
            at=now,
            on_comment=on_comment,
            seen=case.occurrences if on_repeat else None,
        )
        # the journal is kept in one language, whoever writes in it
        with override(KEPT_IN):
            also = f", or {words(row)}" if words(row) else ""
        said = f"{user} put {case.number} off until {until:%d %b %Y %H:%M} UTC{also}: {row.because}"
        acting.note("case snoozed", case, user, said, was=was)
        return row


def wake(case_id: int, *, user: AbstractUser) -> ExceptionCase:
    """Bring a case back to the queue now. Raises Refused, Conflict."""
    acting.may_work(user, "put them off")
    with transaction.atomic():
        case = acting.open_case(case_id, "put off")
        was = acting.standing(case)
        if not acting.snoozed(case).update(ended_at=clock.now(), ended_by=person_of(user)):
            raise Conflict(_("{number} is on the queue already.").format(number=case.number))
        acting.note("case back", case, user, f"{user} brought {case.number} back to the queue.", was=was)
        return case


def answered(case: ExceptionCase, *, user: AbstractUser) -> None:
    """Somebody commented: a case that waits for just that is back. Within the transaction of the comment."""
    waits = acting.snoozed(case).filter(acting.sleeping(case.occurrences), on_comment=True).exclude(by=person_of(user))
    if waits.update(ended_at=clock.now(), ended_by=person_of(user)):
        acting.note("case back", case, user, f"{case.number} is back on the queue: {user} commented on it.")


def _sleeping() -> QuerySet[Snooze]:
    return _live().filter(acting.sleeping(OuterRef("occurrences")))


def _live() -> QuerySet[Snooze]:
    return Snooze.objects.filter(case=OuterRef("pk"), ended_at=None)

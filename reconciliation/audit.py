"""Has the journal verified every day, and makes a journal that is not as it was written somebody's case."""

from django.db import connection as database
from django.db import transaction

from reconciliation import cases
from reconciliation.models import ExceptionCase
from sync import clock, journal, schedules, verifying
from sync.models import JournalCheck

REASON = "JOURNAL_BROKEN"
#: sweeper 1, business time 2, alarms 3, sealer 4
_LOCK = 7_281_944_005


def verify_due() -> JournalCheck | None:
    """Verify once a day, whoever asks; none where it was done, or is being done by somebody."""
    with transaction.atomic():
        with database.cursor() as cursor:
            # reading all of it may take longer than the lease of a window
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return None
        with schedules.once("verify the journal", f"{clock.now():%Y-%m-%d}") as mine:
            return verify(by="the timetable") if mine else None


def verify(*, by: str) -> JournalCheck:
    """Verify now. A broken journal is one open case until it verifies again."""
    with transaction.atomic():
        row, _ = verifying.check(by=by)
        known = list(ExceptionCase.objects.filter(reason=REASON, status=ExceptionCase.Status.OPEN))
        if row.is_good:
            cases.close(known, note="The journal verifies again")
        elif not known:
            cases.open_cases([_opening(row)])
            journal.note(
                [
                    journal.Fact(
                        action="journal broken",
                        object_kind="journal",
                        object_key=str(row.wrong_at or ""),
                        text=f"The journal does not verify. {row.words}",
                    )
                ]
            )
    return row


def _opening(row: JournalCheck) -> cases.Opening:
    return cases.Opening(
        target="journal_check",
        row=row,
        reason=REASON,
        document="The audit journal",
        value=row.words[:300],
        evidence={"text": row.words, "number": row.wrong_at, "verified": row.entries, "anchors": row.anchors},
    )

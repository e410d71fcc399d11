"""Claims windows of scheduled jobs, so that two beats, cron and a person together run each window once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection as database

from sync import clock
from sync.models import ScheduleClaim

#: a job that died is taken over after this
LEASE = timedelta(minutes=3)

_CLAIM = """
INSERT INTO sync_scheduleclaim (job, "window", claimed_at, lease_until) VALUES (%(job)s, %(window)s, %(now)s, %(lease)s)
ON CONFLICT (job, "window") DO UPDATE SET claimed_at = %(now)s, lease_until = %(lease)s
WHERE sync_scheduleclaim.finished_at IS NULL AND sync_scheduleclaim.lease_until < %(now)s
"""


def claim(job: str, window: str) -> bool:
    """True for the one caller who may run this window of this job now."""
    now = clock.now()
    with database.cursor() as cursor:
        cursor.execute(_CLAIM, {"job": job, "window": window, "now": now, "lease": now + LEASE})
        return cursor.rowcount == 1


def finish(job: str, window: str) -> None:
    """The window has run; it is never run again by schedule."""
    ScheduleClaim.objects.filter(job=job, window=window).update(finished_at=clock.now())


@contextmanager
def once(job: str, window: str) -> Iterator[bool]:
    """Run a block for a window: finished when it ends well, free again when it fails, left to its lease when
    its process dies.
    """
    mine = claim(job, window)
    try:
        yield mine
    except BaseException:
        if mine:
            # whoever comes next need not wait for the lease of one who has given up
            ScheduleClaim.objects.filter(job=job, window=window).update(lease_until=clock.now())
        raise
    if mine:
        finish(job, window)

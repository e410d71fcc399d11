"""Claims windows of scheduled jobs, so that two beats, cron and a person together run each window once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import connection as database
from django.db.models import Q

from sync import clock
from sync.models import ScheduleClaim

#: a job that died is taken over after this
LEASE = timedelta(minutes=3)
#: how long windows of jobs that run every few minutes are kept
KEPT = timedelta(days=2)

_CLAIM = """
INSERT INTO sync_scheduleclaim (job, "window", claimed_at, lease_until) VALUES (%(job)s, %(window)s, %(now)s, %(lease)s)
ON CONFLICT (job, "window") DO UPDATE SET claimed_at = %(now)s, lease_until = %(lease)s
WHERE sync_scheduleclaim.finished_at IS NULL AND sync_scheduleclaim.lease_until < %(now)s
"""


def slot(every: timedelta) -> str:
    """The window we are in, of jobs that run every so often: the same for all who ask until it ends."""
    seconds = int(every.total_seconds())
    start = int(clock.now().timestamp()) // seconds * seconds
    return f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%S}"


def forget_old(*jobs: str) -> int:
    """Delete finished windows of often repeated jobs, named by how they begin, that nobody asks for any more."""
    wanted = Q()
    for job in jobs:
        wanted |= Q(job__startswith=job)
    return ScheduleClaim.objects.filter(wanted, claimed_at__lt=clock.now() - KEPT).delete()[0]


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

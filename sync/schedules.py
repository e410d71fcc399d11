"""Claims windows of scheduled jobs, so that two beats, cron and a person together run each window once."""

from sync import clock
from sync.models import ScheduleClaim


def claim(job: str, window: str) -> bool:
    """True for the one caller who may run this window of this job."""
    rows = ScheduleClaim.objects.bulk_create(
        [ScheduleClaim(job=job, window=window, claimed_at=clock.now())], ignore_conflicts=True
    )
    return bool(rows) and ScheduleClaim.objects.filter(job=job, window=window, claimed_at=rows[0].claimed_at).exists()

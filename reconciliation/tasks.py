"""Doors for Celery: nudges, nothing else. Each may run twice or not at all."""

import time
from collections.abc import Callable

from celery import shared_task

from reconciliation import audit
from reconciliation.controls import runner as controls
from reconciliation.evidence import pack
from reconciliation.fixes import runner as fixes
from reconciliation.habits.notices import telling

#: how long one nudge stays with a run before the next one carries on
STAY_SECONDS = 60.0
#: the whole journal is read in one go: some ten minutes for tens of millions of entries
VERIFY_SECONDS = 3600


@shared_task
def run_due_controls() -> None:
    controls.run_due()


@shared_task
def write_evidence() -> None:
    pack.make_due()


@shared_task
def run_fixes() -> None:
    goes_on = _within(STAY_SECONDS)
    while goes_on() and fixes.unfinished():
        over = [fixes.advance(run) for run in fixes.unfinished()]
        if not all(over):
            time.sleep(0.2)


@shared_task
def tell_people() -> None:
    telling.tell_due(goes_on=_within(STAY_SECONDS))


def _within(seconds: float) -> Callable[[], bool]:
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() < ends


@shared_task(time_limit=VERIFY_SECONDS, soft_time_limit=VERIFY_SECONDS - 30)
def verify_journal() -> None:
    audit.verify_due()

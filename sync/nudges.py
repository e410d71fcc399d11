"""Nudges to the task queues: after commit, never needed, never in the way. The sweeper finds what a lost one meant."""

import logging
import time

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

#: after a failed nudge the broker is left alone this long (machine seconds), so that callers stay fast
_REST = 2.0
#: queue -> the task that works it
TASKS = {
    "ingest": "sync.tasks.read_inbox",
    "deliver": "sync.tasks.carry_deliver",
    "posting": "sync.tasks.carry_posting",
    "notify": "sync.tasks.send_feedback",
    "control": "reconciliation.tasks.run_fixes",
}
_resting_until = 0.0
#: replaced in tests and in the simulator
muted = False


def nudge(*queues: str) -> None:
    """Say after commit that these queues have work."""
    if not muted:
        for queue in dict.fromkeys(queues):
            transaction.on_commit(lambda queue=queue: _send(queue))


def _send(queue: str) -> None:
    global _resting_until
    if time.monotonic() < _resting_until:
        return
    try:
        current_app.send_task(TASKS[queue], queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the work is in the database
        _resting_until = time.monotonic() + _REST
        log.warning("nudge to %s was lost: %s", queue, error)

"""Nudges to the task queues: after commit, gathered, never needed, never in the way. The sweeper finds what a
lost one meant.
"""

import logging
import threading
import time
from functools import partial

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

#: nudges of one process to one queue within this many machine seconds become one, so that a burst is worked together
GATHER = 0.05
#: after a failed nudge the broker is left alone this long (machine seconds), so that callers stay fast
REST = 2.0
#: queue -> the task that works it
TASKS = {
    "ingest": "sync.tasks.read_inbox",
    "deliver": "sync.tasks.carry_deliver",
    "posting": "sync.tasks.carry_posting",
    "usage": "sync.tasks.work_usage",
    "notify": "sync.tasks.send_feedback",
    "control": "reconciliation.tasks.run_fixes",
}
#: replaced in tests and in the simulator
muted = False

_lock = threading.Lock()
_gathering: set[str] = set()
_resting_until = 0.0


def nudge(*queues: str) -> None:
    """Say after commit that these queues have work."""
    if not muted:
        for queue in dict.fromkeys(queues):
            transaction.on_commit(partial(_gather, queue))


def _gather(queue: str) -> None:
    with _lock:
        if queue in _gathering or time.monotonic() < _resting_until:
            return
        _gathering.add(queue)
    timer = threading.Timer(GATHER, _send, [queue])
    timer.daemon = True
    timer.start()


def _send(queue: str) -> None:
    global _resting_until
    with _lock:
        _gathering.discard(queue)
    try:
        current_app.send_task(TASKS[queue], queue=queue, retry=False)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the work is in the database
        _resting_until = time.monotonic() + REST
        log.warning("nudge to %s was lost: %s", queue, error)

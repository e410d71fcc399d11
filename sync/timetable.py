"""Runs the timetable in this process: what beat and the broker would have nudged happens without them, too.

The timetable is the task app's own; each job claims its windows or its rows in the database, so that beats, workers and
this together do each thing once.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from celery import current_app
from django.db import close_old_connections, connections
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)
#: done by the sweeper itself, between looking for work that lies
SWEEP = "sync.tasks.sweep"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the timetable."""

    name: str
    #: seconds between two runs
    every: float
    run: Callable[[], None]


def entries() -> list[Entry]:
    """Every job of the timetable but sweeping, ready to be called here."""
    return [
        # a task's name is where it is
        Entry(name=name, every=float(line["schedule"]), run=import_string(line["task"]).run)
        for name, line in current_app.conf.beat_schedule.items()
        if line["task"] != SWEEP
    ]


def run(entry: Entry) -> bool:
    """Do one job now; whatever goes wrong is logged, and the next time comes. False when it went wrong."""
    try:
        entry.run()
    except Exception:
        log.exception("%s: failed, and is done again at its next time", entry.name)
        return False
    return True


def keep_running(found: list[Entry], ending: threading.Event) -> list[threading.Thread]:
    """Begin a thread per job, so that a long one holds up no other; they end soon after `ending` is set."""

    def again_and_again(entry: Entry) -> None:
        while not ending.is_set():
            # a connection the database has dropped meanwhile is left behind
            close_old_connections()
            run(entry)
            ending.wait(entry.every)
        connections.close_all()

    threads = [threading.Thread(target=again_and_again, args=[entry], name=entry.name, daemon=True) for entry in found]
    for thread in threads:
        thread.start()
    return threads

"""manage.py sweeper: finds due rows and ended leases and keeps the timetable, for ever, with or without a broker."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, close_old_connections

from sync import sweeper, timetable

log = logging.getLogger(__name__)
#: a job under way is waited for this long at the end (machine seconds); what is cut off is taken up again
GRACE = 20.0


class Command(BaseCommand):
    help = "Sweep and keep the timetable for ever: with beat and broker gone everything still completes, slower."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between passes")
        parser.add_argument("--once", action="store_true", help="one pass and every job once, for cron")

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = timetable.entries()
        if options["once"]:
            sweeper.sweep()
            for job in jobs:
                timetable.run(job)
            while sweeper.carry_what_lies():
                pass
            return
        ending = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ending.set())
        threads = timetable.keep_running(jobs, ending)
        while not ending.is_set():
            try:
                sweeper.sweep()
                while sweeper.carry_what_lies() and not ending.is_set():
                    pass
            except OperationalError as error:
                log.warning("the database is away: %s", error)
                close_old_connections()
            except Exception:
                # whatever it is, the next pass may do better; without sweeping nothing heals
                log.exception("a pass failed")
            ending.wait(options["every"])
        for thread in threads:
            thread.join(timeout=GRACE)

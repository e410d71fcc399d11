"""manage.py sweeper: finds due rows and ended leases for ever, with or without a broker."""

import logging
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, close_old_connections

from sync import doubt, sweeper

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Sweep for ever: with the broker gone everything still completes, slower."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between passes")
        parser.add_argument("--once", action="store_true", help="one pass, for cron")

    def handle(self, *args: Any, **options: Any) -> None:
        going = True

        def stop(*_: Any) -> None:
            nonlocal going
            going = False

        signal.signal(signal.SIGTERM, stop)
        while going:
            try:
                sweeper.sweep()
                while sweeper.carry_what_lies() and going:
                    pass
                doubt.clear_due()
                sweeper.send_feedback()
            except OperationalError as error:
                log.warning("the database is away: %s", error)
                close_old_connections()
            if options["once"]:
                return
            time.sleep(options["every"])

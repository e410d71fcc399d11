"""manage.py demo_clock: lets time pass at Stripe while people use the demo, so that what they release is
billed within moments.
"""

import logging
import signal
import time
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections

from q2c_portal.local import days
from sync.models import Connection

log = logging.getLogger(__name__)
#: machine seconds between two looks
EVERY = 3.0


class Command(BaseCommand):
    help = "Move Stripe's test clock on while drafts wait, then ask the day's controls again. Only under make run."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's clock exists only under make run (Q2C_DEMO=1).")
        self.going = True
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "going", False))
        while self.going:
            time.sleep(EVERY)
            try:
                self.look()
            except (Error, httpx.HTTPError, RuntimeError, TimeoutError, OSError) as error:
                log.warning("the demo's clock waits: %s", error)
                close_old_connections()

    def look(self) -> None:
        """One look; does nothing while the demo or the story moves time itself."""
        with days.moving_time(wait=False) as mine:
            if not mine or not Connection.objects.filter(code="stripe", settings__has_key="test_clock").exists():
                return
            world = days.World.meet()
            if days.under_way() or not days.issue_drafts(world):
                return
            days.come_to_rest(world)
            days.ask_controls(world)

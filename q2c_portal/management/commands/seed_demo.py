"""manage.py seed_demo: a case of every reason in the running demo, each from its real cause. Only under make run."""

from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from q2c_portal.local import days
from q2c_portal.local.troubles.registry import TROUBLES
from q2c_portal.local.troubles.stage import Stage
from q2c_portal.local.troubles.trouble import Trouble
from reconciliation.models import ExceptionCase
from sync.catalogue import reason


class Command(BaseCommand):
    help = "Let something go wrong for every reason of the catalogue, as it does in life. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", nargs="+", default=None, metavar="REASON", help="only these reasons")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo exists only under make run (Q2C_DEMO=1).")
        only = options["only"]
        chosen = [one for one in TROUBLES if only is None or one.reason in only]
        console, missing = Console(), []
        with days.moving_time():
            stage = Stage(world=days.World.meet())
            with stage.short_drafts():
                for trouble in chosen:
                    case = stage.open(trouble.reason) or _play(trouble, stage, console)
                    if case is None:
                        missing.append(trouble.reason)
                    number = case.number if case else "not shown"
                    words = f"{reason(trouble.reason).title}: {trouble.story}"
                    console.print(f"{trouble.reason:<30} {number:<10} {words}")
        console.print(f"\n{len(chosen) - len(missing)} of {len(chosen)} reasons have an open case.")
        if missing:
            raise CommandError(f"No case came of {', '.join(missing)}.")


def _play(trouble: Trouble, stage: Stage, console: Console) -> ExceptionCase | None:
    """Let it happen; what could not be played is said, and the next one is."""
    try:
        trouble.cause(stage)
        stage.rest()
    except (RuntimeError, TimeoutError, LookupError, StopIteration, httpx.HTTPError) as error:
        console.print(f"{trouble.reason}: {type(error).__name__}: {error}")
    return stage.open(trouble.reason)

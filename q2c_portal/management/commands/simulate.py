"""manage.py simulate: the product against seeded faults, in a database of its own; its checker trusts nobody."""

import json
import os
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Play seeded flows with faults in a throw-away database and count broken promises."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="the first seed")
        parser.add_argument("--seeds", type=int, default=1, help="how many seeds, one after another")
        parser.add_argument("--flows", type=int, default=40, help="deals per seed")
        parser.add_argument("--faults", default="all", help="all, none, or names joined by commas")
        parser.add_argument("--plant", default="", help="a planted bug, to see it caught")
        parser.add_argument("--crash-points", action="store_true", help="die once at every boundary of every phase")
        parser.add_argument("--phase", default="", help="with --crash-points: only phases whose name has this")
        parser.add_argument("--times", type=int, default=1, help="with --crash-points: so many deaths per boundary")
        parser.add_argument("--json", action="store_true", help="one JSON line per seed")

    def handle(self, *args: Any, **options: Any) -> None:
        needed = {"PYTHONHASHSEED": "0", "Q2C_TESTING": "1"}
        if any(os.environ.get(name) != value for name, value in needed.items()):
            # the order of sets is chance too: the same seed must give the same run; and only under test settings does
            # the door know the name the simulated callers use
            os.environ.update(needed)
            os.execv(sys.executable, [sys.executable, *sys.argv])
        try:
            from tests.chaos import mishaps, planted, simulator
        except ImportError as error:
            raise CommandError("The simulator lives in tests/, which is not installed here.") from error
        try:
            chosen = mishaps.named(options["faults"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        broken = 0
        if options["crash_points"]:
            self._sweep(options)
            return
        with simulator.template() as empty:
            for seed in range(options["seed"], options["seed"] + options["seeds"]):
                with simulator.throw_away(empty), planted.bug(options["plant"]):
                    report = simulator.run(seed, options["flows"], chosen)
                broken += len(report.violations)
                self.stdout.write(
                    json.dumps(asdict(report), default=str) if options["json"] else simulator.as_text(report)
                )
                self.stdout.flush()
        if broken:
            raise CommandError(f"violations: {broken}")

    def _sweep(self, options: dict[str, Any]) -> None:
        from tests.chaos import planted, simulator, sweep

        with simulator.template() as empty, simulator.throw_away(empty), planted.bug(options["plant"]):
            found = sweep.Sweep(options["seed"]).run(only=options["phase"], times=options["times"])
        self.stdout.write(json.dumps(asdict(found)) if options["json"] else sweep.as_text(found))
        if found.violations:
            raise CommandError(f"violations: {len(found.violations)}")

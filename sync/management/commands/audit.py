"""manage.py audit: seal the journal, anchor it outside the database, verify the whole chain."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync import anchors, clock, sealing, verifying


class Command(BaseCommand):
    help = "The audit trail: verify recomputes the whole chain of the journal and exits with 1 when it is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        verify = steps.add_parser("verify", help="recompute the whole chain, hold it against the anchors")
        verify.add_argument("--json", action="store_true", help="the result as one JSON object")
        verify.add_argument("--by", default="a command", help="who asks; kept with the result")
        steps.add_parser("seal", help="seal what waits, now")
        steps.add_parser("anchor", help="write the newest seal to the anchors, now")

    def handle(self, *args: Any, **options: Any) -> None:
        {"verify": self._verify, "seal": self._seal, "anchor": self._anchor}[options["step"]](options)

    def _verify(self, options: dict[str, Any]) -> None:
        _, found = verifying.check(by=options["by"])
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json()))
        else:
            self.stdout.write(found.words)
            waits = f"Sealed and recomputed: {found.entries:,}. Waiting for a seal: {found.waiting:,}"
            if found.oldest_waiting_at:
                seconds = (clock.now() - found.oldest_waiting_at).total_seconds()
                waits += f", the oldest for {max(seconds, 0):,.0f} s"
            self.stdout.write(f"{waits}.")
        if not found.is_good:
            raise CommandError("The journal is not as it was written.")

    def _seal(self, options: dict[str, Any]) -> None:
        done = 0
        while sealed := sealing.seal_due():
            done += sealed
        self.stdout.write(f"Sealed now: {done:,}.")

    def _anchor(self, options: dict[str, Any]) -> None:
        found = anchors.anchor()
        if found is None:
            raise CommandError("Nothing is sealed yet, so there is nothing to anchor.")
        self.stdout.write(f"Number {found.number:,} is anchored with {found.sha256}.")

"""manage.py run_controls: run what is due, or one business date now."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.controls import runner
from reconciliation.controls.registry import CONTROLS
from sync import clock
from sync.models import LegalEntity


class Command(BaseCommand):
    help = "Run the controls that are due; with --now those of the entity's business date, reading open periods again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now", action="store_true", help="the current business date, looking back over open periods"
        )
        parser.add_argument("--date", help="one business date, YYYY-MM-DD")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["now"] and not options["date"]:
            self.stdout.write(f"{runner.run_due()} runs were due.")
            return
        for entity in LegalEntity.objects.all():
            try:
                day = date.fromisoformat(options["date"]) if options["date"] else clock.business_date(entity)
            except ValueError as error:
                raise CommandError("--date: give a date such as 2026-01-31.") from error
            for name in (control.name for control in CONTROLS.values() if runner.is_connected(control, entity)):
                row = runner.run(name, entity=entity, business_date=day, look_back=options["now"])
                self.stdout.write(f"{CONTROLS[name].title}: {row.get_status_display()} {row.trouble}")

"""manage.py import_rows: try out a CSV file against a table, and draft it where it has no problems."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation import approvals
from reconciliation.governance import changes, files, impact
from reconciliation.governance.tables import TABLES


class Command(BaseCommand):
    help = "Try out a CSV file of mappings, tax rows or rates; with --draft-as, draft it for another person to approve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", choices=sorted(TABLES))
        parser.add_argument("file", type=Path)
        parser.add_argument("--draft-as", default="", help="the person who drafts; without it nothing is written")
        parser.add_argument("--because", default="", help="why, for the person who approves")

    def handle(self, *args: Any, **options: Any) -> None:
        table, path = TABLES[options["table"]], options["file"]
        try:
            with path.open("rb") as file:
                tried = files.try_out(table, file.read(files.MOST_BYTES + 1))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        for problem in tried.problems:
            self.stderr.write(f"row {problem.row}, {problem.field or 'file'}: {problem.text} ({problem.value})")
        if not tried.is_good:
            raise CommandError(f"{len(tried.problems)} problems; nothing was written.")
        touched = impact.of(table, tried.rows)
        self.stdout.write(
            f"{len(tried.rows)} good rows. They let go {touched.waiting} waiting objects; {touched.deals} deals and"
            f" {touched.invoices} invoices fall in their time."
        )
        if not options["draft_as"]:
            return
        user = User.objects.filter(username=options["draft_as"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['draft_as']}.")
        try:
            change = changes.draft(tried, user=user, source=path.name, because=options["because"])
        except (approvals.Refused, approvals.Changed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{change.number} waits for a second person.")

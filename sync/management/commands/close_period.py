"""manage.py close_period: close a posting period from here in two steps, or open it again."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sync import closing
from sync.models import AccountingPeriod


class Command(BaseCommand):
    help = "Begin to close a period (nothing new is posted into it), finish once nothing is under way, or reopen it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("step", choices=["begin", "finish", "reopen"])
        parser.add_argument("entity", help="code of the company, e.g. US01")
        parser.add_argument("month", help="a day or month of the period, e.g. 2026-05")
        parser.add_argument("--by", required=True, help="your user name; the journal keeps it")
        parser.add_argument("--connection", default="", help="code of the ERP, where the company has several")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["by"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['by']}.")
        period = self._period(options)
        try:
            if options["step"] == "finish":
                left = closing.finish_close(period, user=user)
                if left:
                    names = "\n".join(f"  {row.title or row.reference}: {row.get_condition_display()}" for row in left)
                    raise CommandError(f"Not closed yet. Still under way ({len(left)}):\n{names}")
            else:
                {"begin": closing.begin_close, "reopen": closing.reopen}[options["step"]](period, user=user)
        except closing.NotNow as no:
            raise CommandError(str(no)) from no
        period.refresh_from_db()
        self.stdout.write(f"{period} (by {user.username})")

    def _period(self, options: dict[str, Any]) -> AccountingPeriod:
        day = options["month"] if len(options["month"]) > 7 else f"{options['month']}-01"
        found = AccountingPeriod.objects.filter(
            entity__code=options["entity"], module="ar", starts_on__lte=day, ends_on__gte=day
        )
        if options["connection"]:
            found = found.filter(connection__code=options["connection"])
        rows = list(found.select_related("entity", "connection")[:2])
        if len(rows) != 1:
            what = "Several ERPs have that period; name one with --connection." if rows else "There is no such period."
            raise CommandError(what)
        return rows[0]

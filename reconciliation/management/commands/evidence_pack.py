"""manage.py evidence_pack: write everything of a company's days into one file for auditors."""

from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reconciliation.evidence import pack
from sync.models import LegalEntity


class Command(BaseCommand):
    help = "Write an evidence pack of a company's days and print where it is and its SHA-256."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("entity", help="code of the company, e.g. US01")
        parser.add_argument("first", type=date.fromisoformat, help="first day, e.g. 2026-05-01")
        parser.add_argument("last", type=date.fromisoformat, help="last day, e.g. 2026-05-31")
        parser.add_argument("--by", required=True, help="your user name; the journal keeps it")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["by"], is_active=True).first()
        company = LegalEntity.objects.filter(code=options["entity"]).first()
        if user is None:
            raise CommandError(f"There is no active user {options['by']}.")
        if company is None:
            raise CommandError(f"There is no company {options['entity']}.")
        try:
            row = pack.ask(entity=company, first=options["first"], last=options["last"], user=user)
        except pack.NotAllowed as error:
            raise CommandError(str(error)) from error
        pack.make_due()
        row.refresh_from_db()
        if row.status != row.Status.READY:
            raise CommandError(f"It could not be written: {row.trouble}")
        self.stdout.write(f"{pack.folder() / row.name}\n{row.sha256}")

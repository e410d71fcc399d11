"""manage.py cases: the open problems, as a table for people or as JSON for machines."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reconciliation import open_problems


class Command(BaseCommand):
    help = "List open problems: code, title, owner, count, money."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="a list of problems, money as text per currency")

    def handle(self, *args: Any, **options: Any) -> None:
        found = open_problems.open_problems()
        if options["json"]:
            self.stdout.write(json.dumps([one.as_data() for one in found], indent=1))
            return
        if not found:
            self.stdout.write("No open cases.")
            return
        line = "{:<9}{:<44}{:<22}{:>7}  {}"
        self.stdout.write(line.format("problem", "title", "owner", "cases", "money"))
        for one in found:
            money = ", ".join(f"{currency} {amount}" for currency, amount in one.money.items()) or "-"
            waiting = (
                f"  (+{one.waiting_count} waiting: {', '.join(f'{c} {a}' for c, a in one.waiting_money.items())})"
                if one.waiting_count
                else ""
            )
            self.stdout.write(line.format(one.number, one.title[:43], one.owner, one.count, money + waiting))

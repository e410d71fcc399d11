"""manage.py tie_out: both legs as a table for people, or as JSON for machines."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reconciliation import tie_out

LEGS = {
    "sold_to_billed": "Sold to billed",
    "billed_to_posted": "Billed to posted",
    tie_out.OWN_MONEY: "In the company's own money, at the rates the ERP posted with (documents of other currencies)",
}


class Command(BaseCommand):
    help = "Show whether the money ties out, on both legs, from the newest readings of the controls."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="a list of rows, money as text")
        parser.add_argument("--months", action="store_true", help="the table month by month")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [*tie_out.rows(), *tie_out.own_money_rows()]
        if options["json"]:
            self.stdout.write(json.dumps([row.as_data() for row in rows], indent=1))
            return
        if not rows:
            self.stdout.write("No control has read anything yet. Run the controls first: manage.py run_controls")
            return
        heads = ("entity", "kind", "period", "cur", "left", "right", "explained", "held", "in flight", "unexplained")
        line = "{:<8}{:<10}{:<9}{:<5}{:>17}{:>17}{:>16}{:>12}{:>12}{:>14}"
        for leg, title in LEGS.items():
            mine = [row for row in rows if row.leg == leg]
            if not mine and leg == tie_out.OWN_MONEY:
                continue
            self.stdout.write(f"\n{title}")
            self.stdout.write(line.format(*heads))
            for row in (mine if options["months"] else []) + tie_out.totals(mine):
                money = (
                    f"{value:,.2f}"
                    for value in (row.left, row.right, row.explained, row.held, row.in_flight, row.unexplained)
                )
                self.stdout.write(line.format(row.entity, row.kind, row.period, row.currency, *money))

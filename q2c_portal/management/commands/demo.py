"""manage.py demo: the sample company, set up and lived through to where people begin. Only under make run."""

import json
import os
import time
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from q2c_portal.local import company, days, loading, people, pipeline
from q2c_portal.local.sandboxes import SalesforceAdmin
from sync import clock

#: won deals against a real ERP on somebody's machine
SLICE = 20


class Command(BaseCommand):
    help = "Set up the demo company and play its pipeline through to where people begin. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--won", type=int, default=None, help="only the last so many won deals")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo exists only under make run (Q2C_DEMO=1).")
        started = time.monotonic()
        erp = os.environ.get("Q2C_ERP") or "netsuite"
        rows, today = _pipeline(options["won"], erp=erp)
        console = Console()
        console.print(
            f"Sample pipeline: {len(rows.accounts)} accounts, {len(rows.deals)} opportunities, {len(rows.won)} won; "
            f"all dates moved by {rows.shift_weeks} weeks ({rows.first_day} to {rows.last_day})."
        )
        connections = company.set_up(rows, urls=_urls(erp))
        with _progress(console) as progress:
            bar = progress.add_task("Loading Salesforce", total=None)
            loading.load(
                SalesforceAdmin(connections["salesforce"].base_url),
                rows,
                today=today,
                told=lambda _, done, total: progress.update(bar, completed=done, total=total),
            )
            progress.update(bar, completed=1, total=1)
            with days.moving_time():
                _live(rows, today, progress)
        console.print(f"The story stands where people begin, after {time.monotonic() - started:.0f} seconds.\n")
        _tell(console, rows)


def _pipeline(most_won: int | None, *, erp: str) -> tuple[pipeline.Pipeline, date]:
    """The pipeline as it was at the first start, so that a repeat on another day changes nothing."""
    stored = settings.STATE_DIR / "story.json"
    if stored.exists():
        kept = json.loads(stored.read_text())
        begun = kept.get("erp", "netsuite")
        if begun != erp:
            raise CommandError(f"This company keeps its books in {begun}, not {erp}. Forget its data first: make reset")
        today = date.fromisoformat(kept["today"])
        return pipeline.read(today=today, shift_weeks=kept["shift_weeks"], most_won=kept.get("most_won")), today
    today = clock.now().date()
    most_won = most_won or (SLICE if erp == "tryton" else None)
    rows = pipeline.read(today=today, most_won=most_won)
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    kept = {"today": today.isoformat(), "shift_weeks": rows.shift_weeks, "most_won": most_won, "erp": erp}
    stored.write_text(json.dumps(kept))
    return rows, today


def _urls(erp: str) -> dict[str, str]:
    names = {system: f"{system.upper()}_URL" for system in ("salesforce", "stripe", erp)}
    missing = [name for name in names.values() if name not in os.environ]
    if missing:
        raise CommandError(f"{', '.join(missing)} not set: start the demo with make run.")
    return {system: os.environ[name] for system, name in names.items()}


def _live(rows: pipeline.Pipeline, today: date, progress: Progress) -> None:
    world = days.World.meet()
    first = world.entity.business_date or rows.first_day
    count = (today - first).days + 1
    bar = progress.add_task("Business days", total=count)
    days.live_on(
        world,
        rows,
        today=today,
        told=lambda day: progress.update(bar, description=f"Business day {day}", completed=(day - first).days),
    )
    progress.update(bar, description="Controls of the last day", completed=count)
    days.settle_controls(world)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def _tell(console: Console, rows: pipeline.Pipeline) -> None:
    known, logins = {product.name for product in rows.products}, people.logins()
    unmapped = sum(deal.product not in known for deal in rows.won)
    console.print("Sign in as (password beside it):")
    for name, role in people.PEOPLE.items():
        console.print(f"  {name:<18} {logins[name]:<16} {role}")
    console.print(
        f"\nOpen {settings.PORTAL_URL}/ and begin with billing.ops: one product name holds up {unmapped} deals."
    )

"""manage.py demo: the sample company, set up and lived through to where people begin. Only under make run."""

import json
import os
import time
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from q2c_portal.local import company, days, loading, people, pipeline
from q2c_portal.local.sandboxes import SalesforceAdmin
from sync import clock
from sync.models import LegalEntity


class Command(BaseCommand):
    help = "Set up the demo company and play its pipeline through to where people begin. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--won", type=int, default=None, help="only the last so many won deals")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo exists only under make run (Q2C_DEMO=1).")
        started = time.monotonic()
        most_won = options["won"] or (20 if os.environ.get("Q2C_ERP") == "tryton" else None)
        rows, today = _pipeline(most_won)
        console = Console()
        console.print(
            f"Sample pipeline: {len(rows.accounts)} accounts, {len(rows.deals)} opportunities, {len(rows.won)} won; "
            f"all dates moved by {rows.shift_weeks} weeks ({rows.first_day} to {rows.last_day})."
        )
        logins = people.make_people()
        entity = company.set_up_entity(rows)
        connections = company.set_up_connections(entity, rows, urls=_urls())
        company.set_up_mappings(entity, rows)
        company.set_up_stripe(connections["stripe"], rows)
        company.set_up_erp(connections, rows)
        with _progress(console) as progress:
            bar = progress.add_task("Loading Salesforce", total=None)
            _load(rows, today, connections, lambda _, done, total: progress.update(bar, completed=done, total=total))
            progress.update(bar, completed=1, total=1)
            with days.moving_time():
                _live(rows, today, progress)
        console.print(f"The story stands where people begin, after {time.monotonic() - started:.0f} seconds.\n")
        _tell(console, logins)


def _pipeline(most_won: int | None) -> tuple[pipeline.Pipeline, date]:
    """The pipeline by the shift stored at the first start, so that a repeat on another day changes nothing."""
    stored = settings.STATE_DIR / "story.json"
    if stored.exists():
        kept = json.loads(stored.read_text())
        today = date.fromisoformat(kept["today"])
        return pipeline.read(today=today, shift_weeks=kept["shift_weeks"], most_won=most_won), today
    today = clock.now().date()
    rows = pipeline.read(today=today, most_won=most_won)
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    stored.write_text(json.dumps({"today": today.isoformat(), "shift_weeks": rows.shift_weeks}))
    return rows, today


def _urls() -> dict[str, str]:
    missing = [name for name in ("SALESFORCE_URL", "STRIPE_URL") if name not in os.environ]
    if missing:
        raise CommandError(f"{', '.join(missing)} not set: start the demo with make run.")
    return {name: os.environ[f"{name.upper()}_URL"] for name in ("salesforce", "stripe", "netsuite") if f"{name.upper()}_URL" in os.environ}


def _load(rows: pipeline.Pipeline, today: date, connections: dict, told: loading.Told) -> None:
    salesforce = SalesforceAdmin(connections["salesforce"].base_url)
    loading.load_catalogue(salesforce, rows)
    company.set_up_salesforce_calls(connections["salesforce"])
    loading.load_accounts(salesforce, rows)
    loading.load_deals(salesforce, rows, told=told, today=today)


def _live(rows: pipeline.Pipeline, today: date, progress: Progress) -> None:
    world = days.World.meet()
    wins, losses = loading.by_day(world.salesforce, rows)
    entity = LegalEntity.objects.get(code=company.ENTITY)
    first = entity.business_date or rows.first_day
    bar = progress.add_task("Business days", total=(today - first).days + 1)
    days.come_to_rest(world)
    day = first
    while day <= today:
        late = [change for on in list(wins) if on <= day for change in wins.pop(on)]
        lost = [change for on in list(losses) if on <= day for change in losses.pop(on)]
        progress.update(bar, description=f"Business day {day}")
        days.live_through(world, day, wins=late, losses=lost)
        if day < today:
            days.end_day(world, day)
        progress.advance(bar)
        day += timedelta(days=1)
    progress.update(bar, description="Controls of the last day")
    days.settle_controls(world)


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)


def _tell(console: Console, logins: dict[str, str]) -> None:
    console.print("Sign in as (password beside it):")
    for name, role in people.PEOPLE.items():
        console.print(f"  {name:<18} {logins[name]:<16} {role}")
    console.print(f"\nOpen {settings.PORTAL_URL}/ and begin with billing.ops: one product name holds up 729 deals.")

"""One chaos run against a started stack: the company is set up, lives its days under faults and kills, and rests.

Needs Django set up in the environment of that stack. What the outside world does (sellers, Stripe's clock, moving
customers) goes straight to the sandboxes; every call of the portal, and every call to it, goes through the proxy.
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx
import psycopg
from django.conf import settings
from django.db import Error, connections

from q2c_portal.local import company, days, environment, loading, pipeline
from q2c_portal.local.sandboxes import NetSuiteAdmin, SalesforceAdmin, StripeWorld
from q2c_portal.local.state_dir import StateDir, write_json
from sync.models import LegalEntity
from tests.chaos import faults
from tests.chaos.kills import Killer
from tests.chaos.proxy import FaultProxy

T = TypeVar("T")
#: business days after the last deal: Stripe's customers pay after fourteen
DAYS_OF_PAYMENT = 15
#: what may go wrong for the outside world while PostgreSQL is down; it tries again
PASSING = (Error, psycopg.Error, httpx.HTTPError, RuntimeError, OSError)
SYSTEMS = ("salesforce", "stripe", "netsuite")


@dataclass(kw_only=True)
class Options:
    """What was asked for."""

    seed: int
    deals: int
    #: how long the story is to last, machine minutes
    minutes: float
    kills: int
    #: seconds the engine has to come to rest once faults and kills have ended
    patience: float = 900.0
    weights: dict[str, float] = field(default_factory=lambda: dict(faults.USUAL))


@dataclass
class Session:
    """The run; `play` does all of it, and leaves what the checker needs in its fields."""

    state: StateDir
    options: Options
    proxy: FaultProxy
    say: Callable[[str], None]
    cities: dict[str, str] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.addresses = environment.recorded(self.state)
        self.control = self.state.path / "faults.json"
        self.calls = self.state.path / "acknowledged.jsonl"
        self.random = Random(f"world:{self.options.seed}")
        # three weeks back, so that the last deals have been paid when the story ends
        self.rows = pipeline.read(today=date.today() - timedelta(weeks=3), most_won=self.options.deals)

    def play(self) -> None:
        """Set up, live under disturbance, end it, come to rest, run the controls."""
        self.set_up()
        killer = Killer(
            state=self.state,
            seed=self.options.seed,
            most=self.options.kills,
            every=max(0.2, self.options.minutes * 60 * 0.8 / max(1, self.options.kills)),
            under_way=self.under_way,
        )
        self.disturb(on=True)
        if self.options.kills:
            killer.start()
        since = time.monotonic()
        try:
            self.live(killer)
        finally:
            killer.stop()
            self.disturb(on=False)
        self.figures |= {
            "story seconds": round(time.monotonic() - since),
            "kills": killer.counts(),
            "kills that met work in hand": killer.busy_counts(),
            "seconds until back (worst)": {name: round(max(took), 1) for name, took in killer.back_after.items()},
            "faults": {name: dict(counts) for name, counts in self.proxy.counts().items()},
        }
        self.troubles += killer.troubles
        self.come_to_rest()
        self.persist(lambda: days.settle_controls(self.world), patience=300)

    # -- before -----------------------------------------------------------------------------------
    def set_up(self) -> None:
        """The company behind the proxies, with no faults yet."""
        self.disturb(on=False)
        direct = {name: self.addresses[f"{name.upper()}_URL"] for name in SYSTEMS}
        behind = {name: self.proxy.listen(name, upstream=direct[name]) for name in SYSTEMS}
        # what vendors are told to call
        settings.PORTAL_URL = self.proxy.listen("portal", upstream=self.addresses["WEB_URL"], journal=self.calls)
        made = company.set_up(self.rows, urls=behind)
        self.world = days.World(
            entity=LegalEntity.objects.get(code=company.ENTITY),
            salesforce=SalesforceAdmin(direct["salesforce"]),
            stripe=StripeWorld(direct["stripe"]),
            netsuite=NetSuiteAdmin(direct["netsuite"]),
            clock=made["stripe"].settings["test_clock"],
        )
        loading.load(self.world.salesforce, self.rows, told=lambda *_: None, today=self.rows.last_day)
        days.come_to_rest(self.world)
        self.accounts = [row["Id"] for row in self.world.salesforce.query("SELECT Id FROM Account")]
        self.say(f"{len(self.rows.won)} deals between {self.rows.first_day} and {self.rows.last_day}; set up, at rest")

    def disturb(self, *, on: bool) -> None:
        """Turn the proxy's faults on or off."""
        write_json(self.control, {"on": on, "weights": {"*": self.options.weights}})

    # -- the story --------------------------------------------------------------------------------
    def live(self, killer: Killer) -> None:
        """Every business day, spread over the minutes; afterwards customers move until the last kill is done."""
        count = (self.rows.last_day - self.rows.first_day).days + DAYS_OF_PAYMENT + 1
        story = [self.rows.first_day + timedelta(days=number) for number in range(count)]
        won = Counter(deal.closes_on for deal in self.rows.won)
        # most of the time for the days deals are won and paid on
        weights = [1 + won[day] + won[day - timedelta(days=DAYS_OF_PAYMENT - 1)] for day in story]
        length = self.options.minutes * 60
        ends = time.monotonic()
        for day, weight in zip(story, weights, strict=True):
            ends += length * weight / sum(weights)
            self.one_day(day, ends=ends)
            kills = f"{len(killer.done)} kills" if self.options.kills else "no kills"
            self.say(f"{day}: {kills}, {self.under_way()} objects under way")
        ends += length / 2 + 60
        while self.options.kills and not killer.finished and time.monotonic() < ends:
            self.pass_time(until=time.monotonic() + 1)

    def one_day(self, day: date, *, ends: float) -> None:
        """A business day: deals are won a few at a time, customers move, invoices are issued and paid."""
        self.persist(lambda: self.reach(day, days.WINNING_HOUR))
        wins, losses = self.persist(lambda: loading.by_day(self.world.salesforce, self.rows))
        due = [change for on, changes in (*wins.items(), *losses.items()) if on <= day for change in changes]
        groups = [due[start : start + 3] for start in range(0, len(due), 3)]
        pause = max(0.0, ends - time.monotonic()) * 0.7 / (len(groups) + 1)
        for group in groups:
            self.world.salesforce.update("Opportunity", group)
            self.move_somebody()
            time.sleep(pause)
        self.pass_time(until=ends - (ends - time.monotonic()) / 2)
        self.persist(lambda: self.reach(day, days.EVENING_HOUR))
        self.pass_time(until=ends)
        self.persist(lambda: days.end_day(self.world, day))

    def reach(self, day: date, hour: int) -> None:
        """Business date and Stripe's clock come to this hour; the demo's own clock keeps off meanwhile."""
        with days.moving_time():
            days.set_business_date(self.world, day)
            self.world.stripe.advance(self.world.clock, company.at(day, hour))

    def move_somebody(self) -> None:
        """A customer moves house: state-like changes, of which the last one counts."""
        account = self.random.choice(self.accounts)
        city = f"City {self.random.randrange(10**6)}"
        self.world.salesforce.update("Account", [{"Id": account, "BillingCity": city}])
        self.cities[account] = city

    def pass_time(self, *, until: float) -> None:
        """Customers go on moving, so that kills meet work in hand on quiet days too."""
        while time.monotonic() < until:
            self.move_somebody()
            time.sleep(min(1.5, max(0.0, until - time.monotonic())))

    # -- afterwards -------------------------------------------------------------------------------
    def come_to_rest(self) -> None:
        """No more faults: everything in hand must come to an end. What does not is a trouble of its own."""
        since = time.monotonic()
        ends = since + self.options.patience
        told = 0.0
        while time.monotonic() < ends:
            self.call_again_now()
            left = self.under_way()
            waiting = self.persist(lambda: sum(one.health()["calls_waiting"] for one in self.world.sandboxes()))
            if time.monotonic() - told > 30:
                told = time.monotonic()
                self.say(f"coming to rest: {left} objects, {waiting} calls of vendors")
            if left == 0 and not waiting and not self.persist(self.issue_drafts):
                # once more, in case something was between two tables
                time.sleep(1.0)
                if self.under_way() == 0:
                    self.figures["seconds to rest"] = round(time.monotonic() - since, 1)
                    return
            time.sleep(0.5)
        self.figures["seconds to rest"] = None
        self.troubles.append(
            f"not at rest after {self.options.patience:.0f} s: {self.under_way()} objects, next due {self.next_due()}"
        )

    def issue_drafts(self) -> bool:
        """Let Stripe's hour pass for drafts of deals that came late; True when there were any."""
        with days.moving_time():
            self.world.entity.refresh_from_db()
            return days.issue_drafts(self.world)

    def call_again_now(self) -> None:
        """What a vendor's administrator does after an outage: resend what its own back-off would bring much later."""
        for sandbox in (self.world.salesforce, self.world.stripe):
            for call in self.persist(lambda one=sandbox: one.books("_outgoing")):
                if call["not_before"] > time.time() + 5:
                    with contextlib.suppress(RuntimeError):  # answered in this moment
                        sandbox.edit("_outgoing", call["id"], not_before=0.0)

    def persist(self, step: Callable[[], T], *, patience: float = 240.0) -> T:
        """Do something that needs the database; while it is away, again."""
        ends = time.monotonic() + patience
        while True:
            try:
                return step()
            except PASSING:
                connections.close_all()
                if time.monotonic() > ends:
                    raise
                time.sleep(0.5)

    # -- questions --------------------------------------------------------------------------------
    def ask(self, question: str) -> list[tuple[Any, ...]] | None:
        """Rows over a connection of its own, None while the database is away."""
        try:
            with psycopg.connect(self.addresses["DATABASE_URL"], connect_timeout=2) as database:
                return database.execute(question).fetchall()
        except psycopg.Error:
            return None

    def under_way(self) -> int | None:
        """What the engine has in hand, feedback to the CRM left out; None while the database is away."""
        rows = self.ask(UNDER_WAY)
        return int(rows[0][0]) if rows else None

    def next_due(self) -> str:
        rows = self.ask(
            "SELECT min(due_at), max(due_at), string_agg(DISTINCT condition, ',') FROM sync_delivery"
            " WHERE condition IN ('due', 'claimed', 'in_doubt') AND role <> 'crm'"
        )
        return ", ".join(map(str, rows[0])) if rows else "unknown"


UNDER_WAY = """
SELECT (SELECT count(*) FROM sync_sourceevent WHERE condition IN ('due', 'claimed'))
     + (SELECT count(*) FROM sync_workitem WHERE condition IN ('due', 'claimed'))
     + (SELECT count(*) FROM sync_delivery WHERE condition IN ('due', 'claimed', 'in_doubt') AND role <> 'crm')
"""


def written(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal; a last line cut off by a kill is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found

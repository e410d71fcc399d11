"""Every crash point of every flow type: each phase of a deal's life is played once for each of its step boundaries,
and the process dies there.

The boundaries are not listed anywhere: a first play counts them, then one play per boundary dies at it; of a place that
is passed again and again, at so many of its boundaries, its first and its last among them.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from connectors.canonical import Payment
from tests.chaos import company as companies
from tests.chaos.afterlife import Afterlife, Life
from tests.chaos.checker import Checker
from tests.chaos.company import ENTITIES
from tests.chaos.crashes import Boundaries
from tests.chaos.engine import Engine
from tests.chaos.mishaps import NONE, Faults
from tests.chaos.people import People
from tests.chaos.remotes import Stage
from tests.chaos.simulator import commit, dsn
from tests.chaos.tale import Flow, Tale, record_id
from tests.chaos.world import World

log = logging.getLogger(__name__)
#: one that posts at once and one that posts later, neither of which honours request keys
ENTITIES_PLAYED = ("DE01", "JP01")
#: after which a play that has not come to rest counts as hung
PATIENCE = timedelta(hours=3)
#: deaths at one place of a play: what waits an hour passes the timetable's places thirty times, and dies of them alike
MOST_AT_A_PLACE = 8
#: until everything has happened that the later departments put off
LATE = timedelta(minutes=70)


@dataclass
class Coverage:
    """What a sweep covered and found."""

    #: phase -> number of boundaries
    boundaries: dict[str, int] = field(default_factory=dict)
    #: phase -> places where it died, and how often
    places: dict[str, dict[str, int]] = field(default_factory=dict)
    kills: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    commit: str = ""


class Sweep:
    """Plays phases in one database; every play has a deal of its own."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.stage = Stage(world=self.world, boundaries=Boundaries())
        self.engine = Engine(self.stage, dsn=dsn())
        self.number = 0
        #: number of a flow -> what its customer paid
        self.receipts: dict[int, Payment | None] = {}
        self.hangs = False

    def run(self, *, only: str = "", times: int = 1) -> Coverage:
        """Die once at every boundary of every phase, for each kind of ERP, so many times."""
        began = time.monotonic()
        found = Coverage(commit=commit())
        with self.engine.running(self.world.random.randint(1, 10**9)):
            self.company = companies.found(self.stage)
            for source in (self.company.crm, *(one.books for one in self.company.billing.values())):
                source.on_event = self.engine.hear
            for department in self.company.billing.values():
                department.runs_itself = False
            self.people = People(self.stage, self.company)
            self.tale = Tale(self.stage, self.company, self.people)
            self.engine.start(pace=4.0)
            self.people.start()
            for name, (play, entity) in plays().items():
                if only in name and not self.hangs:
                    self._phase(name, play, entity, times, found)
            checker = Checker(
                stage=self.stage,
                company=self.company,
                flows=self._told(),
                history=self.engine.history,
                dsn=dsn(),
                all_billed=False,
            )
            found.violations = checker.check().violations
            if self.hangs and not found.violations:
                found.violations.append("I11: something did not come to rest")
        found.seconds = time.monotonic() - began
        return found

    def _told(self) -> list[Flow]:
        """Flows as far as they were told: most phases stop before the second modification, some before the sale."""
        said = self.company.crm.now
        told = []
        for flow in self.tale.flows:
            contracts = tuple(one for one in flow.contracts if ("opportunity", record_id(one)) in said)
            told.append(replace(flow, contracts=contracts))
        return told

    def _phase(self, name: str, play: "Play", entity: str, times: int, found: Coverage) -> None:
        passed = self._once(play, entity, die_at=0)
        found.boundaries[name] = len(passed)
        for _ in range(times):
            for number in chosen(passed):
                if self.hangs:
                    break
                died = self._once(play, entity, die_at=number)[number - 1 :][:1]
                found.kills += len(died)
                places = found.places.setdefault(name, {})
                for place in died:
                    places[place] = places.get(place, 0) + 1
        log.info("%s: %s boundaries", name, len(passed))

    def _once(self, play: "Play", entity: str, *, die_at: int) -> list[str]:
        """Play it once and die at its boundary of this number, 0 for none; the places of all boundaries it passed."""
        self.number += 1
        flow = self.tale.make(self.number, entity=entity, modifications=2)
        self.tale.flows.append(flow)
        play.prepare(self, flow)
        self.rest()
        passed: list[str] = []

        def decide(number: int, place: str) -> bool:
            passed.append(place)
            return len(passed) == die_at

        self.stage.boundaries.decide = decide
        play.act(self, flow)
        self.rest()
        self.stage.boundaries.decide = None
        return passed

    def rest(self) -> None:
        """Until nothing moves; what hangs is found by the checker."""
        end = self.world.time + PATIENCE
        quiet = 0
        while quiet < 1 and self.world.time < end:
            self.world.run_until(self.world.time + timedelta(seconds=45))
            quiet = 0 if self.engine.has_work() else quiet + 1
        # what hangs would make every later rest as long as this one; the checker says what it was
        self.hangs = quiet < 1

    # -- what a deal's life is made of ---------------------------------------------------------------
    def save_customer(self, flow: Flow) -> None:
        self.company.crm.say("account", flow.customer.crm_account_id, flow.customer, revision=1)

    def win(self, flow: Flow, place: int = 1) -> None:
        contract = flow.contracts[place - 1]
        self.company.crm.say("opportunity", record_id(contract), contract, revision=1)

    def bill(self, flow: Flow) -> None:
        department = self.company.billing[ENTITIES[flow.entity][3]]
        department.bill(department.books.of(flow.contracts[0].reference)[0])

    def collect(self, flow: Flow) -> None:
        department = self.company.billing[ENTITIES[flow.entity][3]]
        for place, invoice in enumerate(department.issued, start=1):
            if invoice.contract_reference == flow.contracts[0].reference:
                department.collect(invoice, place)

    # -- what becomes of its invoice -----------------------------------------------------------------
    def later(self, flow: Flow) -> tuple[Afterlife, Life]:
        """The departments that come after billing, and the life of the flow's invoice."""
        department = self.company.billing[ENTITIES[flow.entity][3]]
        number, invoice = next(
            (place, invoice)
            for place, invoice in enumerate(department.issued, start=1)
            if invoice.contract_reference == flow.contracts[0].reference
        )
        return department.later, department.later.of(invoice, number, flow.entity)

    def pay(self, flow: Flow, *, extra: int = 0) -> None:
        later, life = self.later(flow)
        self.receipts[flow.number] = later.collect(life, life.open, extra=Decimal(extra))

    def credit(self, flow: Flow) -> None:
        later, life = self.later(flow)
        later.credit(life, Decimal(7))

    def void(self, flow: Flow) -> None:
        later, life = self.later(flow)
        later.void(life)

    def give_back(self, flow: Flow) -> None:
        """A credit of something that was paid, and the refund of it."""
        later, life = self.later(flow)
        memo = later.credit(life, Decimal(7), on_account=True)
        assert memo is not None
        later.refund(life, self._receipt(flow), Decimal(7), of=memo.reference)

    def refund_in_vain(self, flow: Flow) -> None:
        """What was paid too much goes back, comes home, and goes out once more."""
        later, life = self.later(flow)
        later.refund(life, self._receipt(flow), Decimal(9), comes_home=True)
        self.world.run_until(self.world.time + LATE)

    def dispute(self, flow: Flow, *, won: bool) -> None:
        later, life = self.later(flow)
        later.dispute(life, self._receipt(flow), won=won)
        self.world.run_until(self.world.time + LATE)

    def pay_out(self, flow: Flow) -> None:
        later, _ = self.later(flow)
        later.pay_out()

    def _receipt(self, flow: Flow) -> Payment:
        receipt = self.receipts[flow.number]
        assert receipt is not None
        return receipt


@dataclass(frozen=True, kw_only=True)
class Play:
    """A phase: what comes before it without deaths, and what happens in it."""

    prepare: Callable[[Sweep, Flow], None]
    act: Callable[[Sweep, Flow], None]


def _sold(sweep: Sweep, flow: Flow) -> None:
    sweep.save_customer(flow)
    sweep.win(flow)


def _billed(sweep: Sweep, flow: Flow) -> None:
    _sold(sweep, flow)
    sweep.rest()
    sweep.bill(flow)


def _paid(sweep: Sweep, flow: Flow) -> None:
    _billed(sweep, flow)
    sweep.rest()
    sweep.pay(flow)


def _overpaid(sweep: Sweep, flow: Flow) -> None:
    _billed(sweep, flow)
    sweep.rest()
    sweep.pay(flow, extra=9)


def _nothing(sweep: Sweep, flow: Flow) -> None:
    """A phase that begins with an empty page."""


def _with(faults: Faults, act: Callable[[Sweep, Flow], None]) -> Callable[[Sweep, Flow], None]:
    """The same while the remotes misbehave for a minute."""

    def play(sweep: Sweep, flow: Flow) -> None:
        sweep.stage.faults = faults
        act(sweep, flow)
        sweep.world.run_until(sweep.world.time + timedelta(seconds=20))
        sweep.stage.faults = NONE

    return play


def _close_the_month(sweep: Sweep, flow: Flow) -> None:
    """The ERP refuses, people move the posting; the month opens again afterwards for the next play."""
    books = sweep.company.erps[ENTITIES[flow.entity][4]]
    month = f"{sweep.world.time:%Y-%m}"
    books.closed_months.add(month)
    sweep.bill(flow)
    sweep.world.run_until(sweep.world.time + timedelta(minutes=15))
    books.closed_months.discard(month)


def _amend(sweep: Sweep, flow: Flow) -> None:
    sweep.win(flow, 2)


PHASES = {
    "customer_sync": Play(prepare=_nothing, act=Sweep.save_customer),
    "closed_won_to_billing": Play(prepare=Sweep.save_customer, act=Sweep.win),
    "deal before its customer": Play(
        prepare=_nothing, act=lambda sweep, flow: (sweep.win(flow), sweep.save_customer(flow))[0]
    ),
    "modification": Play(prepare=_sold, act=_amend),
    "invoice_to_erp": Play(prepare=_sold, act=Sweep.bill),
    "payment_to_erp and cash_application": Play(prepare=_billed, act=Sweep.collect),
    "answer lost": Play(prepare=_sold, act=_with(Faults(lost_answer=1.0), Sweep.bill)),
    "period closed": Play(prepare=_sold, act=_close_the_month),
    "credit memo": Play(prepare=_billed, act=Sweep.credit),
    "void": Play(prepare=_billed, act=Sweep.void),
    "credit of what was paid, and its refund": Play(prepare=_paid, act=Sweep.give_back),
    "refund that comes home": Play(prepare=_overpaid, act=Sweep.refund_in_vain),
    "dispute won": Play(prepare=_paid, act=lambda sweep, flow: sweep.dispute(flow, won=True)),
    "dispute lost": Play(prepare=_paid, act=lambda sweep, flow: sweep.dispute(flow, won=False)),
    "payout": Play(prepare=_paid, act=Sweep.pay_out),
}


def plays() -> dict[str, tuple[Play, str]]:
    """Every phase for each kind of ERP, by its name and the company's."""
    return {f"{name} {entity}": (play, entity) for name, play in PHASES.items() for entity in ENTITIES_PLAYED}


def chosen(places: Sequence[str]) -> list[int]:
    """Numbers of the boundaries to die at: all of a place, or so many of them, from its first to its last."""
    found: dict[str, list[int]] = {}
    for number, place in enumerate(places, start=1):
        found.setdefault(place, []).append(number)
    return sorted(number for numbers in found.values() for number in _spread(numbers))


def _spread(numbers: list[int]) -> list[int]:
    if len(numbers) <= MOST_AT_A_PLACE:
        return numbers
    step = (len(numbers) - 1) / (MOST_AT_A_PLACE - 1)
    return [numbers[round(place * step)] for place in range(MOST_AT_A_PLACE)]


def as_text(found: Coverage) -> str:
    """A sweep as people read it."""
    lines = [f"{found.kills} kills in {found.seconds:.0f} s"]
    for phase, count in found.boundaries.items():
        places = found.places.get(phase, {})
        lines.append(f"  {phase}: {count} boundaries, {len(places)} places")
    lines.append(f"violations: {len(found.violations)}")
    lines += [f"  {text}" for text in found.violations]
    return "\n".join(lines)

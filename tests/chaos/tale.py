"""What happens in the world: customers are saved and move, deals are won and modified, periods end."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from connectors.canonical import Address, ContractLine, Customer, SubscriptionContract
from tests.chaos.company import DIGITS, ENTITIES, Company
from tests.chaos.people import People
from tests.chaos.remotes import Stage

CURRENCIES = tuple(DIGITS)
CLOSED_IN_THE_ERP = ("erp-a", "erp-d")


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One deal and all that follows from it."""

    number: int
    entity: str
    currency: str
    customer: Customer
    #: modifications in order; the first is the sale
    contracts: tuple[SubscriptionContract, ...]
    moves: int


def account_id(number: int) -> str:
    return f"001{number:015d}"


def deal_id(number: int) -> str:
    return f"006{number:015d}"


def record_id(contract: SubscriptionContract) -> str:
    """What the CRM calls a modification: every one is a record of its own, so that calls may overtake each other."""
    number = contract.modification_number
    return contract.crm_opportunity_id if number == 1 else f"{contract.crm_opportunity_id}-{number}"


class Tale:
    """Makes flows and lets their events happen."""

    def __init__(self, stage: Stage, company: Company, people: People) -> None:
        self.stage, self.company, self.people = stage, company, people
        self.world, self.chance = stage.world, stage.world.random
        self.flows: list[Flow] = []

    def begin(self, count: int, *, spread: timedelta) -> None:
        """So many deals within this time, and the ends of the months as they come."""
        for number in range(1, count + 1):
            self.add(number, within=spread)
        for code, books in self.company.erps.items():
            # half of the controllers close March in the ERP, half in the portal; in the middle of the work, so that
            # some documents of March come too late
            close = self.world.time + spread * self.chance.uniform(0.8, 1.5)
            if code in CLOSED_IN_THE_ERP:
                self.world.at(close, f"{code} closes", lambda books=books: books.closed_months.add("2026-03"))
            else:
                self.world.at(close, f"{code} closes", lambda code=code: self.people.begin_to_close(code, "2026-03"))

    def add(self, number: int, *, within: timedelta = timedelta()) -> Flow:
        """A customer and a deal, said at some moment within the time given, the deal sometimes before the customer."""
        flow = self.make(number)
        self.flows.append(flow)
        faults, world, crm = self.stage.faults, self.world, self.company.crm
        start = world.time + world.seconds(0, within.total_seconds())
        account = flow.customer.crm_account_id
        world.at(start, "CRM", lambda: crm.say("account", account, flow.customer, revision=1))
        for move in range(2, flow.moves + 1):
            moved = replace(flow.customer, version=move, address=replace(flow.customer.address, city=f"City {move}"))
            when = start + world.seconds(60 * move, 60 * move + 2400)
            world.at(when, "CRM", lambda moved=moved, move=move: self._move(moved, move))
        won = start + world.seconds(-60, 300)
        for place, contract in enumerate(flow.contracts):
            when = won + timedelta(seconds=20 * place) + world.seconds(0, 10)
            world.at(
                when,
                "CRM",
                lambda contract=contract: crm.say("opportunity", record_id(contract), contract, revision=1),
            )
        if faults.by_hand and world.chance(faults.by_hand * 10):
            world.at(start + timedelta(hours=1), "by hand", lambda: self._enter_by_hand(flow))
        return flow

    def _move(self, moved: Customer, revision: int) -> None:
        # moves are saved at random moments; the CRM's own last word is the highest revision
        crm = self.company.crm
        current = crm.now.get(("account", moved.crm_account_id))
        if current and current[0].version >= revision:
            return
        crm.say("account", moved.crm_account_id, moved, revision=revision)

    def _enter_by_hand(self, flow: Flow) -> None:
        """Somebody at the ERP copies a customer the portal has put there."""
        books = self.company.erps[ENTITIES[flow.entity][4]]
        held = books.of(flow.customer.reference)
        if held:
            books.last_number += 1
            held_copy = replace(held[0], external_id=f"{books.code}-hand-{books.last_number}", by="hand")
            books.records[flow.customer.reference].append(held_copy)

    def make(self, number: int, *, entity: str = "", modifications: int = 0) -> Flow:
        """A customer and its contracts, not said yet."""
        faults, world = self.stage.faults, self.world
        entity = entity or self.chance.choice(sorted(ENTITIES))
        currency = self.chance.choice(CURRENCIES)
        country = ENTITIES[entity][0]
        same_side = [flow for flow in self.flows if flow.entity == entity]
        parent = self.chance.choice(same_side).customer.reference if same_side and world.chance(0.2) else ""
        account = account_id(number)
        customer = Customer(
            reference=f"customer:{account}",
            version=1,
            correlation_id=f"customer:{account}",
            crm_account_id=account,
            name=f"Customer {number}",
            parent_reference=parent,
            address=Address(country=country, city="City 1"),
            source_system="crm",
        )
        times = modifications or (self.chance.randint(2, 5) if world.chance(faults.modified) else 1)
        product = f"Basic {currency}" if not world.chance(faults.unmapped) else f"Bsaic {currency}"
        amount = self._money(currency)
        contracts = []
        for place in range(1, times + 1):
            contracts.append(self._contract(number, customer, currency, amount, product, place))
            amount += self._money(currency)
        moves = self.chance.randint(2, 10) if world.chance(faults.moved) else 1
        return Flow(
            number=number, entity=entity, currency=currency, customer=customer, contracts=tuple(contracts), moves=moves
        )

    def _money(self, currency: str) -> Decimal:
        digits = DIGITS[currency]
        return Decimal(self.chance.randint(1, 2_000_000)).scaleb(-digits)

    def _contract(
        self, number: int, customer: Customer, currency: str, amount: Decimal, product: str, place: int
    ) -> SubscriptionContract:
        signed = date(2026, 3, 30)
        ends = signed + timedelta(days=364)
        key = deal_id(number)
        line = ContractLine(
            line_id="1",
            crm_product=product,
            description="",
            quantity=Decimal(1),
            unit_price=amount,
            amount=amount,
            list_amount=Decimal(0),
            discount=Decimal(0),
            starts_on=signed,
            ends_on=ends,
        )
        return SubscriptionContract(
            reference=f"contract:{key}",
            version=place,
            correlation_id=f"deal:{key}",
            currency=currency,
            crm_opportunity_id=key,
            name=f"Deal {number}",
            customer_reference=customer.reference,
            modification_kind="new" if place == 1 else "upsell",
            modification_number=place,
            record_revision=place,
            signed_on=signed,
            starts_on=signed,
            ends_on=ends,
            amount=amount,
            lines=(line,),
            commitment=(("is_won", "true"), ("approval", "Approved")),
            source_system="crm",
        )

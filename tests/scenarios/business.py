"""A company small enough to see whole: a few deals on a few days, through real sandboxes, workers and people.

`test_closed_won_to_cash.py` plays the demo's pipeline; every other flow plays its story here, deal by deal.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from q2c_portal.local import company, days, loading, people, pipeline
from q2c_portal.local.desk import Person
from q2c_portal.local.sandboxes import NetSuiteAdmin, SalesforceAdmin, StripeWorld
from reconciliation import tie_out
from reconciliation.controls.receivables import OPEN_ITEMS, RECEIVABLES, TAX_PAYABLE, UNAPPLIED_CASH
from reconciliation.models import Break, ControlRun, ExceptionCase
from sync import connections, polling
from sync.models import Connection, CrmStatusRecord, Delivery, LegalEntity
from sync.states import UNFINISHED
from tests.scenarios.branches import Branch, Opened, open_branch
from tests.scenarios.engine import LEAP, Engine

#: the first business day of every scenario here; a Monday, far from a month's end
FIRST_DAY = date(2026, 3, 2)


class Catalogue(pipeline.Pipeline):
    """What the company sells, and since when; its deals come from the test."""

    @property
    def first_day(self) -> date:
        return FIRST_DAY


@dataclass(frozen=True, kw_only=True)
class Sold:
    """One line of a deal: what, how many, and the agreed price of one (major units)."""

    product: str
    price: str
    quantity: str = "1"
    #: our names of the accounts it is billed to and used by, where that is not the account of the deal
    bill_to: str = ""
    ship_to: str = ""
    #: dates of its own, where it is not sold for as long as the deal runs
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass
class Business:
    """The company, everything around it, and the people at the desk."""

    world: days.World
    people: dict[str, Person]
    #: Salesforce ids by our name for them
    accounts: dict[str, str] = field(default_factory=dict)
    #: further companies of the group
    branches: list[Opened] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @property
    def salesforce(self) -> SalesforceAdmin:
        return self.world.salesforce

    @property
    def stripe(self) -> StripeWorld:
        return self.world.stripe

    @property
    def netsuite(self) -> NetSuiteAdmin:
        assert self.world.netsuite is not None
        return self.world.netsuite

    @property
    def today(self) -> date:
        return self.world.entity.business_date or FIRST_DAY

    # -- what sellers do ----------------------------------------------------------------------------
    def account(self, name: str, *, country: str = "United States", parent: str = "", **fields: Any) -> str:
        """A new account; its Salesforce id."""
        row = {"Name": name, "Source_Key__c": name, "BillingCountry": country, **fields}
        if parent:
            row["ParentId"] = self.accounts[parent]
        (self.accounts[name],) = self.salesforce.create("Account", [row])
        return self.accounts[name]

    def open_deal(self, account: str, *lines: Sold, closes: date | None = None, **fields: Any) -> str:
        """An open opportunity with its lines; its Salesforce id."""
        key = f"deal-{next(self._numbers)}"
        entries = {
            row["Product2"]["ProductCode"]: row
            for row in self.salesforce.query("SELECT Id, Product2Id, Product2.ProductCode FROM PricebookEntry")
        }
        book = self.salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")[0]["Id"]
        deal = {
            "Name": f"{account} {key}",
            "Source_Key__c": key,
            "AccountId": self.accounts[account],
            "Pricebook2Id": book,
            "StageName": "Negotiation/Review",
            "CloseDate": (closes or self.today).isoformat(),
            **fields,
        }
        (own,) = self.salesforce.create("Opportunity", [deal])
        if not lines:
            return own
        self.salesforce.create(
            "OpportunityLineItem",
            [
                {
                    "OpportunityId": own,
                    "PricebookEntryId": entries[line.product]["Id"],
                    "Product2Id": entries[line.product]["Product2Id"],
                    "Quantity": line.quantity,
                    "UnitPrice": line.price,
                    **({"Bill_To__c": self.accounts[line.bill_to]} if line.bill_to else {}),
                    **({"Ship_To__c": self.accounts[line.ship_to]} if line.ship_to else {}),
                    **({"Starts_On__c": line.starts_on.isoformat()} if line.starts_on else {}),
                    **({"Ends_On__c": line.ends_on.isoformat()} if line.ends_on else {}),
                }
                for line in lines
            ],
        )
        return own

    def wins(self, account: str, *lines: Sold, **fields: Any) -> str:
        """A deal won today, carried as far as it goes; its Salesforce id."""
        own = self.open_deal(account, *lines, **fields)
        self.salesforce.update("Opportunity", [{"Id": own, "StageName": "Closed Won"}])
        self.rest()
        return own

    def changes(self, first: str, kind: str, number: int, *lines: Sold, on: date | None = None, **fields: Any) -> str:
        """A numbered change of a won deal, itself won today and effective on a day (today); its Salesforce id."""
        account = self.salesforce.query(f"SELECT Account.Name FROM Opportunity WHERE Id = '{first}'")
        named = {
            "Type": "Existing Business",
            "Amends__c": first,
            "Modification__c": kind,
            "Modification_Number__c": number,
            "Effective_Date__c": (on or self.today).isoformat(),
        }
        return self.wins(account[0]["Account"]["Name"], *lines, **{**named, **fields})

    # -- what billing does --------------------------------------------------------------------------
    def invoices(self) -> dict[str, dict[str, Any]]:
        """Stripe's invoices by id."""
        return {row["id"]: row for row in self.stripe.get("invoices", limit=100)["data"]}

    def credits(self, invoice: str, **form: Any) -> dict[str, Any]:
        """A credit note for an invoice, carried as far as it goes."""
        note = self.stripe.post("credit_notes", invoice=invoice, **form)
        self.rest()
        return note

    def takes_back_credit(self, note: str) -> None:
        """A credit note is voided."""
        self.stripe.post(f"credit_notes/{note}/void")
        self.rest()

    def voids(self, invoice: str) -> None:
        """An invoice is voided."""
        self.stripe.post(f"invoices/{invoice}/void")
        self.rest()

    def gives_up(self, invoice: str) -> None:
        """An invoice is marked uncollectible."""
        self.stripe.post(f"invoices/{invoice}/mark_uncollectible")

    # -- what finance does in the ERP -----------------------------------------------------------------
    def wire(self, invoice: dict[str, Any], amount: str, *, also: dict[str, str] | None = None) -> str:
        """A wire finance books in NetSuite today for a posted invoice, and for others by their ids; its id there."""
        shares = {invoice["id"]: amount, **(also or {})}
        lines = [{"apply": True, "doc": {"id": key}, "amount": share} for key, share in shares.items()]
        answer = self.netsuite.http.post(
            "/services/rest/record/v1/customerPayment",
            json={
                "customer": {"id": invoice["entity"]["id"]},
                "payment": str(sum(Decimal(share) for share in shares.values())),
                "tranDate": self.today.isoformat(),
                "undepFunds": {"id": "F"},
                "account": {"id": "101"},
                "apply": {"items": lines},
            },
        )
        assert answer.status_code == 204, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    def netsuite_tells(self) -> None:
        """The portal asks NetSuite for news, and acts on it."""
        row = Connection.objects.get(code="netsuite")
        for stream in connections.connector_for(row).streams:
            polling.poll(row, stream)
        self.rest()

    # -- time -----------------------------------------------------------------------------------------
    def rest(self) -> None:
        """Until nothing is under way any more."""
        days.come_to_rest(self.world)

    def evening(self) -> None:
        """The rest of the business day: drafts are issued, customers pay what is due today."""
        self.reach(days.EVENING_HOUR)
        self.rest()

    def move_to(self, day: date) -> None:
        """Every company of the group comes to a business day."""
        days.set_business_date(self.world, day)
        LegalEntity.objects.filter(pk__in=[branch.entity.pk for branch in self.branches]).update(business_date=day)

    def reach(self, hour: int) -> None:
        """Every billing account comes to an hour of today, each in the zone of its company."""
        self.stripe.advance(self.world.clock, company.at(self.today, hour))
        for branch in self.branches:
            branch.reach(self.today, hour)

    def live(self, *, until: date) -> None:
        """Evening after evening up to this day's, controls of the ended days included."""
        while True:
            self.evening()
            if self.today >= until:
                return
            self.move_to(self.today + timedelta(days=1))
            self.reach(days.WINNING_HOUR)
            self.rest()

    def skip_to(self, day: date) -> None:
        """Straight to the evening of a later day, where nothing that matters happens in between."""
        with LEAP:
            self.move_to(day)
            self.evening()

    def customers_pay_after(self, days: int) -> None:
        """How soon customers pay from now on, so that a story need not be long."""
        for account in (self.stripe, *(branch.stripe for branch in self.branches)):
            account.settings(pays_after_days=days)

    # -- what people see ------------------------------------------------------------------------------
    def controls(self) -> None:
        """Every control that is due, and today's."""
        days.settle_controls(self.world)

    def total(self, name: str, *, leg: str = "") -> Decimal:
        """One column of the tie-out over both legs, or one."""
        return sum((getattr(row, name) for row in tie_out.rows() if leg in ("", row.leg)), Decimal(0))

    def ties(self) -> None:
        """Both legs agree to the cent: nothing unexplained, explained, held or in flight."""
        self.controls()
        columns = ("unexplained", "explained", "held", "in_flight")
        assert {name: self.total(name) for name in columns} == dict.fromkeys(columns, Decimal(0))
        assert self.total("left") == self.total("right")
        self._accounts_tie()

    def _accounts_tie(self) -> None:
        """What is open document by document, and the balances of receivables and tax, are the ERP's too."""
        for name in (OPEN_ITEMS.name, UNAPPLIED_CASH.name, RECEIVABLES.name, TAX_PAYABLE.name):
            run = ControlRun.objects.filter(control=name).order_by("-business_date", "-version").first()
            found = Break.objects.filter(control=name, healed_at=None).values("kind", "label", "left", "right")
            assert run is None or run.status == "tied", (name, run.status, run.trouble, list(found))

    def cases(self, **about: Any) -> list[ExceptionCase]:
        """Open cases, oldest first."""
        return list(ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN, **about).order_by("pk"))

    def sees(self, deal: str, *fields: str) -> list[str]:
        """What sellers see of a deal in Salesforce once everything was told."""
        ends = time.monotonic() + 120
        while (
            CrmStatusRecord.objects.filter(version__gt=F("sent_version")).exists()
            or Delivery.objects.filter(role="crm", condition__in=UNFINISHED).exists()
        ):
            assert time.monotonic() < ends, "sellers were not told within two minutes"
            time.sleep(0.1)
        names = ", ".join(fields)
        (row,) = self.salesforce.query(f"SELECT {names} FROM Opportunity WHERE Id = '{deal}'")
        return [str(row[name] or "") for name in fields]

    def quiet(self) -> None:
        """No case is open; where one is, its words are shown."""
        found = [(case.reason, case.document, case.value, case.evidence) for case in self.cases()]
        assert not found, found

    def books(self, kind: str) -> dict[str, dict[str, Any]]:
        """NetSuite's records of a kind by our reference; those of nobody's by their own id."""
        return {row.get("externalId") or row["id"]: row for row in self.netsuite.books(kind)}


@pytest.fixture
def open_business(portal: str, start_sandboxes: Callable[..., dict[str, str]]) -> Iterator[Callable[..., Business]]:
    """Founds the company of these scenarios and lets its workers begin."""
    engine = Engine()
    started = False

    def open_up(*group: Branch) -> Business:
        nonlocal started
        rows = Catalogue(accounts=(), products=pipeline.products(), deals=(), shift_weeks=0)
        urls = start_sandboxes("salesforce", "stripe", "netsuite", *(one.stripe for one in group))
        connected = company.set_up(rows, urls=urls)
        opened = [open_branch(one, rows, url=urls[one.stripe]) for one in group]
        engine.__enter__()
        started = True
        salesforce = SalesforceAdmin(connected["salesforce"].base_url)
        loading.load_catalogue(salesforce, rows)
        company.set_up_salesforce_calls(Connection.objects.get(code="salesforce"))
        world = days.World.meet()
        assert set(LegalEntity.objects.values_list("business_date", flat=True)) == {FIRST_DAY}
        world.others += [one.stripe for one in opened]
        desk = {name: Person(portal, name, password) for name, password in people.logins().items()}
        business = Business(world=world, people=desk, branches=opened)
        business.reach(days.WINNING_HOUR)
        return business

    yield open_up
    if started:
        engine.__exit__(None, None, None)

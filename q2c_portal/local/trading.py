"""What goes on outside the portal, deal by deal: sellers sell, customers pay, finance books by hand."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from q2c_portal.local import days
from q2c_portal.local.sandboxes import NetSuiteAdmin, SalesforceAdmin, StripeWorld
from sync import connections, polling
from sync.models import Connection

#: a step that has not come to rest after this is a fault of ours
PATIENCE_SECONDS = 60.0
#: nothing that waits for something stopped moves for so long
STILL_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Sold:
    """One line of a deal: what, how many, and the agreed price of one (major units)."""

    product: str
    price: str
    quantity: str = "1"
    #: dates of its own, where it is not sold for as long as the deal runs
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass
class Trading:
    """The company's outside world, and what people there do."""

    world: days.World
    #: Salesforce ids of accounts made here, by their names
    accounts: dict[str, str] = field(default_factory=dict)

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
        assert self.world.entity.business_date is not None
        return self.world.entity.business_date

    def rest(self) -> None:
        """Until nothing moves any more: what is left waits for something that stopped. Raises TimeoutError."""
        ends, calm_since, before = time.monotonic() + PATIENCE_SECONDS, time.monotonic(), -1
        while True:
            left = days.under_way()
            calls = sum(sandbox.health()["calls_waiting"] for sandbox in self.world.sandboxes())
            now = time.monotonic()
            if calls or left != before:
                calm_since, before = now, left
            if now - calm_since > (STILL_SECONDS if left else STILL_SECONDS / 8):
                return
            if now > ends:
                raise TimeoutError(f"{left} objects are still under way after {PATIENCE_SECONDS:.0f} seconds")
            time.sleep(0.05)

    # -- what sellers do ----------------------------------------------------------------------------
    def account(self, name: str, *, country: str = "United States", **fields: Any) -> str:
        """A new account; its Salesforce id."""
        row = {"Name": name, "Source_Key__c": f"{name} {secrets.token_hex(3)}", "BillingCountry": country, **fields}
        (self.accounts[name],) = self.salesforce.create("Account", [row])
        return self.accounts[name]

    def open_deal(self, account: str, *lines: Sold, **fields: Any) -> str:
        """An open opportunity of an account made here, with its lines; its Salesforce id."""
        entries = {
            row["Product2"]["ProductCode"]: row
            for row in self.salesforce.query("SELECT Id, Product2Id, Product2.ProductCode FROM PricebookEntry")
        }
        book = self.salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")[0]["Id"]
        key = secrets.token_hex(4)
        deal = {
            "Name": f"{account}: {', '.join(sorted({line.product for line in lines})) or 'services'}",
            "Source_Key__c": f"deal-{key}",
            "AccountId": self.accounts[account],
            "Pricebook2Id": book,
            "StageName": "Negotiation/Review",
            "CloseDate": self.today.isoformat(),
            **fields,
        }
        (own,) = self.salesforce.create("Opportunity", [deal])
        if lines:
            self.salesforce.create(
                "OpportunityLineItem",
                [
                    {
                        "OpportunityId": own,
                        "PricebookEntryId": entries[line.product]["Id"],
                        "Product2Id": entries[line.product]["Product2Id"],
                        "Quantity": line.quantity,
                        "UnitPrice": line.price,
                        **({"Starts_On__c": line.starts_on.isoformat()} if line.starts_on else {}),
                        **({"Ends_On__c": line.ends_on.isoformat()} if line.ends_on else {}),
                    }
                    for line in lines
                ],
            )
        return own

    def win(self, deal: str, **fields: Any) -> str:
        """An open deal is won, and carried as far as it goes; its id."""
        self.salesforce.update("Opportunity", [{"Id": deal, "StageName": "Closed Won", **fields}])
        self.rest()
        return deal

    def sell(self, customer: str, *lines: Sold, **fields: Any) -> str:
        """A deal of a new account, won now; its Salesforce id."""
        self.account(customer)
        return self.win(self.open_deal(customer, *lines, **fields))

    def change(self, first: str, kind: str, number: int, *lines: Sold, customer: str, on: date, **fields: Any) -> str:
        """A numbered change of a won deal, effective on a day; its Salesforce id."""
        named = {
            "Type": "Existing Business",
            "Amends__c": first,
            "Modification__c": kind,
            "Modification_Number__c": number,
            "Effective_Date__c": on.isoformat(),
        }
        return self.win(self.open_deal(customer, *lines, **{**named, **fields}))

    # -- what billing does --------------------------------------------------------------------------
    def bill(self) -> None:
        """Time passes at Stripe until its drafts are issued."""
        while days.issue_drafts(self.world):
            self.rest()

    def subscription_of(self, deal: str) -> dict[str, Any]:
        """Stripe's subscription of a won deal."""
        return next(row for row in self.stripe.books("subscription") if deal in str(row.get("metadata", "")))

    def invoice_of(self, deal: str) -> dict[str, Any]:
        """Stripe's first invoice of a won deal, issued."""
        self.bill()
        subscription = self.subscription_of(deal)["id"]
        return self.stripe.get("invoices", subscription=subscription, limit=1)["data"][0]

    def billed(self, customer: str, *lines: Sold, **fields: Any) -> tuple[str, dict[str, Any]]:
        """A deal sold, billed and posted: its Salesforce id, and Stripe's invoice."""
        deal = self.sell(customer, *lines, **fields)
        return deal, self.invoice_of(deal)

    # -- what finance does in the ERP -----------------------------------------------------------------
    def posted(self, invoice: dict[str, Any]) -> dict[str, Any]:
        """NetSuite's record of an invoice of Stripe's."""
        return next(row for row in self.netsuite.books("invoice") if invoice["id"] in str(row.get("externalId")))

    def wire(self, invoice: dict[str, Any], amount: str, *, applied: str = "") -> str:
        """A wire finance books in NetSuite today for a posted invoice, applied to it or in part; its id there."""
        share = applied or amount
        lines = [{"apply": True, "doc": {"id": invoice["id"]}, "amount": share}] if Decimal(share) else []
        answer = self.netsuite.http.post(
            "/services/rest/record/v1/customerPayment",
            json={
                "customer": {"id": invoice["entity"]["id"]},
                "payment": amount,
                "tranDate": self.today.isoformat(),
                "undepFunds": {"id": "F"},
                "account": {"id": "101"},
                "apply": {"items": lines},
            },
        )
        if answer.status_code != 204:
            raise RuntimeError(f"NetSuite refused a payment: {answer.text[:400]}")
        return answer.headers["Location"].rpartition("/")[2]

    def netsuite_tells(self) -> None:
        """The portal asks NetSuite for news, and acts on it."""
        row = Connection.objects.get(code="netsuite")
        for stream in connections.connector_for(row).streams:
            polling.poll(row, stream)
        self.rest()

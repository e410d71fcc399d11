"""Loads the sample pipeline into the Salesforce sandbox, as its administrator would; safe to repeat."""

from collections.abc import Callable
from datetime import date, timedelta

from q2c_portal.local import company
from q2c_portal.local.pipeline import Deal, Pipeline
from q2c_portal.local.sandboxes import SalesforceAdmin
from sync.models import Connection

Told = Callable[[str, int, int], None]


def load(salesforce: SalesforceAdmin, pipeline: Pipeline, *, told: Told, today: date) -> None:
    """Everything Salesforce holds before the first day; it calls us from the first account on."""
    load_catalogue(salesforce, pipeline)
    company.set_up_salesforce_calls(Connection.objects.get(code="salesforce"))
    load_accounts(salesforce, pipeline)
    load_deals(salesforce, pipeline, told=told, today=today)


def load_catalogue(salesforce: SalesforceAdmin, pipeline: Pipeline) -> None:
    """Products and the standard price book."""
    if salesforce.query("SELECT Id FROM Product2 LIMIT 1"):
        return
    book = salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")[0]["Id"]
    ids = salesforce.create(
        "Product2",
        [
            {"Name": row.name, "ProductCode": row.name, "Family": row.family, "IsActive": True}
            for row in pipeline.products
        ],
    )
    salesforce.create(
        "PricebookEntry",
        [
            {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": str(row.price), "IsActive": True}
            for row, product in zip(pipeline.products, ids, strict=True)
        ],
    )


def load_accounts(salesforce: SalesforceAdmin, pipeline: Pipeline) -> None:
    """Accounts, parents before children; each tells us by callout once calls are switched on."""
    known = _accounts(salesforce)
    for group in (
        [row for row in pipeline.accounts if not row.parent],
        [row for row in pipeline.accounts if row.parent],
    ):
        fresh = [row for row in group if row.name not in known]
        ids = salesforce.create(
            "Account",
            [
                {
                    "Name": row.name,
                    "Source_Key__c": row.name,
                    "Industry": row.industry,
                    "BillingCountry": row.country,
                    **({"ParentId": known[row.parent]} if row.parent else {}),
                }
                for row in fresh
            ],
        )
        known.update({row.name: own for row, own in zip(fresh, ids, strict=True)})


def load_deals(salesforce: SalesforceAdmin, pipeline: Pipeline, *, told: Told, today: date) -> None:
    """Every opportunity with its line, still open; they are won or lost when their day comes."""
    known = {row["Source_Key__c"] for row in salesforce.query("SELECT Source_Key__c FROM Opportunity")}
    fresh = [deal for deal in pipeline.deals if deal.key not in known]
    accounts = _accounts(salesforce)
    entries = {
        row["Product2"]["ProductCode"]: row
        for row in salesforce.query("SELECT Id, Product2Id, Product2.ProductCode, UnitPrice FROM PricebookEntry")
    }
    book = salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1")[0]["Id"]
    prices = {row.name: row.price for row in pipeline.products}
    for start in range(0, len(fresh), 200):
        part = fresh[start : start + 200]
        ids = salesforce.create("Opportunity", [_opportunity(deal, accounts, book, today) for deal in part])
        salesforce.create(
            "OpportunityLineItem",
            [_line(deal, own, entries, prices) for deal, own in zip(part, ids, strict=True)],
        )
        told("opportunities", min(start + 200, len(fresh)), len(fresh))


def _accounts(salesforce: SalesforceAdmin) -> dict[str, str]:
    return {row["Source_Key__c"]: row["Id"] for row in salesforce.query("SELECT Id, Source_Key__c FROM Account")}


def _opportunity(deal: Deal, accounts: dict[str, str], book: str, today: date) -> dict:
    closes = deal.closes_on or today + timedelta(days=60)
    return {
        "Name": f"{deal.account or 'New business'} {deal.product} {deal.key}",
        "Source_Key__c": deal.key,
        "Pricebook2Id": book,
        "StageName": "Prospecting" if deal.stage == "Prospecting" else "Engaging",
        "CloseDate": closes.isoformat(),
        **({"AccountId": accounts[deal.account]} if deal.account else {}),
    }


def _line(deal: Deal, opportunity: str, entries: dict[str, dict], prices: dict) -> dict:
    # the price book does not know every name sellers wrote; such a line keeps the text
    entry = entries.get(deal.product)
    price = deal.value or prices.get(deal.product, 0)
    return {
        "OpportunityId": opportunity,
        "Quantity": "1",
        "UnitPrice": str(price),
        **(
            {"PricebookEntryId": entry["Id"], "Product2Id": entry["Product2Id"]}
            if entry
            else {"Product_Text__c": deal.product}
        ),
    }


def by_day(salesforce: SalesforceAdmin, pipeline: Pipeline) -> tuple[dict[date, list[dict]], dict[date, list[dict]]]:
    """What is still to be won and lost, by close date, as changes of records; what is decided already is left out."""
    open_rows = {
        row["Source_Key__c"]: row["Id"]
        for row in salesforce.query("SELECT Id, Source_Key__c FROM Opportunity WHERE IsClosed = false")
    }
    wins: dict[date, list[dict]] = {}
    losses: dict[date, list[dict]] = {}
    for deal in pipeline.deals:
        if deal.closes_on is None or deal.key not in open_rows:
            continue
        if deal.stage == "Won":
            wins.setdefault(deal.closes_on, []).append({"Id": open_rows[deal.key], "StageName": "Closed Won"})
        elif deal.stage == "Lost":
            losses.setdefault(deal.closes_on, []).append({"Id": open_rows[deal.key], "StageName": "Closed Lost"})
    return wins, losses

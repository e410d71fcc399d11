"""What Salesforce itself does to records on saving: derived fields, roll-ups, and rules between objects."""

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connectors.sandbox.books import Document
from connectors.sandbox.salesforce.errors import SalesforceError
from connectors.sandbox.salesforce.objects import LOST, OBJECTS, STAGES, WON
from connectors.sandbox.salesforce.records import Records

CENT = Decimal("0.01")
_STAGES = {name: (probability, forecast) for name, probability, forecast in STAGES}

#: (records, record as it will be saved, record as it was, values given by the caller) -> nothing; edits the first
Rule = Callable[[Records, Document, Document | None, Document], None]


def standard_pricebook(records: Records) -> str | None:
    """The id of the one standard price book."""
    return next((row["Id"] for row in records.rows("Pricebook2") if row.get("IsStandard")), None)


def stage_facts(document: Document) -> Document:
    """IsWon, IsClosed and the forecast category that follow from an opportunity's stage."""
    stage = document.get("StageName", "")
    return {
        "IsWon": stage == WON,
        "IsClosed": stage in (WON, LOST),
        "ForecastCategory": _STAGES.get(stage, (0, "Pipeline"))[1],
    }


def _opportunity(records: Records, document: Document, before: Document | None, given: Document) -> None:
    document.update(stage_facts(document))
    if "StageName" in given and given.get("Probability") is None:
        document["Probability"] = str(_STAGES[document["StageName"]][0])
    if before and before.get("HasOpportunityLineItem") and "Amount" in given:
        # Documented behaviour: with lines the amount is their sum, and an attempt to set it is ignored.
        document["Amount"] = before.get("Amount")


def _line(records: Records, document: Document, before: Document | None, given: Document) -> None:
    opportunity = records.get("Opportunity", document["OpportunityId"]) or {}
    records.refuse_locked(document["OpportunityId"], opportunity.get("AccountId"))
    book = opportunity.get("Pricebook2Id") or standard_pricebook(records)
    entry = _entry_of(records, document, book)
    product = records.get("Product2", document.get("Product2Id") or "") or {}
    if entry is None and not document.get("Product_Text__c"):
        raise SalesforceError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [PricebookEntryId]", ["PricebookEntryId"]
        )
    if given.get("UnitPrice") is not None and given.get("TotalPrice") is not None:
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION", "Total Price: specify either UnitPrice or TotalPrice, not both", ["TotalPrice"]
        )
    quantity = Decimal(document["Quantity"])
    if quantity == 0:
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", "Quantity: quantity must be nonzero", ["Quantity"])
    share = 1 - Decimal(document.get("Discount") or 0) / 100
    if given.get("TotalPrice") is not None and share:
        price = Decimal(given["TotalPrice"]) / quantity / share
        document["UnitPrice"] = str(price.quantize(CENT, ROUND_HALF_UP))
    elif document.get("UnitPrice") is None:
        if entry is None:
            raise SalesforceError("REQUIRED_FIELD_MISSING", "Required fields are missing: [UnitPrice]", ["UnitPrice"])
        document["UnitPrice"] = entry["UnitPrice"]
    if given.get("TotalPrice") is None:
        total = Decimal(document["UnitPrice"]) * quantity * share
        document["TotalPrice"] = str(total.quantize(CENT, ROUND_HALF_UP))
    document["ProductCode"] = product.get("ProductCode")
    document["ListPrice"] = entry["UnitPrice"] if entry else None
    name = product.get("Name") or document.get("Product_Text__c")
    document["Name"] = f"{opportunity.get('Name', '')} {name or ''}".strip()[:255]


def _entry_of(records: Records, document: Document, book: str | None) -> Document | None:
    """The price book entry of a line; completes entry and product from each other."""
    entry = records.get("PricebookEntry", document.get("PricebookEntryId") or "")
    if entry is None and document.get("Product2Id"):
        for key in records.ids_by("PricebookEntry", "Product2Id", document["Product2Id"]):
            candidate = records.get("PricebookEntry", key)
            if candidate and candidate["Pricebook2Id"] == book:
                entry = candidate
        if entry is None and not document.get("Product_Text__c"):
            raise SalesforceError(
                "FIELD_INTEGRITY_EXCEPTION",
                "field integrity exception: PricebookEntryId (pricebook entry does not exist for product)",
                ["PricebookEntryId"],
            )
    if entry is not None:
        if entry["Pricebook2Id"] != book:
            raise SalesforceError(
                "FIELD_INTEGRITY_EXCEPTION",
                "field integrity exception: PricebookEntryId (pricebook entry is in a different pricebook"
                " than the one assigned to the opportunity)",
                ["PricebookEntryId"],
            )
        if document.get("Product2Id") not in (None, entry["Product2Id"]):
            raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", "field integrity exception: Product2Id", ["Product2Id"])
        document.update(PricebookEntryId=entry["Id"], Product2Id=entry["Product2Id"])
    return entry


def roll_up(records: Records, opportunity_id: str) -> None:
    """After a change of lines: the opportunity's amount is their sum, and the opportunity counts as changed."""
    opportunity = records.get("Opportunity", opportunity_id)
    if opportunity is None:
        return
    lines = [
        line
        for key in records.ids_by("OpportunityLineItem", "OpportunityId", opportunity_id)
        if (line := records.get("OpportunityLineItem", key))
    ]
    after = {**opportunity, "HasOpportunityLineItem": bool(lines)}
    if lines:
        after["Amount"] = str(sum((Decimal(line["TotalPrice"]) for line in lines), Decimal(0)))
        after.setdefault("Pricebook2Id", standard_pricebook(records))
    records.save(OBJECTS["Opportunity"], after)


def _price(records: Records, document: Document, before: Document | None, given: Document) -> None:
    product = records.get("Product2", document["Product2Id"]) or {}
    document.update(Name=product.get("Name"), ProductCode=product.get("ProductCode"))
    if before is not None:
        return
    siblings = [
        entry
        for key in records.ids_by("PricebookEntry", "Product2Id", document["Product2Id"])
        if (entry := records.get("PricebookEntry", key)) and entry["CurrencyIsoCode"] == document["CurrencyIsoCode"]
    ]
    if any(entry["Pricebook2Id"] == document["Pricebook2Id"] for entry in siblings):
        raise SalesforceError("DUPLICATE_VALUE", "This price definition already exists in this price book")
    standard = standard_pricebook(records)
    if document["Pricebook2Id"] != standard and all(entry["Pricebook2Id"] != standard for entry in siblings):
        raise SalesforceError(
            "STANDARD_PRICE_NOT_DEFINED",
            "Before creating a custom price, create a standard price: No standard price defined for this product",
        )


def _account(records: Records, document: Document, before: Document | None, given: Document) -> None:
    seen, parent = {document["Id"]}, document.get("ParentId")
    while parent:
        if parent in seen:
            raise SalesforceError("CIRCULAR_DEPENDENCY", "attempt to form a circular hierarchy", ["ParentId"])
        seen.add(parent)
        parent = (records.get("Account", parent) or {}).get("ParentId")


def _person(records: Records, document: Document, before: Document | None, given: Document) -> None:
    document["Name"] = f"{document.get('FirstName') or ''} {document['LastName']}".strip()


def _contract(records: Records, document: Document, before: Document | None, given: Document) -> None:
    _number(records, document, "ContractNumber")
    document["EndDate"] = None
    if document.get("StartDate") and document.get("ContractTerm"):
        start = date.fromisoformat(document["StartDate"])
        months = start.month - 1 + int(document["ContractTerm"])
        year, month = start.year + months // 12, months % 12 + 1
        same_day = date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
        document["EndDate"] = (same_day - timedelta(days=1)).isoformat()


def _number(records: Records, document: Document, field: str) -> None:
    if not document.get(field):
        document[field] = f"{records.books.next_number(field, 100):08d}"


RULES: dict[str, Rule] = {
    "Account": _account,
    "Opportunity": _opportunity,
    "OpportunityLineItem": _line,
    "PricebookEntry": _price,
    "User": _person,
    "Contact": _person,
    "Contract": _contract,
    "Quote": lambda records, document, before, given: _number(records, document, "QuoteNumber"),
    "Order": lambda records, document, before, given: _number(records, document, "OrderNumber"),
}


def refuse_delete(records: Records, kind: str, document: Document) -> None:
    """Raises DELETE_FAILED where Salesforce keeps a record that others need."""
    if kind == "Account":
        won = [
            opportunity["Name"]
            for key in records.ids_by("Opportunity", "AccountId", document["Id"])
            if (opportunity := records.get("Opportunity", key)) and opportunity["IsWon"]
        ]
        reason = f"the following closed won opportunities.: {', '.join(won[:5])}" if won else ""
    elif kind in ("Product2", "PricebookEntry"):
        used = records.ids_by("OpportunityLineItem", f"{kind}Id", document["Id"])
        reason = f"the following opportunity products.: {', '.join(used[:5])}" if used else ""
    else:
        reason = "the organization: it is the standard price book" if document.get("IsStandard") else ""
    if reason:
        raise SalesforceError(
            "DELETE_FAILED",
            f"Your attempt to delete {document.get('Name')} could not be completed"
            f" because it is associated with {reason}",
        )

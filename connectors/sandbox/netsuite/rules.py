"""What NetSuite checks before it takes a transaction, customer or item: keys, entity, item, currency, dimensions."""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.refusals import Refusal

_DIMENSION_LABELS = {"department": "Department", "class": "Class", "location": "Location"}
#: what a record cannot do without, as field -> the label NetSuite asks by
NEEDED: dict[str, dict[str, str]] = {
    "customer": {"subsidiary": "Primary Subsidiary"},
    "invoice": {"entity": "Customer"},
    "creditMemo": {"entity": "Customer"},
    "salesOrder": {"entity": "Customer"},
    "customerPayment": {"customer": "Customer"},
    "customerRefund": {"customer": "Customer"},
    "journalEntry": {"subsidiary": "Subsidiary"},
    "serviceSaleItem": {"itemId": "Item Name/Number", "incomeAccount": "Income Account"},
    "currency": {"name": "Name", "symbol": "ISO Code"},
    "currencyRate": {
        "baseCurrency": "Base Currency",
        "transactionCurrency": "Currency",
        "exchangeRate": "Exchange Rate",
        "effectiveDate": "Effective Date",
    },
    "account": {"acctName": "Account Name", "acctType": "Account Type"},
    "salesTaxItem": {"itemId": "Tax Name"},
}
_NEEDS_NAME = frozenset({"department", "classification", "location", "subsidiary", "term"})


class Rules:
    """The checks, with the account's preferences (the sandbox's settings)."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def needed(self, kind: str, document: Document) -> None:
        """Refuse a record without its mandatory fields, all of them named at once."""
        wanted = NEEDED.get(kind, {"name": "Name"} if kind in _NEEDS_NAME else {})
        missing = [label for name, label in wanted.items() if document.get(name) in (None, "")]
        if kind == "customer":
            if document.get("isPerson"):
                missing += [
                    label
                    for name, label in (("firstName", "First Name"), ("lastName", "Last Name"))
                    if not document.get(name)
                ]
            elif not document.get("companyName"):
                missing.append("Company Name")
        if missing:
            raise Refusal("missing_values", fields=", ".join(missing))

    def unique(self, kind: str, document: Document) -> None:
        """External id and number are unique within a record type."""
        exists = "entity_exists" if kind == "customer" else "record_exists"
        if external_id := document.get("externalId"):
            other = self._archive.by_external(kind, external_id)
            if other and other["id"] != document["id"]:
                raise Refusal(exists, path="externalId")
        name = RECORDS[kind].number
        if number := document.get(name):
            other = self._archive.by_number(kind, number)
            if other and other["id"] != document["id"]:
                raise Refusal(exists, path=name)

    def entity(self, document: Document, field: str, *, settings: dict[str, Any]) -> None:
        """The customer must be active, in the same subsidiary and open to the currency."""
        key = document[field]["id"]
        customer = self._archive.get("customer", key) or {}
        if customer.get("isInactive"):
            raise Refusal("inactive_entity", value=key, path=field)
        subsidiary, currency = document["subsidiary"]["id"], document["currency"]["id"]
        if customer.get("subsidiary") and customer["subsidiary"]["id"] != subsidiary:
            raise Refusal("subsidiary_not_of_entity", value=subsidiary, entity=key, path="subsidiary")
        allowed = settings["subsidiary_currencies"].get(subsidiary)
        if allowed is not None and currency not in allowed:
            raise Refusal("currency_not_of_subsidiary", value=currency, subsidiary=subsidiary, path="currency")
        own = {line["currency"]["id"] for line in customer.get("currencyList", {"items": []})["items"]}
        if customer.get("currency"):
            own.add(customer["currency"]["id"])
        if own and currency not in own:
            raise Refusal("currency_not_of_entity", value=currency, entity=key, path="currency")

    def items(self, document: Document) -> None:
        """Every line needs an item that is active and enabled for the subsidiary."""
        lines = document.get("item", {"items": []})["items"]
        if not lines:
            raise Refusal("no_lines", path="item")
        for index, line in enumerate(lines):
            path = f"item.items[{index}].item"
            if "item" not in line:
                raise Refusal("missing_values", fields="Item", path=path)
            item = self._archive.get("item", line["item"]["id"]) or {}
            if item.get("isInactive"):
                raise Refusal("unknown_value", value=line["item"]["id"], field="item", path=path)
            enabled = {line["id"] for line in item.get("subsidiary", {"items": []})["items"]}
            if (
                enabled
                and document["subsidiary"]["id"] not in enabled
                and not self._reaches(item, enabled, document["subsidiary"]["id"])
            ):
                raise Refusal(
                    "item_not_in_subsidiary", value=item["id"], subsidiary=document["subsidiary"]["id"], path=path
                )

    def _reaches(self, item: Document, enabled: set[str], subsidiary: str) -> bool:
        """With includeChildren an item enabled for a parent is enabled for those below it."""
        seen: set[str] = set()
        while item.get("includeChildren") and subsidiary not in seen:
            seen.add(subsidiary)
            parent = (self._archive.get("subsidiary", subsidiary) or {}).get("parent")
            if not parent:
                return False
            subsidiary = parent["id"]
            if subsidiary in enabled:
                return True
        return False

    def dimensions(self, document: Document, lines: list[Document], *, mandatory: list[str]) -> None:
        """Each mandatory dimension stands on the header or on every line."""
        missing = [
            _DIMENSION_LABELS[name]
            for name in mandatory
            if name in _DIMENSION_LABELS
            and name not in document
            and not (lines and all(name in line for line in lines))
        ]
        if missing:
            raise Refusal("missing_values", fields=", ".join(missing))

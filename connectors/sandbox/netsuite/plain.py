"""Records without a ledger: customers, items, departments, currencies and the like."""

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.archive import Archive, Author
from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.rules import Rules

#: where a record may still be used: (table, column)
USED_IN = {
    "customer": (("transaction", "entity"), ("customer", "parent")),
    "serviceSaleItem": (("transactionline", "item"),),
    "account": (
        ("transactionaccountingline", "account"),
        ("item", "incomeaccount"),
        ("item", "deferredrevenueaccount"),
    ),
    "department": (("transactionline", "department"),),
    "classification": (("transactionline", "class"),),
    "location": (("transactionline", "location"),),
    "currency": (("transaction", "currency"), ("customer", "currency"), ("subsidiary", "currency")),
    "subsidiary": (("transactionline", "subsidiary"), ("customersubsidiaryrelationship", "subsidiary")),
    "term": (("transaction", "terms"),),
}


class Plain:
    """Saves and removes records that post nothing."""

    def __init__(self, archive: Archive, rules: Rules) -> None:
        self.archive = archive
        self.rules = rules

    def keep(self, kind: str, draft: Document, *, author: Author, checked: bool = True) -> Document:
        """Take a record into the books. Raises Refusal, and then nothing was written."""
        document = dict(draft)
        if checked:
            self.rules.needed(kind, document)
        document.setdefault("id", "")
        if checked:
            self.rules.unique(kind, document)
        document["id"] = document["id"] or self.archive.new_id(kind)
        if "isInactive" in RECORDS[kind].fields:
            document.setdefault("isInactive", False)
        if kind == "customer":
            self._complete_customer(document)
        return self.archive.save(kind, document, author=author)

    def _complete_customer(self, document: Document) -> None:
        document.setdefault("isPerson", False)
        if not document.get("entityId"):
            document["entityId"] = f"{RECORDS['customer'].prefix}{document['id']}"
        if document["isPerson"]:
            document["altName"] = f"{document.get('firstName', '')} {document.get('lastName', '')}".strip()
        else:
            document["altName"] = document.get("companyName", "")
        if "currency" not in document:
            subsidiary = self.archive.get("subsidiary", document["subsidiary"]["id"]) or {}
            document["currency"] = subsidiary.get("currency", {"id": "1"})

    def delete(self, kind: str, document: Document, *, author: Author, checked: bool = True) -> None:
        """Take a record out of the books. Raises Refusal while something refers to it."""
        if checked and self._is_used(kind, document["id"]):
            raise Refusal("has_dependents")
        self.archive.remove(kind, document["id"], author=author)

    def _is_used(self, kind: str, key: str) -> bool:
        connection = self.archive.tables.connection
        return any(
            connection.execute(f"SELECT 1 FROM [{table}] WHERE [{column}] = ? LIMIT 1", (key,)).fetchone()
            for table, column in USED_IN.get(kind, ())
        )

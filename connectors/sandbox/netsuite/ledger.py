"""Double entry: which accounts a transaction debits and credits, in its own and in the base currency.

Amounts are signed, debits positive. The first line carries whatever rounding the base currency needs, so that every
transaction balances by itself in both currencies.
"""

from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import ZERO, amount, precision, rounded, text
from connectors.sandbox.netsuite.archive import Archive

#: accounts of the seeded chart by what they are for
CHART = {
    "bank": "101",
    "undeposited": "116",
    "transit": "117",
    "clearing": "118",
    "reserve": "119",
    "receivable": "122",
    "disputed": "124",
    "withholding": "126",
    "conversion": "128",
    "tax": "210",
    "deferred": "220",
    "income": "400",
    "services": "410",
    "bad_debt": "610",
    "small_difference": "615",
    "fees": "620",
    "dispute_fees": "621",
    "exchange": "790",
}


class Ledger:
    """Works out the ledger lines of one transaction; writes nothing itself."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def lines(self, kind: str, document: Document) -> list[Document]:
        """The transaction's lines with account, amount and base amount; `posts` tells whether they count."""
        rows = getattr(self, f"_{kind}")(document)
        for row in rows:
            row["posting"] = bool(document["posts"])
        self._into_base(document, rows)
        return rows

    # -- one method for each kind ------------------------------------------------------------------
    def _invoice(self, document: Document, sign: int = 1) -> list[Document]:
        rows = [
            self._row(
                document,
                0,
                document["account"]["id"],
                sign * amount(document, "total"),
                main=True,
                role="ACCOUNTSRECEIVABLE",
            )
        ]
        for line in document["item"]["items"]:
            rows.append(
                {
                    **self._row(
                        document,
                        int(line["line"]),
                        self._income(line),
                        -sign * amount(line, "amount"),
                        role="INCOME",
                        line=line,
                    ),
                    "item": line["item"]["id"],
                    "quantity": format(-sign * Decimal(line["quantity"]), "f"),
                    "rate": line.get("rate"),
                    "from": line.get("revRecStartDate"),
                    "until": line.get("revRecEndDate"),
                    "memo": line.get("description"),
                }
            )
        tax = amount(document, "taxTotal")
        if tax:
            number = max(row["line"] for row in rows) + 1
            rows.append(self._row(document, number, CHART["tax"], -sign * tax, tax=True, role="TAX"))
        return rows

    def _creditMemo(self, document: Document) -> list[Document]:
        return self._invoice(document, sign=-1)

    def _salesOrder(self, document: Document) -> list[Document]:
        return self._invoice({**document, "account": {"id": None}})

    def _customerPayment(self, document: Document) -> list[Document]:
        received = amount(document, "payment")
        into = CHART["undeposited"] if document.get("undepFunds", {}).get("id") == "T" else document["account"]["id"]
        rows = [
            self._row(document, 0, into, received, main=True, role="PAYMENT"),
            self._row(document, 1, document["arAcct"]["id"], -received, role="ACCOUNTSRECEIVABLE"),
        ]
        gain = self._exchange_gain(document)
        if gain:
            # A receivable leaves the books at the rate it entered them with; the rest is realised gain or loss.
            rows[1]["base_moves"] = gain
            rows.append({**self._row(document, 2, CHART["exchange"], ZERO, role="FXVARIANCE"), "base_moves": -gain})
        return rows

    def _customerRefund(self, document: Document) -> list[Document]:
        paid = amount(document, "total")
        return [
            self._row(document, 0, document["account"]["id"], -paid, main=True, role="PAYMENT"),
            self._row(document, 1, document["arAcct"]["id"], paid, role="ACCOUNTSRECEIVABLE"),
        ]

    def _journalEntry(self, document: Document) -> list[Document]:
        rows = []
        for line in document["line"]["items"]:
            row = self._row(
                document,
                int(line["line"]),
                line["account"]["id"],
                amount(line, "debit") - amount(line, "credit"),
                line=line,
            )
            rows.append({**row, "memo": line.get("memo"), "entity": line.get("entity", {}).get("id")})
        return rows

    # -- parts --------------------------------------------------------------------------------------
    def _row(
        self,
        document: Document,
        number: int,
        ledger_account: str | None,
        value: Decimal,
        *,
        line: Document | None = None,
        **more: Any,
    ) -> Document:
        row = {"line": number, "account": ledger_account, "amount": value, "memo": document.get("memo"), **more}
        entity = document.get("entity") or document.get("customer")
        row["entity"] = entity["id"] if entity else None
        for name in ("department", "class", "location"):
            found = (line or {}).get(name) or document.get(name)
            row[name] = found["id"] if found else None
        return row

    def _income(self, line: Document) -> str:
        if "account" in line:
            return str(line["account"]["id"])
        item = self._archive.get("item", line["item"]["id"]) or {}
        if is_deferred(line, item):
            return str(item["deferredRevenueAccount"]["id"])
        return str(item.get("incomeAccount", {"id": CHART["income"]})["id"])

    def _exchange_gain(self, document: Document) -> Decimal:
        """How much more (base currency) the money was worth when paid than when invoiced."""
        rate, gain = Decimal(document["exchangeRate"]), ZERO
        for line in document.get("apply", {"items": []})["items"]:
            invoice = self._archive.get("invoice", line["doc"]["id"]) if line.get("apply") else None
            if invoice and Decimal(invoice["exchangeRate"]) != rate:
                gain += amount(line, "amount") * (rate - Decimal(invoice["exchangeRate"]))
        return rounded(gain, digits=self._base_digits(document))

    def _base_digits(self, document: Document) -> int:
        subsidiary = self._archive.get("subsidiary", document["subsidiary"]["id"]) or {}
        return precision(self._archive, subsidiary.get("currency", {"id": "1"})["id"])

    def _into_base(self, document: Document, rows: list[Document]) -> None:
        own, base = precision(self._archive, document["currency"]["id"]), self._base_digits(document)
        rate = Decimal(document["exchangeRate"])
        for row in rows:
            row["base"] = rounded(row["amount"] * rate, digits=base) + row.pop("base_moves", ZERO)
        rows[0]["base"] -= sum((row["base"] for row in rows), ZERO)
        for row in rows:
            row["amount"], row["base"] = text(row["amount"], digits=own), text(row["base"], digits=base)


def is_deferred(line: Document, item: Document) -> bool:
    """Whether a line waits in deferred revenue: its item has a deferral account and the line does not opt out."""
    return "deferredRevenueAccount" in item and not line.get("doNotCreateRevenueElement")


def same_impact(old: list[Document], new: list[Document]) -> bool:
    """Whether two sets of ledger lines hit the same accounts and dimensions with the same amounts."""
    names = ("account", "amount", "base", "department", "class", "location", "entity", "posting")
    return [tuple(row.get(name) for name in names) for row in old] == [
        tuple(row.get(name) for name in names) for row in new
    ]

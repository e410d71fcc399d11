"""Cash application: which payment or credit memo pays how much of which invoice."""

from decimal import Decimal

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import ZERO, amount, precision, text
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.refusals import Refusal

PAYERS = ("customerPayment", "creditMemo")


class Applications:
    """Who pays what, kept beside the books so that no payment has to be searched for."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._by_invoice: dict[str, dict[str, Decimal]] = {}
        self._by_payer: dict[str, dict[str, Decimal]] = {}

    def load(self) -> None:
        self._by_invoice.clear()
        self._by_payer.clear()
        for kind in PAYERS:
            for document in self._archive.rows(kind):
                self.note(document["id"], document)

    def note(self, payer: str, document: Document | None) -> set[str]:
        """Remember what a payer pays now; answers the invoices it touched before or touches now."""
        before = self._by_payer.pop(payer, {})
        for invoice in before:
            self._by_invoice[invoice].pop(payer, None)
        now: dict[str, Decimal] = {}
        for line in (document or {}).get("apply", {"items": []})["items"]:
            if line.get("apply"):
                now[line["doc"]["id"]] = now.get(line["doc"]["id"], ZERO) + amount(line, "amount")
        if now:
            self._by_payer[payer] = now
        for invoice, paid in now.items():
            self._by_invoice.setdefault(invoice, {})[payer] = paid
        return before.keys() | now.keys()

    def paid(self, invoice: str, *, besides: str = "") -> Decimal:
        """What is applied to an invoice, apart from one payer's share."""
        return sum((paid for payer, paid in self._by_invoice.get(invoice, {}).items() if payer != besides), ZERO)

    def payers(self, invoice: str) -> list[str]:
        """Everyone who pays an invoice, the last one first."""
        return sorted(
            (payer for payer, paid in self._by_invoice.get(invoice, {}).items() if paid), key=int, reverse=True
        )

    # -- a payer's lines --------------------------------------------------------------------------
    def check(self, document: Document, *, available: Decimal | None) -> Decimal:
        """Complete the apply lines of a payer and answer what they sum to. Raises Refusal for one that cannot be.

        `available` is the money there is, in the payer's currency; None = as much as the lines ask for.
        """
        customer = (document.get("customer") or document["entity"])["id"]
        lines = document.get("apply", {"items": []})["items"]
        used, kept = ZERO, []
        for index, line in enumerate(lines):
            if not line.get("apply"):
                continue
            path = f"apply.items[{index}]"
            if "doc" not in line:
                raise Refusal("no_apply_line", value="null", line=line.get("line", "null"), path=path)
            due = self._due(document, line, customer=customer)
            if due <= 0:
                raise Refusal("no_apply_line", value=line["doc"]["id"], line=line.get("line", "null"), path=path)
            if "amount" not in line:
                line["amount"] = format(due if available is None else min(due, available - used), "f")
            digits = precision(self._archive, document["currency"]["id"])
            line["amount"] = text(amount(line, "amount"), digits=digits)
            if amount(line, "amount") > due or amount(line, "amount") < 0:
                raise Refusal("over_applied", value=line["amount"], due=due, path=f"{path}.amount")
            used += amount(line, "amount")
            if available is not None and used > available:
                raise Refusal("over_spent", value=used, due=available, path=f"{path}.amount")
            kept.append(self._describe(line))
        if lines:
            document["apply"] = {"items": kept}
        return used

    def _due(self, document: Document, line: Document, *, customer: str) -> Decimal:
        invoice = self._archive.get("invoice", line["doc"]["id"])
        if not invoice or not invoice["posts"] or invoice["currency"]["id"] != document["currency"]["id"]:
            return ZERO
        if customer not in self._family(invoice["entity"]["id"]):
            return ZERO
        return amount(invoice, "total") - self.paid(invoice["id"], besides=document["id"])

    def _family(self, customer: str) -> list[str]:
        """A customer and those above it: a parent may pay what its subsidiaries owe."""
        found: list[str] = []
        while customer not in found:
            found.append(customer)
            parent = (self._archive.get("customer", customer) or {}).get("parent")
            if not parent:
                break
            customer = parent["id"]
        return found

    def _describe(self, line: Document) -> Document:
        invoice = self._archive.get("invoice", line["doc"]["id"]) or {}
        return {
            **line,
            "apply": True,
            "line": 0,
            "type": "Invoice",
            "refNum": invoice.get("tranId"),
            "total": invoice.get("total"),
            "applyDate": invoice.get("tranDate"),
        }

    def fill(self, document: Document, *, available: Decimal) -> None:
        """autoApply: the customer's oldest open invoices first."""
        customer, rest, lines = document["customer"]["id"], available, []
        found = self._archive.tables.connection.execute(
            "SELECT id FROM [transaction] WHERE entity = ? AND type = 'CustInvc' AND foreignamountunpaid > 0"
            " ORDER BY duedate, trandate, id",
            (customer,),
        )
        for (key,) in found.fetchall():
            line: Document = {"apply": True, "doc": {"id": str(key)}}
            due = self._due(document, line, customer=customer)
            if rest > 0 and due > 0:
                lines.append({**line, "amount": format(min(rest, due), "f")})
                rest -= min(rest, due)
        document["apply"] = {"items": lines}

    def trim(self, document: Document, *, invoice: str, to: Decimal) -> Document:
        """A payer that gives one invoice only `to`; the rest becomes unapplied."""
        digits = precision(self._archive, document["currency"]["id"])
        lines = []
        for line in document["apply"]["items"]:
            if line["doc"]["id"] != invoice:
                lines.append(line)
            elif to > 0:
                lines.append({**line, "amount": text(to, digits=digits)})
        return {**document, "apply": {"items": lines}}

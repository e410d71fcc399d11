"""Credits a payment lays on invoices beside its own money: its sublist `credit`, here by journals on receivables."""

from decimal import Decimal

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import ZERO, amount, precision, text
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.refunding import Refunds
from connectors.sandbox.netsuite.refusals import Refusal


class Credits:
    """What of each journal's credit payments have used, kept beside the books."""

    def __init__(self, archive: Archive, refunds: Refunds) -> None:
        self._archive = archive
        self._refunds = refunds
        refunds.used_elsewhere = self.of
        self._by_payment: dict[str, dict[str, Decimal]] = {}

    def load(self) -> None:
        self._by_payment.clear()
        for document in self._archive.rows("customerPayment"):
            self.note(document["id"], document)

    def note(self, payment: str, document: Document | None) -> None:
        """Remember what a payment uses now."""
        self._by_payment.pop(payment, None)
        now: dict[str, Decimal] = {}
        for line in _lines(document or {}):
            now[line["doc"]["id"]] = now.get(line["doc"]["id"], ZERO) + amount(line, "amount")
        if now:
            self._by_payment[payment] = now

    def of(self, credit: str, besides: str = "") -> Decimal:
        """What payments have used of a credit, apart from one payment's share."""
        return sum((used.get(credit, ZERO) for key, used in self._by_payment.items() if key != besides), ZERO)

    def check(self, document: Document) -> Decimal:
        """Complete the credit lines of a payment; what they sum to. Raises Refusal for a line that cannot be."""
        digits, total, kept = precision(self._archive, document["currency"]["id"]), ZERO, []
        for index, line in enumerate(_lines(document)):
            path = f"credit.items[{index}]"
            key = line.get("doc", {}).get("id", "null")
            credit, left = self._refunds.left(document, key)
            if credit is None or left <= 0 or self._archive.kind_of("transaction", key) != "journalEntry":
                raise Refusal("no_apply_line", value=key, line=line.get("line", "null"), path=path)
            line["amount"] = text(amount(line, "amount") if "amount" in line else left, digits=digits)
            if not 0 <= amount(line, "amount") <= left:
                raise Refusal("over_applied", value=line["amount"], due=left, path=f"{path}.amount")
            total += amount(line, "amount")
            shown = {"line": 0, "type": "Journal", "refNum": credit.get("tranId"), "creditDate": credit["tranDate"]}
            kept.append({**line, **shown, "apply": True})
        if "credit" in document:
            document["credit"] = {"items": kept}
        return total


def sum_of(document: Document) -> Decimal:
    """What the credit lines of a payment sum to."""
    return sum((amount(line, "amount") for line in _lines(document)), ZERO)


def _lines(document: Document) -> list[Document]:
    return [line for line in document.get("credit", {"items": []})["items"] if line.get("apply")]

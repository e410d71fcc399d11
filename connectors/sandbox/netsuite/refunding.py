"""Refunds of credits: which customer refund pays back how much of which payment or credit memo."""

from collections.abc import Callable
from decimal import Decimal

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import ZERO, amount, precision, text
from connectors.sandbox.netsuite.archive import Archive
from connectors.sandbox.netsuite.refusals import Refusal

CREDITS = ("customerPayment", "creditMemo", "journalEntry")
_TYPES = {"customerPayment": "Payment", "creditMemo": "Credit Memo", "journalEntry": "Journal"}


class Refunds:
    """What was paid back of each credit, kept beside the books."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._by_refund: dict[str, dict[str, Decimal]] = {}
        #: what others have used of a credit, apart from one document's share
        self.used_elsewhere: Callable[[str, str], Decimal] = lambda credit, besides: ZERO

    def load(self) -> None:
        self._by_refund.clear()
        for document in self._archive.rows("customerRefund"):
            self.note(document["id"], document)

    def note(self, refund: str, document: Document | None) -> set[str]:
        """Remember what a refund pays back now; answers the credits it touched before or touches now."""
        before = self._by_refund.pop(refund, {})
        now: dict[str, Decimal] = {}
        for line in (document or {}).get("apply", {"items": []})["items"]:
            if line.get("apply"):
                now[line["doc"]["id"]] = now.get(line["doc"]["id"], ZERO) + amount(line, "amount")
        if now:
            self._by_refund[refund] = now
        return before.keys() | now.keys()

    def of(self, credit: str, *, besides: str = "") -> Decimal:
        """What was paid back of a credit, apart from one refund's share."""
        return sum((shares.get(credit, ZERO) for refund, shares in self._by_refund.items() if refund != besides), ZERO)

    def check(self, document: Document) -> None:
        """Complete the apply lines of a refund and its total. Raises Refusal for a line that cannot be."""
        digits, total, kept = precision(self._archive, document["currency"]["id"]), ZERO, []
        for index, line in enumerate(document.get("apply", {"items": []})["items"]):
            if not line.get("apply"):
                continue
            path = f"apply.items[{index}]"
            key = line.get("doc", {}).get("id", "null")
            credit, left = self.left(document, key)
            if credit is None or left <= 0:
                raise Refusal("no_apply_line", value=key, line=line.get("line", "null"), path=path)
            line["amount"] = text(amount(line, "amount") if "amount" in line else left, digits=digits)
            if not 0 <= amount(line, "amount") <= left:
                raise Refusal("over_applied", value=line["amount"], due=left, path=f"{path}.amount")
            total += amount(line, "amount")
            kind = self._archive.kind_of("transaction", key)
            shown = {"line": 0, "type": _TYPES[kind], "refNum": credit.get("tranId"), "applyDate": credit["tranDate"]}
            kept.append({**line, **shown, "apply": True, "total": credit.get("total")})
        if not kept:
            raise Refusal("no_lines", path="apply")
        document["apply"] = {"items": kept}
        document["total"] = text(total, digits=digits)

    def _credited(self, journal: Document, document: Document) -> Decimal:
        """What a journal credits the customer on the receivables account."""
        return sum(
            (
                amount(line, "credit") - amount(line, "debit")
                for line in journal["line"]["items"]
                if line["account"]["id"] == document["arAcct"]["id"]
                and line.get("entity", {}).get("id") == document["customer"]["id"]
            ),
            ZERO,
        )

    def left(self, document: Document, key: str) -> tuple[Document | None, Decimal]:
        """A credit of the same customer in the same currency, and what of it was neither applied nor paid back."""
        kind = self._archive.kind_of("transaction", key)
        credit = self._archive.get(kind, key) if kind in CREDITS else None
        if credit is None or not credit["posts"] or credit["currency"]["id"] != document["currency"]["id"]:
            return None, ZERO
        if kind == "journalEntry":
            used = self.of(key, besides=document["id"]) + self.used_elsewhere(key, document["id"])
            return credit, self._credited(credit, document) - used
        if (credit.get("customer") or credit["entity"])["id"] != document["customer"]["id"]:
            return None, ZERO
        used = sum((amount(line, "amount") for line in credit.get("apply", {"items": []})["items"]), ZERO)
        return credit, amount(credit, "total") - used - self.of(key, besides=document["id"])

"""The life of a transaction: completed, checked, priced, dated, applied, posted; and taken out again."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.amounts import ZERO, amount, precision, price, text
from connectors.sandbox.netsuite.applying import PAYERS, Applications
from connectors.sandbox.netsuite.archive import Archive, Author
from connectors.sandbox.netsuite.crediting import Credits, sum_of
from connectors.sandbox.netsuite.fields import RECORDS
from connectors.sandbox.netsuite.ledger import CHART, Ledger, is_deferred, same_impact
from connectors.sandbox.netsuite.periods import Periods
from connectors.sandbox.netsuite.refunding import Refunds
from connectors.sandbox.netsuite.refusals import Refusal
from connectors.sandbox.netsuite.revenue import RevenueManagement
from connectors.sandbox.netsuite.rules import Rules

#: status letter -> name, by record type; SuiteQL shows the letter, or "Invoice : Open" through BUILTIN.DF
STATUS: dict[str, dict[str, str]] = {
    "invoice": {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected"},
    "creditMemo": {"A": "Open", "B": "Fully Applied"},
    "customerPayment": {"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "R": "Rejected"},
    "customerRefund": {"A": "Undefined", "R": "Rejected", "V": "Voided"},
    "journalEntry": {"A": "Pending Approval", "B": "Approved for Posting"},
    "salesOrder": {
        "A": "Pending Approval",
        "B": "Pending Fulfillment",
        "F": "Pending Billing",
        "G": "Billed",
        "H": "Closed",
    },
}
APPROVAL = {"1": "Pending Approval", "2": "Approved", "3": "Rejected"}
_SALES = frozenset({"invoice", "creditMemo", "salesOrder"})


class Transactions:
    """Everything that may happen to an invoice, credit memo, payment, journal or sales order."""

    def __init__(self, archive: Archive, rules: Rules, settings: Callable[[], dict[str, Any]]) -> None:
        self.archive = archive
        self.rules = rules
        self.settings = settings
        self.periods = Periods(archive)
        self.ledger = Ledger(archive)
        self.applications = Applications(archive)
        self.refunds = Refunds(archive)
        self.credits = Credits(archive, self.refunds)
        self.revenue = RevenueManagement(archive, self.periods, settings)

    def book(
        self,
        kind: str,
        draft: Document,
        *,
        old: Document | None,
        sent: frozenset[str],
        author: Author,
        checked: bool = True,
    ) -> Document:
        """Take a new or changed transaction into the books. Raises Refusal, and then nothing was written.

        `sent` names the fields the client sent; `checked` is off for what someone does at the vendor's own screens.
        """
        settings = self.settings()
        document = dict(draft)
        if checked:
            self.rules.needed(kind, document)
        self._complete(kind, document, settings=settings, new=old is None)
        if checked:
            self._check(kind, document, settings=settings)
        if kind in _SALES:
            price(document, archive=self.archive)
        document["posts"] = self._posts(kind, document)
        if kind == "salesOrder":
            document.pop("postingPeriod", None)
        else:
            moved = old is not None and old["tranDate"] != document["tranDate"] and "postingPeriod" not in sent
            if checked or moved or "postingPeriod" not in document:
                self.periods.assign(document, moved=moved, strict=settings["date_outside_period"] == "disallow")
        if kind in PAYERS:
            self._apply(kind, document, checked=checked)
        elif kind == "customerRefund":
            self.refunds.check(document)
        self._conclude(kind, document, paid=self.applications.paid(document["id"]) if kind == "invoice" else ZERO)
        lines = self.ledger.lines(kind, document)
        if checked and kind != "salesOrder":
            self._refuse_closed(kind, document, lines, old=old)
        # From here on everything is known to be right: only writes follow.
        document.setdefault(RECORDS[kind].number, f"{RECORDS[kind].prefix}{document['id']}")
        return self._write(kind, document, lines, author=author)

    def _write(self, kind: str, document: Document, lines: list[Document], *, author: Author) -> Document:
        self.archive.post(document["id"], lines)
        self.archive.save(kind, document, author=author)
        if kind in PAYERS:
            self._settle_all(self.applications.note(document["id"], document))
            if kind == "customerPayment":
                self.credits.note(document["id"], document)
        elif kind == "customerRefund":
            self._settle_credits(self.refunds.note(document["id"], document))
        elif kind == "invoice":
            excess = self.applications.paid(document["id"]) - amount(document, "total")
            if excess > 0:
                self._give_back(document["id"], excess, author=author)
                self._settle_all({document["id"]})
            origin = document.get("createdFrom")
            order = self.archive.get("salesOrder", origin["id"]) if origin else None
            if order and order["statusCode"] != "G":
                self.archive.settle("salesOrder", {**order, "statusCode": "G", "status": _status("salesOrder", "G")})
        self.revenue.follow(kind, document)
        return self.archive.get(kind, document["id"]) or document

    # -- steps --------------------------------------------------------------------------------------
    def _complete(self, kind: str, document: Document, *, settings: dict[str, Any], new: bool) -> None:
        party = document.get("entity") or document.get("customer") or {}
        customer = self.archive.get("customer", party.get("id", "")) or {}
        if "id" not in document:
            document["id"] = self.archive.new_id(kind)
            document["transactionNumber"] = f"{RECORDS[kind].prefix}{document['id']}"
        document.setdefault("tranDate", date.today().isoformat())
        document.setdefault("subsidiary", customer.get("subsidiary", {"id": "1"}))
        subsidiary = self.archive.get("subsidiary", document["subsidiary"]["id"]) or {}
        document.setdefault("currency", customer.get("currency") or subsidiary.get("currency", {"id": "1"}))
        document.setdefault("exchangeRate", self._rate(document["currency"]["id"], subsidiary))
        if kind in ("invoice", "creditMemo"):
            document.setdefault("account", customer.get("receivablesAccount", {"id": CHART["receivable"]}))
        if kind in ("invoice", "journalEntry"):
            document.setdefault("approvalStatus", {"id": settings["default_approval_status"]})
            document["approvalStatus"] = {
                "id": document["approvalStatus"]["id"],
                "refName": APPROVAL.get(document["approvalStatus"]["id"], "Unknown"),
            }
        if kind in _SALES:
            document.setdefault("item", {"items": []})
        if kind == "salesOrder":
            document.setdefault("orderStatus", {"id": "F", "refName": STATUS[kind]["F"]})
        if kind == "invoice" and new:
            if "terms" in customer:
                document.setdefault("terms", customer["terms"])
            days = int(
                (self.archive.get("term", document.get("terms", {}).get("id", "")) or {}).get("daysUntilNetDue", 0)
            )
            document.setdefault(
                "dueDate", (date.fromisoformat(document["tranDate"]) + timedelta(days=days)).isoformat()
            )
        if kind == "customerRefund":
            document.setdefault("arAcct", {"id": CHART["receivable"]})
            document.setdefault("account", {"id": CHART["bank"]})
        if kind == "customerPayment":
            document.setdefault("arAcct", {"id": CHART["receivable"]})
            document.setdefault("undepFunds", {"id": "F" if "account" in document else "T"})
            if document["undepFunds"]["id"] != "T":
                document.setdefault("account", {"id": CHART["bank"]})

    def _rate(self, currency: str, subsidiary: Document) -> str:
        own = Decimal((self.archive.get("currency", currency) or {}).get("exchangeRate", "1"))
        home = Decimal(
            (self.archive.get("currency", subsidiary.get("currency", {"id": "1"})["id"]) or {}).get("exchangeRate", "1")
        )
        return format((own / home).normalize(), "f")

    def _check(self, kind: str, document: Document, *, settings: dict[str, Any]) -> None:
        if kind == "journalEntry":
            self._check_journal(document)
            lines = document["line"]["items"]
        else:
            payee = "customer" if kind in ("customerPayment", "customerRefund") else "entity"
            self.rules.entity(document, payee, settings=settings)
            lines = document.get("item", {"items": []})["items"]
        if kind in _SALES:
            self.rules.items(document)
        self.rules.unique(kind, document)
        if kind not in ("customerPayment", "customerRefund"):
            self.rules.dimensions(document, lines, mandatory=settings["mandatory_dimensions"])

    def _check_journal(self, document: Document) -> None:
        lines = document.setdefault("line", {"items": []})["items"]
        if not lines:
            raise Refusal("no_lines", path="line")
        digits, balance = precision(self.archive, document["currency"]["id"]), ZERO
        for index, line in enumerate(lines):
            if "account" not in line:
                raise Refusal("missing_values", fields="Account", path=f"line.items[{index}].account")
            for side in ("debit", "credit"):
                if side in line:
                    line[side] = text(amount(line, side), digits=digits)
            balance += amount(line, "debit") - amount(line, "credit")
        if balance:
            raise Refusal("unbalanced", path="line")

    def _posts(self, kind: str, document: Document) -> bool:
        if kind == "salesOrder":
            return False
        approved = document.get("approvalStatus", {"id": "2"})["id"] == "2"
        return approved and document.get("approved", True) is not False

    def _apply(self, kind: str, document: Document, *, checked: bool) -> None:
        digits = precision(self.archive, document["currency"]["id"])
        refunded = self.refunds.of(document["id"])
        available: Decimal | None
        credited = ZERO
        if kind == "creditMemo":
            available = amount(document, "total") - refunded
        else:
            credited = self.credits.check(document) if checked else sum_of(document)
            available = amount(document, "payment") + credited - refunded if "payment" in document else None
        if (
            kind == "customerPayment"
            and document.get("autoApply")
            and available is not None
            and "apply" not in document
        ):
            self.applications.fill(document, available=available)
        if checked:
            used = self.applications.check(document, available=available)
        else:
            used = sum(
                (amount(line, "amount") for line in document.get("apply", {"items": []})["items"] if line.get("apply")),
                ZERO,
            )
        if kind == "customerPayment":
            if used < credited:
                raise Refusal("over_spent", value=credited, due=used, path="credit")
            paid = (used if available is None else available + refunded) - credited
            document["payment"] = text(paid, digits=digits)
            document["total"] = document["payment"]
            document["pending"] = text(ZERO, digits=digits)
        self._share_out(document, used=used - credited)

    def _share_out(self, document: Document, *, used: Decimal) -> None:
        """What of a payment or credit memo is applied or paid back, and what is left of it."""
        digits = precision(self.archive, document["currency"]["id"])
        gone = used + self.refunds.of(document["id"])
        document["applied"] = text(gone, digits=digits)
        document["unapplied"] = text(amount(document, "total") - gone, digits=digits)

    def _conclude(self, kind: str, document: Document, *, paid: Decimal) -> None:
        """Status, and what is still open."""
        digits = precision(self.archive, document["currency"]["id"])
        code = "A"
        if kind == "invoice":
            deferred = ZERO
            for line in document["item"]["items"]:
                if is_deferred(line, self.archive.get("item", line["item"]["id"]) or {}):
                    deferred += amount(line, "amount")
            document["deferredRevenue"] = text(deferred, digits=digits)
            document["recognizedRevenue"] = text(amount(document, "subtotal") - deferred, digits=digits)
            document["revenueStatus"] = (
                {"id": "A", "refName": "Pending"} if deferred else {"id": "C", "refName": "Completed"}
            )
            document["amountPaid"] = text(paid, digits=digits)
            document["amountRemaining"] = text(amount(document, "total") - paid, digits=digits)
            code = "B" if paid >= amount(document, "total") else "A"
            code = {"1": "D", "3": "E"}.get(document["approvalStatus"]["id"], code)
        elif kind == "creditMemo":
            document["amountPaid"], document["amountRemaining"] = document["applied"], document["unapplied"]
            code = "A" if amount(document, "unapplied") else "B"
        elif kind == "customerPayment":
            code = "B" if document["undepFunds"]["id"] == "T" else "C"
        elif kind == "journalEntry":
            code = "B" if document["posts"] else "A"
        elif kind == "salesOrder":
            code = "G" if document.get("statusCode") == "G" else document["orderStatus"]["id"]
        document["statusCode"], document["status"] = code, _status(kind, code)

    def _refuse_closed(self, kind: str, document: Document, lines: list[Document], *, old: Document | None) -> None:
        before = (self.archive.books.get("ledger", document["id"]) or {"lines": []})["lines"]
        changes = old is None or not same_impact(before, lines) or old["postingPeriod"] != document["postingPeriod"]
        for version in (document, old):
            if version is None or not version["posts"] or self.periods.is_open(kind, version):
                continue
            if changes or not self.periods.allows_other_changes(version):
                raise Refusal("outside_period", path="tranDate")

    # -- consequences for others --------------------------------------------------------------------
    def _settle_all(self, invoices: set[str]) -> None:
        for key in invoices:
            invoice = self.archive.get("invoice", key)
            if invoice:
                settled = dict(invoice)
                self._conclude("invoice", settled, paid=self.applications.paid(key))
                self.archive.settle("invoice", settled)

    def _settle_credits(self, credits: set[str]) -> None:
        for key in credits:
            kind = self.archive.kind_of("transaction", key)
            credit = self.archive.get(kind, key)
            if credit and kind in PAYERS:
                settled = dict(credit)
                lines = settled.get("apply", {"items": []})["items"]
                used = sum((amount(line, "amount") for line in lines), ZERO)
                self._share_out(settled, used=used - sum_of(settled))
                self._conclude(kind, settled, paid=ZERO)
                self.archive.settle(kind, settled)

    def _give_back(self, invoice: str, excess: Decimal, *, author: Author) -> None:
        """An invoice became smaller than what was paid on it: its payers get the difference back as unapplied."""
        for payer in self.applications.payers(invoice):
            kind = self.archive.kind_of("transaction", payer)
            document = self.archive.get(kind, payer)
            if document is None or excess <= 0:
                break
            share = sum(
                (amount(line, "amount") for line in document["apply"]["items"] if line["doc"]["id"] == invoice), ZERO
            )
            cut = min(share, excess)
            excess -= cut
            trimmed = self.applications.trim(document, invoice=invoice, to=share - cut)
            self._apply(kind, trimmed, checked=False)
            self._conclude(kind, trimmed, paid=ZERO)
            self._write(kind, trimmed, self.ledger.lines(kind, trimmed), author=author)

    def delete(self, kind: str, document: Document, *, author: Author, checked: bool = True) -> None:
        """Take a transaction out of the books. Raises Refusal for a paid invoice and in a closed period."""
        key = document["id"]
        if checked and (self.applications.payers(key) or self.refunds.of(key) or self.credits.of(key)):
            raise Refusal("has_dependents")
        if checked and document["posts"] and not self.periods.is_open(kind, document):
            raise Refusal("outside_period", path="tranDate")
        if kind == "invoice":
            self._give_back(key, self.applications.paid(key), author=author)
        self.archive.remove(kind, key, author=author)
        self.revenue.forget(key)
        if kind in PAYERS:
            self._settle_all(self.applications.note(key, None))
            self.credits.note(key, None)
        elif kind == "customerRefund":
            self._settle_credits(self.refunds.note(key, None))


def _status(kind: str, code: str) -> Document:
    name = STATUS[kind].get(code, code)
    # Only payments show the letter as the id; the others repeat the name.
    lettered = ("customerPayment", "customerRefund", "journalEntry", "salesOrder")
    return {"id": code if kind in lettered else name, "refName": name}

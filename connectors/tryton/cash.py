"""Money in Tryton: payments on account, and their application to invoices part by part."""

import contextlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical import Allocation, Payment
from connectors.errors import ConnectorError, Rejected
from connectors.interface import ControlPage, Receipt
from connectors.money import amount
from connectors.tryton import mapping
from connectors.tryton.books import Books, Row
from connectors.tryton.invoices import Invoices
from connectors.tryton.rpc import SYSTEM

#: codes of the account money waits in, and of the journal it is booked in, where the settings name none
CLEARING_ACCOUNT, PAYMENT_JOURNAL = "1.1.9", "PAY"


class Cash:
    """The payments and allocations of one database: moves with our reference as description."""

    def __init__(self, books: Books, *, invoices: Invoices) -> None:
        self.books, self.invoices = books, invoices
        self.write = books.rpc.write

    def put_payment(self, subject: Payment, *, known: Mapping[str, str]) -> Receipt:
        """Book money as cash on account, once."""
        company = self.books.company(subject.legal_entity)
        self._same_currency(subject.currency, company=company)
        move = self._posted(subject.reference, company=company)
        if not move:
            party_id = mapping.target_id(
                subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="party"
            )
            values = mapping.payment_values(
                subject,
                ids=self.books.ids(entity=subject.legal_entity, currency=subject.currency, journal=self._journal),
                period_id=self.books.period(subject.posts_on, company=company),
                party_id=party_id,
                clearing_id=self.clearing(company),
            )
            move = self._post(values, company=company)
        return Receipt(external_id=str(move["id"]), posted=True)

    def put_allocation(self, subject: Allocation, *, known: Mapping[str, str]) -> Receipt:
        """Lay a part of a payment on an invoice, once, and reconcile what has come to zero."""
        company = self.books.company(subject.legal_entity)
        self._same_currency(subject.currency, company=company)
        payment_id = mapping.target_id(subject.payment_reference, known=known, reason="UNAPPLIED_CASH", field="payment")
        invoice_id = mapping.target_id(subject.invoice_reference, known=known, reason="UNAPPLIED_CASH", field="invoice")
        move = self._posted(subject.reference, company=company)
        if not move:
            payment_lines = self._payment_lines(payment_id)
            invoice = self.invoices.one(invoice_id)
            left, owed = -mapping.balance(payment_lines), invoice["amount_to_pay"] or Decimal(0)
            if not payment_lines or subject.amount > left or subject.amount > owed:
                raise Rejected(
                    f"{left} of the payment is left, {owed} of the invoice is owed: {subject.amount} cannot be applied",
                    reason="UNAPPLIED_CASH", field="amount", value=str(subject.amount), system=SYSTEM,
                )  # fmt: skip
            values = mapping.allocation_values(
                subject,
                ids=self.books.ids(entity=subject.legal_entity, currency=subject.currency, journal=self._journal),
                period_id=self.books.period(subject.posts_on, company=company),
                payment_move_id=payment_id,
                payment_line=payment_lines[0],
                invoice=invoice,
            )
            move = self._post(values, company=company)
        self._settle(invoice_id, payment_id=payment_id, company=company)
        return Receipt(external_id=str(move["id"]), posted=True)

    def _settle(self, invoice_id: int, *, payment_id: int, company: int) -> None:
        """Reconcile what has come to zero on either side; repeating it does nothing.

        Tryton itself then makes the invoice `paid`, some time later, by its queue.
        """
        invoice = self.invoices.one(invoice_id)
        own = self._lines([["id", "in", [*invoice["lines_to_pay"], *invoice["payment_lines"]]]])
        self._reconcile(own, company=company)
        self._reconcile(self._payment_lines(payment_id), company=company)

    def _reconcile(self, lines: list[Row], *, company: int) -> None:
        unmatched = [line for line in lines if line["reconciliation"] is None]
        if not unmatched or mapping.balance(unmatched):
            return
        # Only the wizard may do it. Should a line have changed meanwhile, it asks about the difference and stops.
        ids = [line["id"] for line in unmatched]
        records = {"active_model": "account.move.line", "active_id": ids[0], "active_ids": ids}
        wizard, first, _ = self.write("wizard.account.move.reconcile_lines.create", company=company)
        self.write("wizard.account.move.reconcile_lines.execute", wizard, {}, first, company=company, **records)
        self.write("wizard.account.move.reconcile_lines.delete", wizard, company=company)

    def _same_currency(self, currency: str, *, company: int) -> None:
        """Money in a foreign currency needs an exchange-difference policy this connector does not have."""
        own = self.books.company_currency(company)
        if currency != own:
            raise Rejected(
                f"payments go to Tryton in {own} only, not in {currency}", reason="CURRENCY_MISMATCH", field="currency",
                value=currency, system=SYSTEM,
            )  # fmt: skip

    def find(self, reference: str) -> list[Row]:
        """Moves under our reference, drafts too."""
        domain = [["description", "=", reference]]
        return self.books.rows("account.move", domain, fields=mapping.MOVE_FIELDS, order=[["id", "ASC"]])

    def _posted(self, reference: str, *, company: int) -> Row | None:
        """The move in the ledger. A draft left by a broken run goes away: its date may be another by now."""
        found = self.find(reference)
        drafts = [move["id"] for move in found if move["state"] != "posted"]
        if drafts:
            self.write("account.move.delete", drafts, company=company)
        return next((move for move in found if move["state"] == "posted"), None)

    def _payment_lines(self, payment_id: int) -> list[Row]:
        """The money on account of a payment and, after it, all that was taken off it."""
        receivable = ["account.type.receivable", "=", True]
        money = self._lines([["move", "=", payment_id], receivable])
        taken = [["move.origin", "=", f"account.move,{payment_id}"], ["debit", ">", Decimal(0)], receivable]
        return [*money, *self._lines(taken)]

    def _lines(self, domain: list[Any]) -> list[Row]:
        return self.books.rows("account.move.line", domain, fields=mapping.LINE_FIELDS, order=[["id", "ASC"]])

    def _post(self, values: dict[str, Any], *, company: int) -> Row:
        move_id = self.write("account.move.create", [values], company=company)[0]
        try:
            self.write("account.move.post", [move_id], company=company)
        except Rejected:
            with contextlib.suppress(ConnectorError):
                self.write("account.move.delete", [move_id], company=company)
            raise
        return {"id": move_id}

    def payment_receipt(self, move: Row) -> Receipt:
        """What Tryton holds of a payment, and what of it is not applied yet."""
        lines = self._payment_lines(move["id"])
        total = -mapping.balance([line for line in lines if line["move"] == move["id"]])
        return mapping.move_receipt(move, total=total, open_amount=-mapping.balance(lines))

    def allocation_receipt(self, move: Row) -> Receipt:
        """What Tryton holds of an allocation."""
        lines = self._lines([["move", "=", move["id"]], ["debit", ">", Decimal(0)]])
        return mapping.move_receipt(move, total=mapping.balance(lines), open_amount=Decimal(0))

    def clearing(self, company: int) -> int:
        """The account money waits in until the bank's statement."""
        return self.books.account(str(self.books.settings.get("clearing_account", CLEARING_ACCOUNT)), company=company)

    def clearing_balance(self, company: int, *, day: date, entity: str) -> ControlPage:
        """The balance of the clearing account up to and including a day, summed from its own posted lines."""
        currency = self.books.company_currency(company)
        domain = [
            ["account", "=", self.clearing(company)],
            ["move.date", "<=", day],
            ["move.state", "=", "posted"],
        ]
        pages = [
            rows
            for rows, _ in self.books.pages("account.move.line", domain, fields=("debit", "credit"), company=company)
        ]
        found = [row for rows in pages for row in rows]
        balance = amount(mapping.balance(found), currency)
        line = mapping.clearing_line(balance, currency=currency, day=day, entity=entity)
        return ControlPage(lines=(line,) if found else (), query=f"account.move.line {domain}")

    @property
    def _journal(self) -> str:
        return str(self.books.settings.get("payment_journal", PAYMENT_JOURNAL))

"""Customer invoices in Tryton: find by our reference, else draft, check and post."""

import contextlib
from collections.abc import Mapping

from connectors.canonical import Invoice
from connectors.errors import ConnectorError, Rejected
from connectors.interface import Receipt
from connectors.tryton import mapping
from connectors.tryton.books import Books, Row
from connectors.tryton.reasons import comes_late
from connectors.tryton.rpc import SYSTEM

IN_LEDGER = ("posted", "paid")


class Invoices:
    """The invoices of one database."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.write = books.rpc.write

    def put(self, subject: Invoice, *, known: Mapping[str, str]) -> Receipt:
        """Post an invoice once: one in the ledger is returned as it is, a draft left behind is finished."""
        found = self.find(subject.reference)
        in_ledger = [row for row in found if row["state"] in IN_LEDGER]
        if in_ledger:
            return mapping.invoice_receipt(in_ledger[0])
        ids = self.books.ids(entity=subject.legal_entity, currency=subject.currency, journal="revenue")
        party_id = mapping.target_id(
            subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="party"
        )
        addresses = self.books.rows("party.address", [["party", "=", party_id]], fields=("invoice",), limit=1)
        if not addresses:
            raise Rejected(
                f"customer {party_id} has no address in Tryton", reason="ERP_CUSTOMER_MISSING", field="invoice_address",
                value=subject.customer_reference, system=SYSTEM,
            )  # fmt: skip
        tax_code = str(self.books.settings.get("tax_account", ""))
        values = mapping.invoice_values(
            subject,
            ids=ids,
            party_id=party_id,
            address_id=addresses[0]["id"],
            items={line.erp_item: self.books.item(line.erp_item, company=ids.company) for line in subject.lines},
            tax_account_id=self.books.account(tax_code, company=ids.company) if tax_code else None,
        )
        if found:
            invoice_id = found[0]["id"]
            # What it was to be may have changed since, so it is filled anew before it is posted.
            old = self.books.rows("account.invoice", [["id", "=", invoice_id]], fields=("lines", "taxes"))[0]
            for part in ("lines", "taxes"):
                values[part] = [["delete", old[part]], *values[part]]
            self.write("account.invoice.write", [invoice_id], values, company=ids.company)
        else:
            invoice_id = self.write("account.invoice.create", [values], company=ids.company)[0]
        try:
            self._same_totals(subject, invoice_id=invoice_id)
            self._post(subject, invoice_id=invoice_id, company=ids.company)
        except Rejected:
            self._discard(invoice_id, company=ids.company)
            raise
        return mapping.invoice_receipt(self.one(invoice_id))

    def _same_totals(self, subject: Invoice, *, invoice_id: int) -> None:
        """Tryton adds up and rounds by itself; what is not what was billed is never posted. Raises Rejected."""
        draft = self.one(invoice_id)
        ours = (subject.net, subject.tax, subject.total)
        theirs = (draft["untaxed_amount"], draft["tax_amount"], draft["total_amount"])
        if ours != theirs:
            raise Rejected(
                f"Tryton makes it net {theirs[0]}, tax {theirs[1]}, total {theirs[2]}", reason="AMOUNT_MISMATCH",
                field="total_amount", value=str(subject.total), system=SYSTEM,
            )  # fmt: skip

    def _post(self, subject: Invoice, *, invoice_id: int, company: int) -> None:
        """Post a draft. Tryton numbers invoices in the order of their dates and refuses one that comes late.

        Such a one is dated like the last one there. Its accounting date, and so its period, and its due date stay
        as billing has them; the ledger is the same.
        """
        try:
            self.write("account.invoice.post", [invoice_id], company=company)
        except Rejected as refusal:
            if not comes_late(refusal.text):
                raise
            year = self.books.fiscal_year(subject.posting_date, company=company)
            later = [
                *(["company", "=", company], ["type", "=", "out"], ["state", "in", list(IN_LEDGER)]),
                *(["move.period.fiscalyear", "=", year], ["invoice_date", ">", subject.document_date]),
            ]
            last = self.books.rows(
                "account.invoice", later, fields=("invoice_date",), limit=1, order=[["invoice_date", "DESC"]]
            )
            if not last:
                raise
            self.write(
                "account.invoice.write", [invoice_id], {"invoice_date": last[0]["invoice_date"]}, company=company
            )
            self.write("account.invoice.post", [invoice_id], company=company)

    def _discard(self, invoice_id: int, *, company: int) -> None:
        """Take a refused draft away: Tryton closes no period that has one. If that fails, the next try uses it."""
        with contextlib.suppress(ConnectorError):
            self.write("account.invoice.delete", [invoice_id], company=company)

    def find(self, reference: str) -> list[Row]:
        """What there is under our reference, drafts too; nothing keeps Tryton from having two."""
        domain = [["reference", "=", reference], ["type", "=", "out"], ["state", "!=", "cancelled"]]
        return self.books.rows("account.invoice", domain, fields=mapping.INVOICE_FIELDS, order=[["id", "ASC"]])

    def one(self, invoice_id: int) -> Row:
        """An invoice by Tryton's id. Raises Rejected where there is none."""
        found = self.books.rows("account.invoice", [["id", "=", invoice_id]], fields=mapping.INVOICE_FIELDS)
        if not found:
            raise Rejected(
                f"Tryton has no invoice {invoice_id}", reason="UNAPPLIED_CASH", field="invoice", value=str(invoice_id),
                system=SYSTEM,
            )  # fmt: skip
        return found[0]

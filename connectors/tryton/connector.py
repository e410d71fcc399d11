"""Tryton's verbs, over JSON-RPC."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from connectors.canonical import (
    Address,
    Allocation,
    CreditMemo,
    Customer,
    DocumentVoid,
    Invoice,
    Payment,
    Withholding,
    WriteOff,
)
from connectors.errors import Misconfigured, Rejected
from connectors.http import Http
from connectors.interface import Connector, ControlPage, Parcel, Period, Receipt, Setup, Unsupported
from connectors.tryton import mapping
from connectors.tryton.books import Books, Row
from connectors.tryton.cash import Cash
from connectors.tryton.invoices import IN_LEDGER, Invoices
from connectors.tryton.rpc import Rpc

#: kinds of documents the portal does not post here
NOT_POSTED = frozenset({CreditMemo.kind, DocumentVoid.kind, WriteOff.kind, Withholding.kind})
#: kind -> which customer invoices show it: a credit note is one below zero, made by hand as long as we post none
LISTED: dict[str, list[Any]] = {
    "invoice": [["total_amount", ">=", Decimal(0)]],
    "credit_memo": [["total_amount", "<", Decimal(0)]],
    "void": [["reference", "like", "void:%"]],
    "write_off": [["reference", "like", "write_off:%"]],
}


class Tryton(Connector):
    """One Tryton database. Secrets: user, password, and read_user, read_password for controls.

    Tryton has no unique key for documents. What we made is found by our reference: a party's code, an
    invoice's reference, a move's description. Posted documents never change, so nothing is corrected in place.
    """

    name = "tryton"
    label = "Tryton"
    role = "erp"
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "list_day", "periods"})
    delivers: ClassVar[frozenset[str]] = frozenset({"customer", "invoice", "payment", "allocation"})
    lists: ClassVar[frozenset[str]] = frozenset({"customer", "receipt", "payment", "clearing", *LISTED})
    settle_time = timedelta(seconds=60)  # an unanswered call may still be at work when we look
    key_horizon = None

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.http = Http(system="tryton", base_url=setup.base_url, sandbox=setup.sandbox)
        prefix = "read_" if setup.read_only else ""
        for name in (f"{prefix}user", f"{prefix}password"):
            if not setup.secrets.get(name):
                raise Misconfigured(f"tryton: the connection's secret {name} is not set", system=self.name)
        if not setup.settings.get("database"):
            raise Misconfigured("tryton: the connection's setting database is not set", system=self.name)
        self.rpc = Rpc(
            self.http,
            database=str(setup.settings["database"]),
            user=setup.secrets[f"{prefix}user"],
            password=setup.secrets[f"{prefix}password"],
        )
        self.books = Books(self.rpc, settings=setup.settings)
        self.invoices = Invoices(self.books)
        self.cash = Cash(self.books, invoices=self.invoices)

    # -- deliver ----------------------------------------------------------------------------------

    def deliver(self, parcel: Parcel) -> Receipt:
        """Look for our reference, then create or finish: a draft left by a broken run is used, never doubled."""
        subject = parcel.subject
        if parcel.operation == "correct" and not isinstance(subject, Customer):
            raise Rejected(
                "Tryton never changes a posted document; credit it and post a new one", reason="AMOUNT_MISMATCH",
                field="state", value=subject.reference, system=self.name,
            )  # fmt: skip
        if parcel.operation not in ("put", "correct"):
            raise Unsupported(self, f"{parcel.operation} {subject.kind}")
        if isinstance(subject, Customer):
            return self._put_customer(subject)
        if isinstance(subject, Invoice):
            return self.invoices.put(subject, known=parcel.known)
        if isinstance(subject, Payment):
            return self.cash.put_payment(subject, known=parcel.known)
        if isinstance(subject, Allocation):
            return self.cash.put_allocation(subject, known=parcel.known)
        if subject.kind in NOT_POSTED:
            raise Rejected(
                f"the portal does not post a {subject.kind} to Tryton; post it there by hand",
                reason="NOT_SUPPORTED_THERE", field="kind", value=subject.kind, system=self.name,
            )  # fmt: skip
        raise Unsupported(self, f"deliver {subject.kind}")

    def _put_customer(self, subject: Customer) -> Receipt:
        address = None
        if subject.address != Address():
            address = mapping.address_values(subject.address, country_id=self.books.country(subject.address.country))
        found = self._parties(subject.reference)
        if not found:
            addresses = [["create", [address or {"invoice": True}]]]
            contacts = [["create", [{"type": "email", "value": subject.email}]]] if subject.email else []
            values: dict[str, Any] = {"name": subject.name, "code": subject.reference}
            values |= {"addresses": addresses, "contact_mechanisms": contacts}
            made = self.rpc.write("party.party.create", [values])
            return Receipt(external_id=str(made[0]))
        party = found[0]
        self.rpc.write("party.party.write", [party["id"]], {"name": subject.name})
        if address and party["addresses"]:
            self.rpc.write("party.address.write", [party["addresses"][0]], address)
        return Receipt(external_id=str(party["id"]))

    # -- look up ----------------------------------------------------------------------------------

    def find(self, *, kind: str, reference: str, known: Mapping[str, str]) -> list[Receipt]:
        """What Tryton has in its ledger under a reference. Nothing there is unique, so several are possible: a case.

        A draft left by a broken run is not shown: sent again, it is finished.
        """
        if kind == "customer":
            return [mapping.party_receipt(row) for row in self._parties(reference)]
        if kind == "invoice":
            return [mapping.invoice_receipt(row) for row in self.invoices.find(reference) if row["state"] in IN_LEDGER]
        if kind in ("payment", "allocation"):
            read = self.cash.payment_receipt if kind == "payment" else self.cash.allocation_receipt
            return [read(move) for move in self.cash.find(reference) if move["state"] == "posted"]
        if kind in NOT_POSTED:
            return []
        raise Unsupported(self, f"find {kind}")

    def list_day(self, *, kind: str, entity: str, day: date) -> Iterator[ControlPage]:
        """Documents in the ledger under `day`, their posting date; for customers, all of them."""
        company = self.books.company(entity)
        if kind in LISTED:
            domain: list[Any] = [
                *(["company", "=", company], ["type", "=", "out"]),
                *(["move.date", "=", day], ["state", "in", list(IN_LEDGER)]),
                *LISTED[kind],
            ]
            receivable = self.books.receivable(company)
            for rows, total in self.books.pages(
                "account.invoice", domain, fields=mapping.INVOICE_FIELDS, company=company
            ):
                lines = tuple(mapping.invoice_line(row, receivable=receivable) for row in rows)
                yield ControlPage(lines=lines, source_count=total, query=f"account.invoice {domain}")
        elif kind in ("receipt", "payment"):
            currency = self.books.company_currency(company)
            domain = [
                *(["account", "=", self.cash.clearing(company)], ["debit", ">", Decimal(0)]),
                *(["move.date", "=", day], ["move.state", "=", "posted"]),
            ]
            for rows, total in self.books.pages(
                "account.move.line", domain, fields=mapping.LINE_FIELDS, company=company
            ):
                lines = tuple(mapping.receipt_line(row, currency=currency) for row in rows)
                yield ControlPage(lines=lines, source_count=total, query=f"account.move.line {domain}")
        elif kind == "clearing":
            yield self.cash.clearing_balance(company, day=day, entity=entity)
        elif kind == "customer":
            currency = self.books.company_currency(company)
            domain = [["active", "in", [True, False]], ["code", "like", "customer:%"]]
            for rows, total in self.books.pages(
                "party.party", domain, fields=("code", "name", "active"), company=company
            ):
                lines = tuple(mapping.customer_line(row, day=day, currency=currency) for row in rows)
                yield ControlPage(lines=lines, source_count=total, query=f"party.party {domain}")
        elif kind == "sales_order":
            # this connector brings none there, and a sale of somebody else's is none of ours
            yield ControlPage(lines=(), source_count=0, query="no sales orders of ours are kept in Tryton")
        else:
            raise Unsupported(self, f"list {kind}")

    def periods(self, *, entity: str) -> Iterable[Period]:
        """The standard periods of a company; adjustment periods are left out."""
        company = self.books.company(entity)
        domain = [["company", "=", company], ["type", "=", "standard"]]
        rows = self.books.rows(
            "account.period", domain, fields=("start_date", "end_date", "state"), company=company,
            order=[["start_date", "ASC"]],
        )  # fmt: skip
        return [mapping.period(row) for row in rows]

    def link(self, *, kind: str, external_id: str) -> str:
        """Address in Tryton's web client, where the setting `web_client` says that one is installed."""
        models = {"customer": "party.party", "invoice": "account.invoice", "payment": "account.move"}
        model = {**models, "allocation": "account.move"}.get(kind)
        base = str(self.setup.settings.get("web_client", "")).rstrip("/")
        return f"{base}/#{self.rpc.database}/model/{model}/{external_id}" if base and model else ""

    def check(self) -> str:
        """Sign in and say which database and companies answer."""
        names = [row["rec_name"] for row in self.books.rows("company.company", [], fields=("rec_name",))]
        return f"Tryton database {self.rpc.database} as {self.rpc.user}: {', '.join(names) or 'no company'}"

    # -- records ----------------------------------------------------------------------------------

    def _parties(self, code: str) -> list[Row]:
        domain = [["code", "=", code], ["active", "in", [True, False]]]
        return self.books.rows("party.party", domain, fields=("code", "name", "addresses"))

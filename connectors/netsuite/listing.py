"""NetSuite's own lists of a day as control lines: which transactions, by SuiteQL, and with which sign they count."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.errors import Misconfigured
from connectors.interface import ControlLine
from connectors.netsuite import balances, bank, between_companies, cash, granted, journals, mapping, rates, schedules
from connectors.netsuite.mapping import Settings


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Transactions of one type that show documents of a kind."""

    #: SuiteQL's transaction type
    type_: str
    #: 0: as the ledger has it, with its tax; else the amount's size times this
    sign: int = 0
    #: further conditions on the transaction `t`
    narrowed: str = ""
    #: the amount is what it moves on the account for this purpose, debits above zero; empty: its total
    moves: str = ""
    #: purpose of the accounts its main line is to stand on; empty: not looked at
    stands_on: str = ""


#: what we wrote there names itself by its external id; what people type has none, or one of their own
OURS = "t.externalid LIKE '{}:%'"
#: reversals of voided documents are told from the rest by the reference we gave them
NO_REVERSAL = "(t.externalid IS NULL OR t.externalid NOT LIKE 'void:%')"
NO_WRITE_OFF = "(t.externalid IS NULL OR t.externalid NOT LIKE 'write_off:%')"
#: kind -> the transactions that show it
LISTS: dict[str, tuple[Listing, ...]] = {
    "sales_order": (Listing(type_="SalesOrd"),),
    "invoice": (Listing(type_="CustInvc", narrowed=NO_REVERSAL, stands_on="receivable"),),
    "credit_memo": (Listing(type_="CustCred", narrowed=f"{NO_REVERSAL} AND {NO_WRITE_OFF}"),),
    # of an invoice, or of a credit memo
    "void": (
        Listing(type_="CustCred", narrowed=OURS.format("void")),
        Listing(type_="CustInvc", narrowed=OURS.format("void")),
    ),
    "write_off": (Listing(type_="CustCred", narrowed=OURS.format("write_off")),),
    # what people book there is a bank receipt, and goes the other way
    "receipt": (Listing(type_="CustPymt", sign=1, narrowed=OURS.format("payment")),),
    "payment": (Listing(type_="CustPymt", sign=1),),
    "refund": (
        Listing(type_="CustRfnd", sign=-1),
        Listing(type_="Journal", narrowed=OURS.format("refund_failure"), moves="clearing"),
    ),
    "dispute": (Listing(type_="Journal", narrowed=OURS.format("dispute_movement"), moves="clearing"),),
    "conversion": (Listing(type_="Journal", narrowed=OURS.format("conversion"), moves="clearing"),),
    "payout": (
        Listing(type_="Journal", narrowed=OURS.format("payout"), moves="bank"),
        Listing(type_="Journal", narrowed=OURS.format("payout_failure"), moves="bank"),
    ),
}


#: every customer there is, as of now
CUSTOMERS = (
    "SELECT c.id, c.externalid, c.entityid, c.companyname, c.currency, c.isinactive, c.datecreated "
    "FROM customer c{served_by} ORDER BY c.id"
)
Reader = Callable[[Mapping[str, Any]], ControlLine]


def subsidiary(entity: str, *, settings: Settings) -> str:
    """The subsidiary a list is narrowed to, by our company's code or its own id; empty where there is one only."""
    ids = settings.get("subsidiaries", {})
    if entity not in ids and len(ids) < 2:
        return ""  # an account with one subsidiary need not name it
    wanted = str(ids.get(entity, entity))
    if not wanted.isdigit():
        raise Misconfigured(f"netsuite: {wanted!r} is no subsidiary id", system="netsuite")
    return wanted


def _served_by(entity: str, *, settings: Settings) -> str:
    """Customers of a subsidiary; one that several share stands in each one's list."""
    wanted = subsidiary(entity, settings=settings)
    join = " INNER JOIN customersubsidiaryrelationship s ON s.entity = c.id AND s.subsidiary = "
    return f"{join}{wanted}" if wanted else ""


def queries(kind: str, *, entity: str, day: date, of_entity: str, settings: Settings) -> list[tuple[str, Reader]]:
    """What to ask for a kind, and how a row of each answer is read; nothing for a kind NetSuite does not list."""
    if kind == "customer":
        return [
            (
                CUSTOMERS.format(served_by=_served_by(entity, settings=settings)),
                lambda row: _customer_line(row, settings=settings, day=day),
            )
        ]
    if kind == "granted":
        asked = granted.QUERY.format(served_by=_served_by(entity, settings=settings))
        return [(asked, partial(granted.line, settings=settings, day=day))]
    if kind == "between_companies":
        return between_companies.queries(entity=entity, day=day, of_entity=of_entity, settings=settings)
    if kind == "rate_table":
        asked = rates.table_query(day=day, subsidiary=subsidiary(entity, settings=settings))
        return [(asked, partial(rates.table_line, settings=settings))]
    if kind in ("deferred", "unbilled"):
        asked = journals.balance_query(settings, purpose=kind, day=day, of_entity=of_entity)
        return [(asked, partial(journals.balance_line, purpose=kind, entity=entity, day=day, settings=settings))]
    if kind == "clearing":
        asked = cash.balance_query(day=day, of_entity=of_entity, settings=settings)
        return [(asked, lambda row: cash.balance_line(row, entity=entity, day=day, settings=settings))]
    if kind in balances.MOVED_BY:
        asked = balances.balance_query(kind, day=day, of_entity=of_entity, settings=settings)
        return [(asked, partial(balances.balance_line, purpose=kind, entity=entity, day=day, settings=settings))]
    if kind == "open_item":
        return [
            (balances.open_query(of_entity=of_entity), partial(balances.left_line, kind="invoice", settings=settings))
        ]
    if kind == "unapplied":
        read = partial(balances.left_line, kind="payment", settings=settings)
        return [(balances.unapplied_query(of_entity=of_entity), read)]
    if kind == "outside_journal":
        asked = balances.journals_query(day=day, of_entity=of_entity, settings=settings)
        return [(asked, partial(balances.journal_line, settings=settings))]
    if kind == "posted_rate":
        of_one = subsidiary(entity, settings=settings)
        asked = rates.posted_query(day=day, subsidiary=of_one, of_entity=of_entity)
        return [(asked, lambda row: rates.posted_line(row, settings=settings))]
    if kind == "revenue_schedule":
        asked = schedules.planned_query(day=day, subsidiary=subsidiary(entity, settings=settings))
        return [(asked, lambda row: schedules.planned_line(row, settings=settings))]
    if kind == "bank_receipt":
        asked = bank.applications_query(day=day, of_entity=of_entity)
        return [(asked, lambda row: bank.application_line(row, settings=settings))]
    return [
        (query(one, day=day, of_entity=of_entity, settings=settings), partial(line, listing=one, settings=settings))
        for one in LISTS.get(kind, ())
    ]


def query(listing: Listing, *, day: date, of_entity: str, settings: Settings) -> str:
    """The SuiteQL of one listing for a day; `of_entity` narrows the main line `m` to a subsidiary."""
    narrowed = f" AND {listing.narrowed}" if listing.narrowed else ""
    # a transaction's subsidiary is found on its main line only; a journal has it on every line, and no main one
    join, whose = "INNER JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' ", of_entity
    if listing.type_ == "Journal":
        join = ""
        whose = f" AND EXISTS (SELECT 1 FROM transactionline m WHERE m.transaction = t.id{of_entity})"
    total = "t.foreigntotal"
    if listing.moves:
        accounts = ", ".join(cash.account_ids(listing.moves, settings=settings))
        total = (
            "(SELECT SUM(y.foreignamount) FROM transactionline y INNER JOIN transactionaccountingline a "
            "ON a.transaction = y.transaction AND a.transactionline = y.id "
            f"WHERE y.transaction = t.id AND a.account IN ({accounts})) foreigntotal"
        )
    account = ""
    if listing.stands_on:
        account = (
            "(SELECT MAX(b.account) FROM transactionaccountingline b "
            "WHERE b.transaction = t.id AND b.transactionline = m.id AND b.posting = 'T') account, "
        )
    return (
        f"SELECT t.id, t.tranid, t.externalid, t.trandate, t.entity, t.currency, {total}, {account}"
        "BUILTIN.DF(t.status) status, (SELECT SUM(x.foreignamount) FROM transactionline x "
        "WHERE x.transaction = t.id AND x.taxline = 'T') taxamount FROM transaction t "
        f"{join}WHERE t.type = '{listing.type_}' AND t.trandate = TO_DATE('{day:%Y-%m-%d}', 'YYYY-MM-DD')"
        f"{narrowed}{whose} ORDER BY t.id"
    )


def line(row: Mapping[str, Any], *, listing: Listing, settings: Settings) -> ControlLine:
    """One row as a control line."""
    if not listing.sign:
        found = _control_line(row, settings=settings)
        return dataclasses.replace(found, other_account=_other_account(row, listing.stands_on, settings=settings))
    found = _control_line(row, settings=settings, sign=-1)
    gross = listing.sign * found.gross
    return dataclasses.replace(found, net=gross, gross=gross)


def _control_line(row: Mapping[str, Any], *, settings: Settings, sign: int = 1) -> ControlLine:
    """One SuiteQL row of a transaction; nulls are absent, values are text."""
    currency = mapping.currency_code({"id": row.get("currency", "")}, settings=settings)
    # tax lines are credits, so what an invoice charges shows as a negative amount there
    gross, tax = mapping.number(row.get("foreigntotal")), -mapping.number(row.get("taxamount"))
    if sign < 0:  # a receipt is money received, whichever sign the ledger gives it
        gross, tax = abs(gross), Decimal(0)
    gross, tax = mapping.exact(gross, currency), mapping.exact(tax, currency)
    return ControlLine(
        reference=str(row.get("externalid") or f"netsuite:{row['id']}"),
        external_id=str(row["id"]),
        document_date=mapping.row_date(str(row["trandate"])),
        currency=currency,
        net=gross - tax,
        tax=tax,
        gross=gross,
        label=str(row.get("tranid", "")),
        status=str(row.get("status", "")),
        counterparty=str(row.get("entity", "")),
        customer=str(row.get("entity", "")),
    )


def _other_account(row: Mapping[str, Any], purpose: str, *, settings: Settings) -> str:
    """The account a document stands on, where the connection's settings name others for it."""
    found = str(row.get("account") or "")
    wanted = cash.account_ids(purpose, settings=settings) if purpose else ["0"]
    return "" if wanted == ["0"] or found in wanted else found


def _customer_line(row: Mapping[str, Any], *, settings: Settings, day: date) -> ControlLine:
    """One SuiteQL row of a customer: it has no amounts."""
    zero = Decimal(0)
    return ControlLine(
        reference=str(row.get("externalid") or f"netsuite:{row['id']}"),
        external_id=str(row["id"]),
        document_date=mapping.row_date(str(row["datecreated"])) if row.get("datecreated") else day,
        currency=mapping.currency_code({"id": row.get("currency", "")}, settings=settings),
        net=zero, tax=zero, gross=zero,
        label=str(row.get("companyname") or row.get("entityid") or ""),
        status="inactive" if row.get("isinactive") == "T" else "active",
    )  # fmt: skip

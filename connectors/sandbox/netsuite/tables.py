"""SuiteQL's tables in SQLite, kept true line by line as records are saved.

Dates rest as MARK + ISO text: they sort, compare and index as dates, and an answer can tell them from a text that
only looks like one. Money rests in NUMERIC columns and leaves through `suiteql`, which writes exact digits.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.netsuite.fields import RECORDS, TRANSACTIONS

#: stands before every date in SQLite; no client can type it into a text
MARK = "\x02"

_INT, _TEXT, _NUM = "INTEGER", "TEXT", "NUMERIC"


def _columns(**groups: str) -> dict[str, str]:
    kinds = {"whole": _INT, "text": _TEXT, "number": _NUM}
    return {name: kinds[kind] for kind, names in groups.items() for name in names.split()}


TABLES: dict[str, dict[str, str]] = {
    "transaction": _columns(
        whole="id entity currency postingperiod approvalstatus terms createdfrom",
        text=(
            "tranid externalid type recordtype abbrevtype trandate duedate status memo transactionnumber"
            " trandisplayname otherrefnum"
            " posting voided createddate lastmodifieddate startdate enddate createdby"
        ),
        number=(
            "foreigntotal exchangerate foreignamountpaid foreignamountunpaid foreignpaymentamountused"
            " foreignpaymentamountunused"
        ),
    ),
    "transactionline": _columns(
        whole=(
            "transaction id linesequencenumber uniquekey item entity department class location subsidiary"
            " expenseaccount createdfrom revenueelement"
        ),
        text=(
            "mainline taxline memo itemtype accountinglinetype revrecstartdate revrecenddate iscogs"
            " linelastmodifieddate"
        ),
        number="quantity rate foreignamount netamount debitforeignamount creditforeignamount",
    ),
    "transactionaccountingline": _columns(
        whole="transaction transactionline accountingbook account",
        text="posting accounttype lastmodifieddate",
        number=(
            "debit credit amount netamount exchangerate amountpaid amountunpaid paymentamountused paymentamountunused"
        ),
    ),
    "customer": _columns(
        whole="id currency terms parent receivablesaccount",
        text=(
            "entityid externalid companyname altname firstname lastname email phone isperson isinactive"
            " datecreated lastmodifieddate entitytitle creditholdoverride"
        ),
        number="creditlimit",
    ),
    "customersubsidiaryrelationship": _columns(whole="id entity subsidiary", text="isprimarysub"),
    "item": _columns(
        whole="id incomeaccount deferredrevenueaccount department class location",
        text=(
            "itemid externalid displayname fullname description itemtype subtype isinactive createddate"
            " lastmodifieddate"
        ),
    ),
    "itemsubsidiarymap": _columns(whole="item subsidiary"),
    "accountingperiod": _columns(
        whole="id parent",
        text=(
            "periodname startdate enddate isposting isadjust isquarter isyear isinactive closed arlocked"
            " aplocked alllocked"
            " allownonglchanges closedondate lastmodifieddate"
        ),
    ),
    "account": _columns(
        whole="id parent",
        text="acctnumber accountsearchdisplayname accountsearchdisplaynamecopy fullname accttype isinactive externalid",
    ),
    "subsidiary": _columns(
        whole="id currency parent", text="name fullname legalname externalid isinactive iselimination country"
    ),
    "currency": _columns(
        whole="id currencyprecision", text="name symbol isbasecurrency isinactive externalid", number="exchangerate"
    ),
    "currencyrate": _columns(
        whole="id basecurrency transactioncurrency", text="effectivedate lastmodifieddate", number="exchangerate"
    ),
    "department": _columns(whole="id parent", text="name fullname externalid isinactive"),
    "classification": _columns(whole="id parent", text="name fullname externalid isinactive"),
    "location": _columns(whole="id parent", text="name fullname externalid isinactive"),
    "term": _columns(whole="id daysuntilnetdue", text="name externalid isinactive"),
    "systemnote": _columns(whole="id recordid", text="recordtype field oldvalue newvalue name role date context type"),
    "nexttransactionlinelink": _columns(
        whole="nextdoc nextline previousdoc previousline",
        text="linktype nexttype previoustype",
        number="foreignamount",
    ),
    "revenueelement": _columns(
        whole="id revenuearrangement item entity subsidiary",
        text="recordnumber source sourcerecordtype elementdate revrecstartdate revrecenddate currency",
        number="quantity salesamount discountedsalesamount allocationamount exchangerate",
    ),
    "revenueplan": _columns(
        whole="id createdfrom item",
        text=(
            "recordnumber revenueplantype revenueplancurrency statusfordisplay holdrevenuerecognition revrecstartdate"
            " revrecenddate"
        ),
        number="amount exchangerate",
    ),
    "revenueplanplannedrevenue": _columns(
        whole="id revenueplan plannedperiod postingperiod journal", text="isrecognized dateexecuted", number="amount"
    ),
    "deletedrecord": _columns(whole="recordid", text="type scriptid name deleteddate deletedby context istransaction"),
}

_INDEXES = (
    ("transaction", "trandate, type"),
    ("transaction", "type, lastmodifieddate"),
    ("transaction", "externalid"),
    ("transaction", "tranid"),
    ("transaction", "entity, type"),
    ("transaction", "postingperiod"),
    ("transactionline", "[transaction], id"),
    ("transactionline", "item"),
    ("transactionaccountingline", "[transaction], transactionline"),
    ("transactionaccountingline", "account"),
    ("customer", "externalid"),
    ("item", "externalid"),
    ("itemsubsidiarymap", "item"),
    ("customersubsidiaryrelationship", "entity"),
    ("systemnote", "recordid"),
    ("revenueelement", "revenuearrangement"),
    ("revenueplan", "createdfrom"),
    ("revenueplanplannedrevenue", "revenueplan"),
    ("deletedrecord", "deleteddate"),
)
_KEYED = {name for name, columns in TABLES.items() if "id" in columns and name != "transactionline"}
_OF_RECORD = {"serviceSaleItem": "item", "accountingPeriod": "accountingperiod"}


def day(value: Any) -> str | None:
    """A date or time for a SQL column."""
    return MARK + str(value).removesuffix("Z") if value else None


def flag(value: Any) -> str:
    return "T" if value else "F"


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value


class Tables:
    """The SQL side of the books. Read through `connection`; written only here."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._insert: dict[str, str] = {}
        for name, columns in TABLES.items():
            parts = [
                f"[{column}] {kind}" + (" PRIMARY KEY" if column == "id" and name in _KEYED else "")
                for column, kind in columns.items()
            ]
            self.connection.execute(f"CREATE TABLE [{name}] ({', '.join(parts)})")
            self._insert[name] = (
                f"INSERT OR REPLACE INTO [{name}] VALUES ({','.join(f':{column}' for column in columns)})"
            )
        for number, (name, columns_of_index) in enumerate(_INDEXES):
            self.connection.execute(f"CREATE INDEX [by_{number}] ON [{name}] ({columns_of_index})")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Many writes in one transaction, which is several times faster."""
        self.connection.execute("BEGIN")
        yield
        self.connection.execute("COMMIT")

    def clear(self) -> None:
        for name in TABLES:
            self.connection.execute(f"DELETE FROM [{name}]")

    def put(self, name: str, row: dict[str, Any]) -> None:
        """Write one row; columns it does not name are null."""
        self.connection.execute(self._insert[name], {column: row.get(column) for column in TABLES[name]})

    def take_out(self, name: str, column: str, key: str) -> None:
        """Remove the rows whose column has this value."""
        self.connection.execute(f"DELETE FROM [{name}] WHERE [{column}] = ?", (key,))

    # -- records ----------------------------------------------------------------------------------
    def write(self, kind: str, document: Document, *, lines: list[Document]) -> None:
        """Mirror one record; a transaction's `lines` are its ledger lines."""
        if kind in TRANSACTIONS:
            self.put("transaction", transaction_row(kind, document))
            self._write_lines(document, lines)
            self._write_links(kind, document)
            return
        name = _OF_RECORD.get(kind, kind.lower())
        if name not in TABLES:
            return
        row = {key.lower(): _id(value) for key, value in document.items()}
        for field, field_kind in RECORDS[kind].fields.items():
            if field_kind == "flag":
                row[field.lower()] = flag(document.get(field))
            elif field_kind in ("date", "stamp"):
                row[field.lower()] = day(document.get(field))
        row["fullname"] = document.get("name") or document.get("itemId") or document.get("acctName")
        if kind == "serviceSaleItem":
            row |= {"itemtype": "Service", "subtype": "Sale"}
            self.connection.execute("DELETE FROM itemsubsidiarymap WHERE item = ?", (document["id"],))
            for line in document.get("subsidiary", {"items": []})["items"]:
                self.put("itemsubsidiarymap", {"item": document["id"], "subsidiary": line["id"]})
        elif kind == "account":
            row["accountsearchdisplayname"] = f"{document.get('acctNumber', '')} {document.get('acctName', '')}".strip()
        elif kind == "customer":
            row["altname"] = row["entitytitle"] = document.get("companyName")
            self.put(
                "customersubsidiaryrelationship",
                {
                    "id": document["id"],
                    "entity": document["id"],
                    "subsidiary": _id(document.get("subsidiary")),
                    "isprimarysub": "T",
                },
            )
        self.put(name, row)

    def _write_lines(self, document: Document, lines: list[Document]) -> None:
        key = document["id"]
        self.connection.execute("DELETE FROM transactionline WHERE [transaction] = ?", (key,))
        self.connection.execute("DELETE FROM transactionaccountingline WHERE [transaction] = ?", (key,))
        modified = day(document.get("lastModifiedDate"))
        for line in lines:
            amount, base = line["amount"], line["base"]
            debit = not amount.startswith("-")
            self.put(
                "transactionline",
                {
                    **{
                        name: line.get(name)
                        for name in ("item", "entity", "department", "class", "location", "memo", "quantity", "rate")
                    },
                    "transaction": key,
                    "id": line["line"],
                    "linesequencenumber": line["line"],
                    "uniquekey": int(key) * 1000 + line["line"],
                    "mainline": flag(line.get("main")),
                    "taxline": flag(line.get("tax")),
                    "subsidiary": _id(document.get("subsidiary")),
                    "itemtype": "Service" if line.get("item") else None,
                    "accountinglinetype": line.get("role"),
                    "iscogs": "F",
                    "foreignamount": amount,
                    "netamount": base,
                    "linelastmodifieddate": modified,
                    "debitforeignamount": amount if debit else None,
                    "creditforeignamount": None if debit else amount[1:],
                    "revrecstartdate": day(line.get("from")),
                    "revrecenddate": day(line.get("until")),
                    "expenseaccount": line.get("account"),
                },
            )
            if line.get("account") is None:
                continue
            debit = not base.startswith("-")
            self.put(
                "transactionaccountingline",
                {
                    "transaction": key,
                    "transactionline": line["line"],
                    "accountingbook": 1,
                    "account": line["account"],
                    "posting": flag(line["posting"]),
                    "debit": base if debit else None,
                    "credit": None if debit else base[1:],
                    "amount": base,
                    "netamount": base,
                    "exchangerate": document.get("exchangeRate"),
                    "lastmodifieddate": modified,
                },
            )

    def _write_links(self, kind: str, document: Document) -> None:
        """Which documents a payment or credit memo was applied to."""
        key = document["id"]
        self.connection.execute("DELETE FROM nexttransactionlinelink WHERE nextdoc = ?", (key,))
        for line in document.get("apply", {"items": []})["items"]:
            if line.get("apply"):
                link = {"linktype": "Payment", "nexttype": RECORDS[kind].sql_type, "previoustype": "CustInvc"}
                ends = {"nextdoc": key, "nextline": 0, "previousdoc": line["doc"]["id"], "previousline": 0}
                self.put("nexttransactionlinelink", {**link, **ends, "foreignamount": line["amount"]})

    def settle(self, kind: str, document: Document) -> None:
        self.put("transaction", transaction_row(kind, document))

    def drop(self, kind: str, key: str) -> None:
        if kind in TRANSACTIONS:
            self.connection.execute("DELETE FROM [transaction] WHERE id = ?", (key,))
            self.connection.execute("DELETE FROM nexttransactionlinelink WHERE nextdoc = ?", (key,))
            self._write_lines({"id": key}, [])
            return
        name = _OF_RECORD.get(kind, kind.lower())
        if name in TABLES:
            self.connection.execute(f"DELETE FROM [{name}] WHERE id = ?", (key,))
        if kind == "customer":
            self.connection.execute("DELETE FROM customersubsidiaryrelationship WHERE entity = ?", (key,))
        if kind == "serviceSaleItem":
            self.connection.execute("DELETE FROM itemsubsidiarymap WHERE item = ?", (key,))

    # -- the trail --------------------------------------------------------------------------------
    def note(self, note: Document) -> None:
        self.put("systemnote", {**note, "date": day(note["date"])})

    def gone(self, gone: Document) -> None:
        self.put(
            "deletedrecord",
            {
                **gone,
                "scriptid": gone["type"].lower(),
                "deleteddate": day(gone["deleteddate"]),
                "istransaction": flag(gone["istransaction"]),
            },
        )


def transaction_row(kind: str, document: Document) -> dict[str, Any]:
    """A transaction's header in SuiteQL's columns; a credit memo's total is negative there."""
    record = RECORDS[kind]
    total = document.get("total")
    row: dict[str, Any] = {
        **{
            name.lower(): _id(document.get(name))
            for name in (
                "id",
                "tranId",
                "externalId",
                "currency",
                "postingPeriod",
                "memo",
                "terms",
                "transactionNumber",
                "otherRefNum",
                "exchangeRate",
                "approvalStatus",
                "createdFrom",
            )
        },
        "entity": _id(document.get("entity") or document.get("customer")),
        "type": "FxReval" if document.get("revalues") else record.sql_type,
        "recordtype": kind.lower(),
        "abbrevtype": record.prefix,
        "trandate": day(document.get("tranDate")),
        "duedate": day(document.get("dueDate")),
        "startdate": day(document.get("startDate")),
        "enddate": day(document.get("endDate")),
        "status": f"{record.sql_type}:{document.get('statusCode', 'A')}",
        "posting": flag(document.get("posts")),
        "voided": flag(bool(document.get("voided"))),
        "trandisplayname": f"{record.label} #{document.get('tranId', '')}",
        "createddate": day(document.get("createdDate")),
        "lastmodifieddate": day(document.get("lastModifiedDate")),
        "foreigntotal": f"-{total}" if kind == "creditMemo" and total is not None else total,
    }
    if kind == "journalEntry":
        row["foreigntotal"] = str(sum(Decimal(line.get("debit") or 0) for line in document["line"]["items"]))
    elif kind == "invoice":
        row |= {"foreignamountpaid": document["amountPaid"], "foreignamountunpaid": document["amountRemaining"]}
    elif kind in ("creditMemo", "customerPayment"):
        row |= {"foreignpaymentamountused": document["applied"], "foreignpaymentamountunused": document["unapplied"]}
    return row

"""What NetSuite's ledger and sub-ledger say of receivables and tax: balances, what is open, journals typed by hand.

Balances are of what we posted, by the external ids we gave: what people enter themselves is theirs.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.interface import ControlLine
from connectors.money import amount
from connectors.netsuite import account_balance, cash, mapping
from connectors.netsuite.mapping import Settings

#: purpose -> kinds of ours that move its account, and the side it stands on: 1 debit, -1 credit
MOVED_BY: dict[str, tuple[tuple[str, ...], int]] = {
    "receivable": (
        (
            *("invoice", "credit_memo", "void", "write_off", "payment", "refund", "refund_failure"),
            *("dispute_loss", "withholding"),
        ),
        1,
    ),
    "tax": (("invoice", "credit_memo", "void"), -1),
}
#: accounts on which nothing belongs that is not ours, by purpose; those the settings name are looked at, and beside
#: them every account of these types, on which revenue stands. The clearing account's whole balance is compared, and a
#: journal there shows in it
REVENUE = ("Income", "DeferRevenue", "UnbilledRec")
WATCHED = ("receivable", "disputed", "reserve", "conversion", "tax")
_TITLES = {"receivable": "Receivables", "tax": "Tax payable"}


def balance_query(purpose: str, *, day: date, of_entity: str, settings: Settings) -> str:
    """What our documents leave on the accounts for a purpose, per transaction currency, up to and including a day.
    Raises Misconfigured where the settings name no such account.
    """
    kinds, _ = MOVED_BY[purpose]
    ours = " OR ".join(f"t.externalid LIKE '{kind}:%'" for kind in kinds)
    accounts = cash.named_account_ids(purpose, settings=settings)
    return account_balance.query(accounts, day=day, of_entity=of_entity, which=ours)


def balance_line(row: Mapping[str, Any], *, purpose: str, entity: str, day: date, settings: Settings) -> ControlLine:
    """One currency's balance, above zero on the side where the account stands."""
    _, side = MOVED_BY[purpose]
    return account_balance.line(
        row,
        name=purpose,
        accounts=cash.account_ids(purpose, settings=settings),
        side=side,
        label=f"{_TITLES[purpose]} of {entity}",
        day=day,
        settings=settings,
    )


def open_query(*, of_entity: str) -> str:
    """What is open of the invoices we posted, as of now."""
    return _left_query("foreignamountunpaid", "t.type = 'CustInvc' AND t.externalid LIKE 'invoice:%'", of_entity)


def unapplied_query(*, of_entity: str) -> str:
    """What of each receipt is applied to nothing, as of now; also of those people entered."""
    return _left_query("foreignpaymentamountunused", "t.type = 'CustPymt'", of_entity)


def _left_query(column: str, which: str, of_entity: str) -> str:
    return (
        f"SELECT t.id, t.tranid, t.externalid, t.trandate, t.entity, t.currency, t.{column} rest FROM transaction t "
        "INNER JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' "
        f"WHERE {which} AND t.{column} <> 0{of_entity} ORDER BY t.id"
    )


def left_line(row: Mapping[str, Any], *, kind: str, settings: Settings) -> ControlLine:
    """What is left of one document; one that people entered is called as we call what we hear of it."""
    currency = mapping.currency_code({"id": row.get("currency", "")}, settings=settings)
    rest = amount(Decimal(str(row.get("rest") or 0)), currency)
    external = str(row.get("externalid") or "")
    return ControlLine(
        reference=external if external.startswith(f"{kind}:") else f"{kind}:netsuite:{row['id']}",
        external_id=str(row["id"]),
        document_date=mapping.row_date(str(row["trandate"])),
        currency=currency,
        net=rest,
        tax=rest - rest,
        gross=rest,
        label=str(row.get("tranid", "")),
        counterparty=str(row.get("entity", "")),
        customer=str(row.get("entity", "")),
    )


def journals_query(*, day: date, of_entity: str, settings: Settings) -> str:
    """Journals of a day that are none of ours, nor NetSuite's own revenue recognition, and stand on an account where
    only ours belong.
    """
    types = ", ".join(f"'{one}'" for one in REVENUE)
    # the table is there only where the account has the feature
    recognised = ""
    if settings.get("revenue_recognition"):
        recognised = " AND NOT EXISTS (SELECT 1 FROM revenueplanplannedrevenue r WHERE r.journal = t.id)"
    accounts = sorted({one for purpose in WATCHED for one in cash.account_ids(purpose, settings=settings)})
    return (
        "SELECT t.id, t.tranid, t.externalid, t.trandate, t.currency, t.memo, a.account, SUM(m.foreignamount) moved "
        "FROM transaction t INNER JOIN transactionline m ON m.transaction = t.id "
        "INNER JOIN transactionaccountingline a ON a.transaction = t.id AND a.transactionline = m.id "
        "INNER JOIN account k ON k.id = a.account "
        f"WHERE t.type = 'Journal' AND (t.externalid IS NULL OR t.externalid NOT LIKE '%:%') AND a.posting = 'T' "
        f"AND (a.account IN ({', '.join(accounts)}) OR k.accttype IN ({types})){recognised} "
        f"AND t.trandate = TO_DATE('{day:%Y-%m-%d}', 'YYYY-MM-DD'){of_entity} "
        "GROUP BY t.id, t.tranid, t.externalid, t.trandate, t.currency, t.memo, a.account ORDER BY t.id, a.account"
    )


def journal_line(row: Mapping[str, Any], *, settings: Settings) -> ControlLine:
    """What one journal moves on one such account, debits above zero."""
    currency = mapping.currency_code({"id": row.get("currency", "")}, settings=settings)
    moved = amount(Decimal(str(row.get("moved") or 0)), currency)
    account = str(row.get("account", ""))
    return ControlLine(
        reference=f"journal:netsuite:{row['id']}:{account}",
        external_id=str(row["id"]),
        document_date=mapping.row_date(str(row["trandate"])),
        currency=currency,
        net=moved,
        tax=moved - moved,
        gross=moved,
        label=str(row.get("tranid") or row["id"]),
        status=f"account {account}",
        counterparty=str(row.get("memo") or "")[:200],
    )

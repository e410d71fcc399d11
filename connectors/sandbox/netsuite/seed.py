"""The company a fresh sandbox has: one subsidiary, currencies, periods, dimensions, accounts, terms and tax codes."""

from datetime import date
from typing import Any

from connectors.sandbox.netsuite.archive import THE_SYSTEM, Archive
from connectors.sandbox.netsuite.ledger import CHART
from connectors.sandbox.netsuite.periods import seed_periods

#: id -> symbol, name, digits, rate to the US dollar
CURRENCIES = {
    "1": ("USD", "US Dollar", 2, "1"),
    "2": ("GBP", "British Pound", 2, "1.30"),
    "3": ("JPY", "Japanese Yen", 0, "0.0066"),
    "4": ("EUR", "Euro", 2, "1.10"),
    "5": ("KWD", "Kuwaiti Dinar", 3, "3.25"),
    "6": ("BRL", "Brazilian Real", 2, "0.18"),
}
#: what for -> number, name, type
ACCOUNTS = {
    "bank": ("1000", "Checking", "Bank"),
    "undeposited": ("1090", "Undeposited Funds", "OthCurrAsset"),
    "transit": ("1080", "Payouts in Transit", "OthCurrAsset"),
    "clearing": ("1095", "Payment Clearing", "OthCurrAsset"),
    "reserve": ("1096", "Reserves at the Gateway", "OthCurrAsset"),
    "receivable": ("1100", "Accounts Receivable", "AcctRec"),
    "disputed": ("1110", "Disputed Receivables", "OthCurrAsset"),
    "withholding": ("1120", "Withholding Tax Receivable", "OthCurrAsset"),
    "conversion": ("1097", "Conversions by the Gateway", "OthCurrAsset"),
    "tax": ("2200", "Sales Taxes Payable", "OthCurrLiab"),
    "deferred": ("2400", "Deferred Revenue", "DeferRevenue"),
    "income": ("4000", "Subscription Revenue", "Income"),
    "services": ("4100", "Services Revenue", "Income"),
    "bad_debt": ("6100", "Bad Debt", "Expense"),
    "small_difference": ("6150", "Small Differences", "Expense"),
    "fees": ("6200", "Payment Processing Fees", "Expense"),
    "dispute_fees": ("6210", "Dispute Fees", "Expense"),
    "exchange": ("7900", "Realized Gain/Loss", "OthIncome"),
}
DIMENSIONS = {
    "department": {"1": ("SALES", "Sales"), "2": ("SERVICE", "Service"), "4": ("GA", "General and Administrative")},
    "classification": {"1": ("SUBSCRIPTION", "Subscription"), "2": ("ONE-TIME", "One-time"), "7": ("USAGE", "Usage")},
    "location": {"1": ("HQ", "Headquarters"), "2": ("EMEA", "EMEA"), "3": ("APAC", "APAC")},
}
TERMS = {"1": ("NET0", "Due on receipt", 0), "2": ("NET30", "Net 30", 30), "3": ("NET60", "Net 60", 60)}
TAX_CODES = {"9": ("ZERO", "0"), "10": ("STD10", "10")}


def seed(archive: Archive) -> None:
    """Write the company into empty books; years run from the previous to the second next calendar year."""

    def add(kind: str, key: str, **fields: Any) -> None:
        archive.save(kind, {"id": key, "isInactive": False, **fields}, author=THE_SYSTEM, quietly=True)

    for key, (symbol, name, digits, rate) in CURRENCIES.items():
        add(
            "currency",
            key,
            externalId=symbol,
            name=name,
            symbol=symbol,
            currencyPrecision=digits,
            exchangeRate=rate,
            isBaseCurrency=key == "1",
        )
    add(
        "subsidiary",
        "1",
        externalId="US01",
        name="Parent Company",
        legalName="Parent Company",
        currency={"id": "1"},
        isElimination=False,
        country={"id": "US", "refName": "United States"},
    )
    for purpose, (number, name, account_type) in ACCOUNTS.items():
        add(
            "account",
            CHART[purpose],
            externalId=number,
            acctNumber=number,
            acctName=name,
            acctType={"id": account_type},
        )
    for kind, entries in DIMENSIONS.items():
        for key, (external_id, name) in entries.items():
            add(kind, key, externalId=external_id, name=name)
    for key, (external_id, name, days) in TERMS.items():
        add("term", key, externalId=external_id, name=name, daysUntilNetDue=days)
    for key, (name, rate) in TAX_CODES.items():
        add("salesTaxItem", key, externalId=name, itemId=name, rate=rate, taxAccount={"id": CHART["tax"]})
    seed_periods(archive, first_year=date.today().year - 1, years=4)

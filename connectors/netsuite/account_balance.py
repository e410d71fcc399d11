"""What stands on accounts of NetSuite's ledger up to a day: one question, one line, whatever they are for."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.interface import ControlLine
from connectors.money import amount
from connectors.netsuite import mapping
from connectors.netsuite.mapping import Settings

#: what NetSuite writes when it revalues open balances at a month's end: unrealised, in the company's own money, and its
#: own business (docs.oracle.com, "Currency Revaluation Transactions")
REVALUATION = "FxReval"


def query(accounts: Sequence[str], *, day: date, of_entity: str, which: str = "") -> str:
    """The balance per transaction currency, up to and including a day, without revaluation. `accounts` are ids; `which`
    narrows the transactions `t`, `of_entity` their lines `m` to a subsidiary.
    """
    narrowed = f" AND ({which})" if which else ""
    return (
        "SELECT t.currency, SUM(m.foreignamount) balance FROM transaction t "
        "INNER JOIN transactionline m ON m.transaction = t.id "
        "INNER JOIN transactionaccountingline a ON a.transaction = t.id AND a.transactionline = m.id "
        f"WHERE a.account IN ({', '.join(accounts)}) AND a.posting = 'T' AND t.type <> '{REVALUATION}'{narrowed} "
        f"AND t.trandate <= TO_DATE('{day:%Y-%m-%d}', 'YYYY-MM-DD'){of_entity} GROUP BY t.currency ORDER BY t.currency"
    )


def line(
    row: Mapping[str, Any],
    *,
    name: str,
    accounts: Sequence[str],
    side: int,
    label: str,
    day: date,
    settings: Settings,
) -> ControlLine:
    """One currency's balance, above zero on the side where the accounts stand: 1 debit, -1 credit."""
    currency = mapping.currency_code({"id": row.get("currency", "")}, settings=settings)
    balance = amount(side * Decimal(str(row.get("balance") or 0)), currency)
    return ControlLine(
        reference=f"{name}:{currency}",
        external_id=",".join(accounts),
        document_date=day,
        currency=currency,
        net=balance,
        tax=balance - balance,
        gross=balance,
        label=label,
    )

"""Rates in NetSuite: those documents in another currency were posted at, and those of its table `currencyrate`."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.interface import ControlLine
from connectors.netsuite import mapping
from connectors.netsuite.mapping import Settings

#: whoever made them: ours, and what finance typed
TYPES = ("CustInvc", "CustCred", "CustPymt", "CustRfnd")


def posted_query(*, day: date, subsidiary: str, of_entity: str) -> str:
    """Posted documents of a day; `subsidiary` is empty in an account that has one only, and one base currency."""
    base = _own_currency(subsidiary)
    types = ", ".join(f"'{one}'" for one in TYPES)
    return (
        f"SELECT t.id, t.tranid, t.externalid, t.trandate, t.currency, t.exchangerate, {base} base, m.netamount total, "
        "(SELECT SUM(x.netamount) FROM transactionline x WHERE x.transaction = t.id AND x.taxline = 'T') taxamount "
        "FROM transaction t INNER JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' "
        f"WHERE t.type IN ({types}) AND t.posting = 'T' AND t.currency <> {base} "
        f"AND t.trandate = TO_DATE('{day:%Y-%m-%d}', 'YYYY-MM-DD'){of_entity} ORDER BY t.id"
    )


def _own_currency(subsidiary: str) -> str:
    if subsidiary:
        return f"(SELECT s.currency FROM subsidiary s WHERE s.id = {subsidiary})"
    return "(SELECT c.id FROM currency c WHERE c.isbasecurrency = 'T')"


def posted_line(row: Mapping[str, Any], *, settings: Settings) -> ControlLine:
    """Amounts in the company's own money, signed as on the main line; the status says currency and rate: `EUR 0.92`."""
    own, document = (
        mapping.currency_code({"id": row.get(name, "")}, settings=settings) for name in ("base", "currency")
    )
    gross = mapping.exact(mapping.number(row.get("total")), own)
    # what a document charges stands on the credit side of its tax line
    tax = mapping.exact(-mapping.number(row.get("taxamount")), own)
    return ControlLine(
        reference=str(row.get("externalid") or f"netsuite:{row['id']}"),
        external_id=str(row["id"]),
        document_date=mapping.row_date(str(row["trandate"])),
        currency=own,
        net=gross - tax,
        tax=tax,
        gross=gross,
        label=str(row.get("tranid", "")),
        status=f"{document} {mapping.number(row.get('exchangerate')).normalize():f}",
    )


def table_query(*, day: date, subsidiary: str) -> str:
    """The newest rate into the company's own money of each currency, in force on a day."""
    base = _own_currency(subsidiary)
    until = f"TO_DATE('{day:%Y-%m-%d}', 'YYYY-MM-DD')"
    return (
        "SELECT r.id, r.basecurrency, r.transactioncurrency, r.exchangerate, r.effectivedate FROM currencyrate r "
        f"WHERE r.basecurrency = {base} AND r.transactioncurrency <> {base} AND r.effectivedate = "
        "(SELECT MAX(x.effectivedate) FROM currencyrate x WHERE x.basecurrency = r.basecurrency "
        f"AND x.transactioncurrency = r.transactioncurrency AND x.effectivedate <= {until}) ORDER BY r.id"
    )


def table_line(row: Mapping[str, Any], *, settings: Settings) -> ControlLine:
    """One rate, with no amounts; the status says it: `EUR 0.92`, and the date since when it holds."""
    own, foreign = (
        mapping.currency_code({"id": row.get(name, "")}, settings=settings)
        for name in ("basecurrency", "transactioncurrency")
    )
    nothing = Decimal(0)
    return ControlLine(
        reference=f"rate:{foreign}:{own}",
        external_id=str(row["id"]),
        document_date=mapping.row_date(str(row["effectivedate"])),
        currency=own,
        net=nothing,
        tax=nothing,
        gross=nothing,
        label=f"{foreign} in {own}",
        status=f"{foreign} {mapping.number(row.get('exchangerate')).normalize():f}",
    )

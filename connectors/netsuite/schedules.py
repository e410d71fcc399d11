"""NetSuite's own revenue schedules: what the actual plans of its arrangements give to which period.

Record names: revenue element, revenue plan, planned revenue (SuiteQL `revenueelement`, `revenueplan`,
`revenueplanplannedrevenue`); amounts of plans are in the company's own currency. An element names its source in words,
such as `Invoice #INV-1001`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical.revenue import compared_from, period_reference
from connectors.interface import ControlLine
from connectors.netsuite import mapping
from connectors.netsuite.mapping import Settings


def planned_query(*, day: date, subsidiary: str) -> str:
    """Planned revenue of invoices whose service has not ended long ago; actual plans only, forecasts do not post."""
    narrowed = f" AND e.subsidiary = {subsidiary}" if subsidiary else ""
    return (
        "SELECT pr.id, pr.amount, p.startdate, e.source, e.revrecstartdate, e.revrecenddate, i.externalid item, "
        "i.itemid, a.tranid arrangement, rp.revenueplancurrency, rp.recordnumber FROM revenueplanplannedrevenue pr "
        "INNER JOIN revenueplan rp ON rp.id = pr.revenueplan INNER JOIN revenueelement e ON e.id = rp.createdfrom "
        "INNER JOIN transaction a ON a.id = e.revenuearrangement INNER JOIN item i ON i.id = e.item "
        "INNER JOIN accountingperiod p ON p.id = pr.plannedperiod "
        "WHERE rp.revenueplantype = 'ACTUAL' AND e.source LIKE 'Invoice #%' "
        f"AND e.revrecenddate >= TO_DATE('{compared_from(day):%Y-%m-%d}', 'YYYY-MM-DD'){narrowed} ORDER BY pr.id"
    )


def planned_line(row: Mapping[str, Any], *, settings: Settings) -> ControlLine:
    """One period of one plan, under the name both sides have for it; the status names NetSuite's arrangement."""
    currency = str(row.get("revenueplancurrency", ""))
    planned = mapping.exact(mapping.number(row.get("amount")), currency)
    period = mapping.row_date(str(row["startdate"]))
    number = str(row.get("source", "")).partition("#")[2]
    item = str(row.get("item") or row.get("itemid") or "")
    return ControlLine(
        reference=period_reference(
            number=number,
            item=item,
            starts_on=mapping.row_date(str(row["revrecstartdate"])),
            ends_on=mapping.row_date(str(row["revrecenddate"])),
            period=period,
        ),
        external_id=str(row["id"]),
        document_date=period,
        currency=currency,
        net=planned,
        tax=Decimal(0),
        gross=planned,
        label=f"{row.get('recordnumber', '')} of {number}",
        status=str(row.get("arrangement", "")),
    )

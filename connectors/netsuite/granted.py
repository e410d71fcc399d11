"""What a customer was granted in NetSuite: payment terms, credit limit and hold, as of now.

Fields of the customer record (SuiteQL `customer`): terms, creditlimit in the customer's own currency, and
creditholdoverride, which is AUTO, ON or OFF.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from connectors.interface import ControlLine
from connectors.netsuite import mapping
from connectors.netsuite.mapping import Settings

#: `served_by` narrows the customers `c` to a subsidiary
QUERY = (
    "SELECT c.id, c.externalid, c.entityid, c.companyname, c.currency, BUILTIN.DF(c.terms) granted, c.creditlimit, "
    "c.creditholdoverride FROM customer c{served_by} ORDER BY c.id"
)


def line(row: Mapping[str, Any], *, settings: Settings, day: date) -> ControlLine:
    """One customer; the status says what was granted, e.g. `terms Net 30; limit 5000.00; hold auto`."""
    currency = mapping.currency_code({"id": row.get("currency", "")}, settings=settings)
    limit = mapping.exact(mapping.number(row.get("creditlimit")), currency)
    terms = re.sub(r"[;\s]+", " ", str(row.get("granted") or "none"))[:24]
    hold = str(row.get("creditholdoverride") or "auto").lower()[:8]
    said = f"limit {limit:f}" if row.get("creditlimit") else "limit none"
    return ControlLine(
        reference=str(row.get("externalid") or f"netsuite:{row['id']}"),
        external_id=str(row["id"]),
        document_date=day,
        currency=currency,
        net=limit,
        tax=limit - limit,
        gross=limit,
        label=str(row.get("companyname") or row.get("entityid") or ""),
        status=f"terms {terms}; {said}; hold {hold}"[:60],
    )

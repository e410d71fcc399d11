"""Services as NetSuite's `salesOrder`: NetSuite delivers and bills them itself; an order posts nothing."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from connectors.canonical import SalesOrder, SalesOrderLine
from connectors.errors import Rejected
from connectors.interface import Receipt
from connectors.netsuite import mapping

#: the order waits for its services to be billed (Oracle: NetSuite REST API browser, salesOrder.orderStatus)
PENDING_BILLING = "F"


def order_record(subject: SalesOrder, *, known: mapping.Known, settings: mapping.Settings) -> dict[str, Any]:
    """A sales order as NetSuite takes it. Raises Rejected where the customer or an item is not there yet."""
    customer = mapping.target_id(subject.customer_reference, known=known, reason="ERP_CUSTOMER_MISSING", field="entity")
    return {
        "entity": {"id": customer},
        "tranDate": subject.ordered_on,
        "startDate": subject.starts_on,
        "endDate": subject.ends_on,
        "memo": subject.contract_reference,
        "orderStatus": {"id": PENDING_BILLING},
        "subsidiary": {"id": mapping.subsidiary_id(subject.legal_entity, settings=settings)},
        "currency": {"id": mapping.currency_id(subject.currency, settings=settings)},
        **({"otherRefNum": subject.po_number} if subject.po_number else {}),
        **mapping.dimensions(settings.get("dimensions", {})),
        **mapping.own_fields(subject, settings=settings),
        "item": {"items": [_line(line, index=index, settings=settings) for index, line in enumerate(subject.lines)]},
    }


def _line(line: SalesOrderLine, *, index: int, settings: mapping.Settings) -> dict[str, Any]:
    if not line.erp_item:
        raise Rejected(
            f"line {line.line_id} has no NetSuite item", reason="PRODUCT_UNMAPPED", field=f"item.items[{index}].item",
            value=line.description, system="netsuite",
        )  # fmt: skip
    codes = settings.get("tax_codes", {})
    # an order only says what will be billed: its tax is decided when it is
    tax_code = codes.get(line.tax_class) or settings.get("tax_code_zero", "")
    # where the account keeps the name of the arrangement, over whose lines it allocates the revenue
    arrangement = settings.get("custom_fields", {}).get("sales_order_line", {}).get("arrangement", "")
    return {
        "item": {"externalId": line.erp_item},
        "description": line.description,
        "quantity": line.quantity,
        "amount": line.net,
        "revRecStartDate": line.starts_on,
        "revRecEndDate": line.ends_on,
        **({"taxCode": {"id": str(tax_code)}} if tax_code else {}),
        **({str(arrangement): line.arrangement} if arrangement else {}),
        **mapping.dimensions({**settings.get("dimensions", {}), **dict(line.dimensions)}),
    }


def order_receipt(record: Mapping[str, Any], *, settings: mapping.Settings) -> Receipt:
    """What NetSuite holds of a sales order; it is in no ledger, so never posted."""
    return dataclasses.replace(
        mapping.invoice_receipt(record, settings=settings),
        posted=False,
        version=mapping.own_version(record, kind="sales_order", settings=settings),
    )

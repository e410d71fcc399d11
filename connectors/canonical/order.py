"""What was sold and is billed by the ERP itself: services."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class SalesOrderLine:
    """One service of an order. Amounts in major units, net of tax."""

    line_id: str
    description: str
    quantity: Decimal
    net: Decimal
    starts_on: date
    #: last day of service
    ends_on: date
    erp_item: str
    revenue_treatment: str = ""
    tax_class: str = ""
    ship_to_reference: str = ""
    #: the arrangement over whose lines, here and in billing, revenue is allocated
    arrangement: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class SalesOrder(Canonical):
    """The services of one contract as an order in the ERP; the business key is the contract's."""

    kind: ClassVar[str] = "sales_order"
    state_like: ClassVar[bool] = True

    contract_reference: str
    master_reference: str
    customer_reference: str
    ordered_on: date
    starts_on: date
    ends_on: date
    #: the sum of the lines
    net: Decimal
    po_number: str = ""
    lines: tuple[SalesOrderLine, ...] = ()

"""What was billed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    """One line as billed. Amounts in major units; tax as charged, never recomputed."""

    line_id: str
    description: str
    quantity: Decimal
    net: Decimal
    tax: Decimal
    tax_code: str
    service_starts_on: date
    #: last day of service
    service_ends_on: date
    contract_reference: str = ""
    billing_product: str = ""
    erp_item: str = ""
    revenue_treatment: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    #: for whoever recognises its revenue: what was sold together, the promise, and what that sells for alone
    arrangement_reference: str = ""
    obligation: str = ""
    standalone_price: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Invoice(Canonical):
    """A customer invoice as issued by billing."""

    kind: ClassVar[str] = "invoice"

    number: str
    billing_id: str
    customer_reference: str
    contract_reference: str
    document_date: date
    posting_date: date
    tax_point: date
    due_on: date
    net: Decimal
    tax: Decimal
    total: Decimal
    status: str = "issued"
    legal_number: str = ""
    #: not_required, pending, cleared or rejected
    e_invoice_status: str = "not_required"
    #: a debit memo names the document it charges more for; empty for an invoice of its own
    preceding_reference: str = ""
    #: units of the company's own money for one of the document's; 0 where both are the same
    exchange_rate: Decimal = Decimal("0")
    rate_type: str = ""
    rate_source: str = ""
    #: the day the rate was published for
    rate_as_of: date | None = None
    lines: tuple[InvoiceLine, ...] = ()

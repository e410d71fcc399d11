"""What a customer has committed to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class ContractLine:
    """One product of a contract. Amounts in major units, net of tax."""

    line_id: str
    crm_product: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    #: agreed amount of the line for its whole term
    amount: Decimal
    #: price-book amount for the same term
    list_amount: Decimal
    #: list_amount - amount: above zero a discount, below zero an uplift
    discount: Decimal
    starts_on: date
    #: last day of service
    ends_on: date
    billing_product: str = ""
    erp_item: str = ""
    revenue_treatment: str = ""
    tax_class: str = ""
    #: where the line goes: `billing`, `usage` (rated in billing as it is metered), or `erp_sales_order` for services
    destination: str = "billing"
    #: who uses the service; its place decides the tax
    ship_to_reference: str = ""
    #: where it is taxed, how, and what billing and people call that tax; empty for products that are never taxed
    tax_jurisdiction: str = ""
    tax_treatment: str = ""
    tax_code: str = ""
    tax_percent: Decimal = Decimal("0")
    #: lines of one arrangement share the revenue of one promise, wherever they are billed
    arrangement: str = ""


@dataclass(frozen=True, kw_only=True)
class SubscriptionContract(Canonical):
    """What a customer has committed to; the business key is the CRM contract, else the opportunity."""

    kind: ClassVar[str] = "contract"
    state_like: ClassVar[bool] = True

    crm_opportunity_id: str
    #: what sellers call it
    name: str = ""
    #: who is billed
    customer_reference: str
    #: the deal this is a part of; a quote split over subsidiaries is several contracts of one master
    master_reference: str = ""
    #: who signed, who uses it and who pays, where that is not who is billed
    sold_to_reference: str = ""
    ship_to_reference: str = ""
    payer_reference: str = ""
    #: our company that signed, in the words of the CRM
    signatory: str = ""
    #: named, never guessed: new, amendment, upsell, downsell, co-term, renewal, cancellation, reactivation, ...
    modification_kind: str
    modification_number: int
    #: transport revision of the CRM record this was read from
    record_revision: int
    signed_on: date
    starts_on: date
    ends_on: date
    #: net of tax, the sum of the lines
    amount: Decimal
    billing_frequency: str = "annual_in_advance"
    payment_terms_days: int = 30
    po_number: str = ""
    #: what makes it committed, as the CRM had it: (fact, value), e.g. ("is_won", "true"), ("approval", "Approved")
    commitment: tuple[tuple[str, str], ...] = ()
    lines: tuple[ContractLine, ...] = ()

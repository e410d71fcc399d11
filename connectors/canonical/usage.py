"""What was used: the metered part of a contract, its hourly sums, and what was reported after its invoice."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical


@dataclass(frozen=True, kw_only=True)
class UsagePlan(Canonical):
    """One metered product of a contract: billed month by month in arrears; the business key is contract and meter."""

    kind: ClassVar[str] = "usage_plan"
    state_like: ClassVar[bool] = True

    contract_reference: str
    customer_reference: str
    #: what sources call it
    meter: str
    #: what billing calls its events, its meter and its price
    event_name: str
    billing_meter: str
    billing_price: str
    billing_product: str
    #: major units per unit of the meter
    unit_price: Decimal
    #: digits after the point that are billed; billing counts whole numbers of the smallest part
    scale: int
    starts_on: date
    #: last day of service
    ends_on: date
    payment_terms_days: int = 30
    #: what happens to usage that comes after its invoice: `true_up`, or `credit_and_rebill` by people
    late_policy: str = "true_up"
    #: above this amount people decide whether late usage is billed
    late_limit: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class UsageSummary(Canonical):
    """What one plan used in one hour, in full: a newer version replaces the older one."""

    kind: ClassVar[str] = "usage_summary"
    state_like: ClassVar[bool] = True

    plan_reference: str
    contract_reference: str
    customer_reference: str
    meter: str
    event_name: str
    #: start of the hour in UTC, `2026-03-02T14:00:00Z`
    hour: str
    quantity: Decimal
    scale: int
    #: how many events it sums up
    events: int


@dataclass(frozen=True, kw_only=True)
class UsageTrueUp(Canonical):
    """Usage of an invoiced period that came after its invoice: a named line of the next one."""

    kind: ClassVar[str] = "usage_true_up"

    plan_reference: str
    contract_reference: str
    customer_reference: str
    meter: str
    billing_product: str
    #: the invoice that should have had it
    invoice_reference: str
    #: counted per period, from 1
    number: int
    period_starts_on: date
    #: last day
    period_ends_on: date
    #: may be below zero: usage taken back
    quantity: Decimal
    scale: int
    unit_price: Decimal
    #: net, in major units, rounded once
    amount: Decimal

"""What a customer has committed to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from connectors.canonical.base import Canonical

#: what a version of a contract can be to the one before it
KINDS_OF_MODIFICATION = (
    "new", "amendment", "upsell", "downsell", "co_term", "renewal", "cancellation", "suspension", "reactivation",
    "assignment",
)  # fmt: skip
#: a term without an end, and the day such a contract is said to end
EVERGREEN, NO_END = 0, date(2099, 12, 31)
#: what a company may do with a change dated before the period billed now: stop and ask, bill it from the day it is
#: carried, or credit and bill again what was billed since its day
BACKDATING = ("", "from_today", "credit_and_rebill")
#: a number the version before knows
AS_BEFORE = -1


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
    #: the dates are the line's own (a price or a number of seats for one year); any other line runs with its contract
    own_dates: bool = False
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
    #: all contracts that deal was split over when this was read, this one among them; empty where it is not split
    parts: tuple[str, ...] = ()
    #: who signed, who uses it and who pays, where that is not who is billed
    sold_to_reference: str = ""
    ship_to_reference: str = ""
    payer_reference: str = ""
    #: our company that signed, in the words of the CRM
    signatory: str = ""
    #: one of KINDS_OF_MODIFICATION; the CRM names it, nobody guesses it
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
    po_required: bool = False
    #: first day the modification holds; a new contract's first day where nothing else is said
    effective_on: date | None = None
    #: length of the term in months; EVERGREEN has no end, AS_BEFORE is read from the version before
    term_months: int = 12
    #: how many of the first months cost nothing; the lines' amounts are for the others. AS_BEFORE as above
    free_months: int = 0
    #: what becomes of a change that holds from before the period billed now, by its company's policy: one of BACKDATING
    backdating: str = ""
    #: product codes this version takes away; whatever else the version before sold is sold by this one too
    removes: tuple[str, ...] = ()
    #: what billed and unused service comes back as when something is taken away: credit, or nothing
    credits_unused: bool = True
    #: the contract this one continues under another customer (assignment)
    continues_reference: str = ""
    #: what makes it committed, as the CRM had it: (fact, value), e.g. ("is_won", "true"), ("approval", "Approved")
    commitment: tuple[tuple[str, str], ...] = ()
    lines: tuple[ContractLine, ...] = ()

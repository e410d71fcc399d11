"""The shapes all systems are translated into: frozen, without a framework; records in sync/models have the
same fields.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, kw_only=True)
class Canonical:
    """What every canonical object carries."""

    kind: ClassVar[str] = ""
    #: state-like: a newer version makes an older undelivered one pointless; documents are never skipped
    state_like: ClassVar[bool] = False

    #: kind and business key, the same for all versions, e.g. `invoice:stripe:in_123`
    reference: str
    version: int
    #: ties opportunity, contract, subscription, invoice and payment into one story
    correlation_id: str
    legal_entity: str = ""
    #: ISO 4217
    currency: str = ""
    source_system: str = ""
    #: tracking id of the inbox event this came from
    source_event: str = ""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, kw_only=True)
class Customer(Canonical):
    """A company we sell to; the business key is the CRM account id in 18 characters."""

    kind: ClassVar[str] = "customer"
    state_like: ClassVar[bool] = True

    crm_account_id: str
    name: str
    parent_reference: str = ""
    address: Address = field(default_factory=Address)
    email: str = ""
    industry: str = ""
    tax_id: str = ""


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
    #: where the line goes: `billing`, or `erp_sales_order` for services
    destination: str = "billing"


@dataclass(frozen=True, kw_only=True)
class SubscriptionContract(Canonical):
    """What a customer has committed to; the business key is the CRM contract, else the opportunity."""

    kind: ClassVar[str] = "contract"
    state_like: ClassVar[bool] = True

    crm_opportunity_id: str
    #: what sellers call it
    name: str = ""
    customer_reference: str
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
    lines: tuple[InvoiceLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Payment(Canonical):
    """Money received, owed to the ERP at once as cash on account."""

    kind: ClassVar[str] = "payment"

    gateway_id: str
    customer_reference: str
    #: `gateway` or `bank`
    origin: str
    received_on: date
    #: gross, before the gateway's fee
    amount: Decimal
    fee: Decimal = Decimal("0")
    #: the document the payer named, where one was named
    pays_reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Allocation(Canonical):
    """A part of a payment applied to one document; a delivery of its own."""

    kind: ClassVar[str] = "allocation"

    payment_reference: str
    invoice_reference: str
    customer_reference: str
    applied_on: date
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class CrmStatus(Canonical):
    """What the CRM should show on one of its records; latest wins."""

    kind: ClassVar[str] = "feedback"
    state_like: ClassVar[bool] = True

    crm_object: str
    crm_record_id: str
    #: our field name, text
    fields: tuple[tuple[str, str], ...] = ()


KINDS: dict[str, type[Canonical]] = {
    shape.kind: shape for shape in (Customer, SubscriptionContract, Invoice, Payment, Allocation, CrmStatus)
}


def dump(subject: Canonical) -> dict[str, Any]:
    """A shape as plain JSON data: decimals and dates as text, with its kind."""
    return {"kind": subject.kind, **_plain(subject)}


def load(data: dict[str, Any]) -> Canonical:
    """The shape `dump` was given. Raises KeyError for an unknown kind, TypeError for a missing field."""
    return _build(KINDS[data["kind"]], {name: value for name, value in data.items() if name != "kind"})


def text(subject: Canonical) -> str:
    """The one serialisation that is hashed and frozen: sorted keys, no spaces."""
    return json.dumps(dump(subject), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


_HINTS: dict[type, dict[str, Any]] = {}


def _build(shape: type[Any], data: dict[str, Any]) -> Any:
    hints = _HINTS.setdefault(shape, get_type_hints(shape))
    return shape(**{name: _rebuild(hints[name], value) for name, value in data.items()})


def _rebuild(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _rebuild(next(arm for arm in get_args(hint) if arm is not type(None)), value)
    if origin is tuple:
        arms = get_args(hint)
        if len(arms) == 2 and arms[1] is Ellipsis:
            return tuple(_rebuild(arms[0], item) for item in value)
        return tuple(_rebuild(arm, item) for arm, item in zip(arms, value, strict=True))
    if hint is Decimal:
        return Decimal(value)
    if hint is date:
        return date.fromisoformat(value)
    if dataclasses.is_dataclass(hint):
        return _build(type(value) if not isinstance(hint, type) else hint, value)
    return value

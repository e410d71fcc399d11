"""Stripe's objects as our shapes, and ours as Stripe's parameters; pure functions."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import (
    Allocation,
    Canonical,
    ContractLine,
    Customer,
    Dunning,
    Payment,
    SubscriptionContract,
)
from connectors.errors import Rejected
from connectors.money import AmountError
from connectors.stripe_billing import cash, corrections, invoices
from connectors.stripe_billing.amounts import from_sent, to_sent, unit_price
from connectors.stripe_billing.reading import SYSTEM, currency_of, day_at, id_at, need

ONE_DAY = timedelta(days=1)


def to_shapes(kind: str, record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """An event's object as shapes; kinds we do not carry give nothing. Raises Rejected naming the field."""
    read: Callable[..., list[Canonical]] | None = {
        "invoice.finalized": invoices.invoice,
        "invoice.updated": invoices.e_invoice,
        "invoice.voided": invoices.voided_invoice,
        "invoice.marked_uncollectible": invoices.uncollectible_invoice,
        "invoice_payment.paid": payment,
        "invoice.payment_failed": dunning,
        "credit_note.created": corrections.credit_note,
        "credit_note.voided": corrections.voided_credit_note,
    }.get(kind)
    for start, reader in (
        ("charge.succeeded", cash.receipt),
        ("refund.", cash.refund),
        ("charge.dispute.", cash.dispute),
        ("payout.", cash.payout),
    ):
        read = reader if kind.startswith(start) else read
    if read is None:
        return []
    fields.storable(record, system=SYSTEM)
    try:
        return read(record, version=version, zone=zone)
    except AmountError as error:
        own_id = fields.short(record.get("id"))
        raise Rejected(str(error), reason="ROUNDING", field="amount", value=own_id, system=SYSTEM) from error


# -- invoices and payments in -----------------------------------------------------------------------
def payment(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A paid invoice payment as the money and its allocation. What only the invoice knows stays empty."""
    own_id, currency, invoice_id = id_at(record, "id"), currency_of(record), id_at(record, "invoice")
    amount = from_sent(need(record, "amount_paid", int), currency)
    paid_on = day_at(record, "status_transitions.paid_at", zone)
    how = fields.group(record, "payment", system=SYSTEM)
    intent = how.get("payment_intent")
    gateway_id = next((id_at(how, name) for name in ("payment_intent", "charge") if how.get(name)), own_id)
    # An expanded intent tells the whole receipt, of which this invoice may take only a part.
    received = from_sent(need(intent, "amount_received", int), currency) if isinstance(intent, Mapping) else amount
    shared: dict[str, Any] = {"version": version, "correlation_id": "", "currency": currency, "source_system": SYSTEM}
    return [
        Payment(
            reference=f"payment:stripe:{gateway_id}",
            gateway_id=gateway_id,
            customer_reference="",
            # A payment record is money somebody reported; it never went through the gateway.
            origin="bank" if how.get("type") == "payment_record" else "gateway",
            received_on=paid_on,
            amount=received,
            pays_reference=f"invoice:stripe:{invoice_id}",
            **shared,
        ),
        Allocation(
            reference=f"allocation:stripe:{own_id}",
            payment_reference=f"payment:stripe:{gateway_id}",
            invoice_reference=f"invoice:stripe:{invoice_id}",
            customer_reference="",
            applied_on=paid_on,
            amount=amount,
            **shared,
        ),
    ]


def dunning(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A try to collect an invoice that failed. The number of tries only rises, so it is the version."""
    own_id, tries = id_at(record, "id"), need(record, "attempt_count", int)
    return [
        Dunning(
            reference=f"dunning:stripe:{own_id}",
            version=tries,
            correlation_id="",
            currency=currency_of(record),
            source_system=SYSTEM,
            invoice_reference=f"invoice:stripe:{own_id}",
            failed_tries=tries,
            next_try_on=day_at(record, "next_payment_attempt", zone) if record.get("next_payment_attempt") else None,
        )
    ]


# -- customers and subscriptions out ----------------------------------------------------------------
def customer_parameters(customer: Customer) -> dict[str, Any]:
    """Parameters of a customer, to create or to update. Empty texts are not sent: they would erase."""
    address = {
        "country": customer.address.country,
        "line1": customer.address.street,
        "city": customer.address.city,
        "state": customer.address.state,
        "postal_code": customer.address.postal_code,
    }
    wanted: dict[str, Any] = {
        "name": customer.name,
        "email": customer.email,
        "address": {name: value for name, value in address.items() if value},
        "metadata": {
            "q2c_reference": customer.reference,
            "q2c_version": str(customer.version),
            "q2c_correlation": customer.correlation_id,
        },
    }
    return {name: value for name, value in wanted.items() if value}


def subscription_parameters(
    contract: SubscriptionContract, *, billing_customer: str, days_until_due: int, zone: ZoneInfo
) -> dict[str, Any]:
    """Parameters of the subscription a new contract becomes: one year, billed once in advance by invoice.

    Start and end stand at local noon, so that no zone or daylight rule moves a date. Backdated to the start and
    anchored at the end, a contract that comes late is billed for exactly its full year. Raises Rejected.
    """
    starts, ends = term(contract, zone=zone)
    billed = billed_lines(contract)
    return {
        "customer": billing_customer,
        "items": [_item(line, contract, index=index) for index, line in enumerate(billed)],
        "collection_method": "send_invoice",
        "days_until_due": days_until_due,
        "backdate_start_date": starts,
        "billing_cycle_anchor": ends,
        "cancel_at": ends,
        "proration_behavior": "create_prorations",
        "metadata": contract_metadata(contract),
    }


def contract_metadata(contract: SubscriptionContract) -> dict[str, str]:
    """What we write on a subscription, and read again on its invoices."""
    return {
        "q2c_reference": contract.reference,
        "q2c_customer": contract.customer_reference,
        "q2c_correlation": contract.correlation_id,
        "q2c_version": str(contract.version),
        "q2c_deal": contract.crm_opportunity_id,
    }


def billed_lines(contract: SubscriptionContract) -> tuple[ContractLine, ...]:
    """The lines that billing bills. Raises Rejected where there are none or one has no product here."""
    billed = tuple(line for line in contract.lines if line.destination == "billing")
    if not billed:
        raise _refused(contract, reason="CONTRACT_INCOMPLETE", field="lines", text="there is no line to bill")
    for index, line in enumerate(billed):
        if not line.billing_product:
            raise _refused(
                contract,
                reason="PRODUCT_UNMAPPED",
                field=f"lines[{index}].billing_product",
                value=line.crm_product,
                text=f"{line.crm_product!r} has no product in Stripe",
            )
    return billed


def term(contract: SubscriptionContract, *, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end of the subscription as seconds: local noon, and one calendar year later in UTC.

    Raises Rejected for another rhythm, another term or another kind of change than this connector bills.
    """
    if contract.modification_kind != "new":
        raise _refused(contract, field="modification_kind", value=contract.modification_kind, text="only new contracts")
    if contract.billing_frequency != "annual_in_advance":
        raise _refused(
            contract, field="billing_frequency", value=contract.billing_frequency, text="only annual_in_advance"
        )
    starts = datetime.combine(contract.starts_on, time(12), zone).astimezone(UTC)
    ends = one_year_later(starts)
    # Only 29 February, at the date line, may stand one day apart.
    if abs(ends.astimezone(zone).date() - ONE_DAY - contract.ends_on) > ONE_DAY:
        raise _refused(contract, field="ends_on", value=contract.ends_on.isoformat(), text="only terms of one year")
    return int(starts.timestamp()), int(ends.timestamp())


def one_year_later(moment: datetime) -> datetime:
    """The same moment of the next calendar year; 29 February becomes 28 February, as in Stripe."""
    try:
        return moment.replace(year=moment.year + 1)
    except ValueError:
        return moment.replace(year=moment.year + 1, day=28)


def _item(line: ContractLine, contract: SubscriptionContract, *, index: int) -> dict[str, Any]:
    field = f"lines[{index}]"
    if line.quantity != line.quantity.to_integral_value() or line.quantity < 1:
        raise _refused(
            contract, field=f"{field}.quantity", value=str(line.quantity), text="Stripe bills whole quantities from 1"
        )
    try:
        price = unit_price(line.amount, int(line.quantity), contract.currency)
    except AmountError as error:
        raise _refused(
            contract, reason="ROUNDING", field=f"{field}.amount", value=str(line.amount), text=str(error)
        ) from error
    return {
        "price_data": {
            "currency": contract.currency.lower(),
            "product": line.billing_product,
            "recurring": {"interval": "year"},
            **price,
        },
        "quantity": int(line.quantity),
        # the tax that was decided for this line, charged by billing and by nobody else
        **({"tax_rates": [line.tax_code]} if line.tax_code else {}),
    }


# -- what Stripe holds ------------------------------------------------------------------------------
def subscription_amount(record: Mapping[str, Any]) -> Decimal:
    """Sum of unit amount x quantity over the items, in major units."""
    currency = str(record["currency"]).upper()
    minor = Decimal(0)
    for item in record["items"]["data"]:
        price = item["price"]
        unit = price["unit_amount"] if price.get("unit_amount") is not None else price["unit_amount_decimal"]
        minor += Decimal(str(unit)) * item.get("quantity", 1)
    # A unit price with 12 digits times its quantity is whole again; anything else must not look equal to ours.
    if minor != minor.to_integral_value():
        raise AmountError(f"amount: {minor} minor units of {currency} are no whole number")
    return from_sent(int(minor), currency)


def same_terms(record: Mapping[str, Any], contract: SubscriptionContract, *, zone: ZoneInfo) -> bool:
    """Whether a subscription bills exactly what the contract says."""
    agreed = sum((to_sent(line.amount, contract.currency) for line in billed_lines(contract)), 0)
    return (
        str(record["currency"]).upper() == contract.currency
        and to_sent(subscription_amount(record), contract.currency) == agreed
        and record["start_date"] == term(contract, zone=zone)[0]
    )


# -- reading ----------------------------------------------------------------------------------------
def metadata(record: Mapping[str, Any]) -> Mapping[str, str]:
    """What stands on an object besides Stripe's own fields; never None."""
    return record.get("metadata") or {}


def id_of(value: Any) -> str:
    """An id, be the field expanded or not."""
    return str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")


def _refused(
    contract: SubscriptionContract, *, field: str, text: str, value: str = "", reason: str = "UNCLASSIFIED"
) -> Rejected:
    return Rejected(f"{contract.reference}: {text}", reason=reason, field=field, value=value, system=SYSTEM)

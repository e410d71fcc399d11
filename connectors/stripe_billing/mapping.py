"""Stripe's objects as our shapes, and ours as Stripe's parameters; pure functions."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import (
    Allocation,
    Canonical,
    Customer,
    Dunning,
    Payment,
)
from connectors.errors import Rejected
from connectors.money import AmountError
from connectors.stripe_billing import cash, corrections, invoices
from connectors.stripe_billing.amounts import from_sent
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


# -- reading ----------------------------------------------------------------------------------------
def metadata(record: Mapping[str, Any]) -> Mapping[str, str]:
    """What stands on an object besides Stripe's own fields; never None."""
    return record.get("metadata") or {}


def id_of(value: Any) -> str:
    """An id, be the field expanded or not."""
    return str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")

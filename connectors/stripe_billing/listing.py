"""Stripe's lists as control lines: which list, which days of creation, and one line per object."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.interface import ControlLine
from connectors.stripe_billing import cash_listing
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.mapping import id_of, metadata, subscription_amount
from connectors.stripe_billing.reading import local_date

#: an invoice may stay a draft this long before it is issued (72 hours while its webhooks fail)
LONGEST_DRAFT = timedelta(days=4)
#: statuses of invoices that were issued and not taken back
ISSUED = ("open", "paid", "uncollectible")


def that_day(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Made between the day's midnight and the next, in the zone."""
    return {"created": between(day, day + timedelta(days=1), zone)}


def issued_by(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Made so that it may have been issued that day: listed by creation but dated by issue, which may come later."""
    return {"created": between(day - LONGEST_DRAFT, day + timedelta(days=1), zone)}


def arriving(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Due at the bank that day; Stripe dates arrivals at midnight UTC, so a day on either side is asked for."""
    return {"arrival_date": between(day - timedelta(days=1), day + timedelta(days=2), zone)}


def ever(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """No limit: master data is compared as it is now."""
    return {}


def contract_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A subscription: what it bills per year, dated by its start."""
    amount, ours = subscription_amount(record), metadata(record)
    return ControlLine(
        reference=ours.get("q2c_reference") or f"contract:stripe:{record['id']}",
        external_id=record["id"],
        document_date=local_date(record["start_date"], zone),
        currency=record["currency"].upper(),
        net=amount,
        tax=amount - amount,
        gross=amount,
        label=record.get("description") or "",
        status=record["status"],
        counterparty=ours.get("q2c_customer", ""),
    )


def invoice_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """An invoice issued that day and not voided; drafts and others give nothing."""
    issued = record["status_transitions"].get("finalized_at")
    if record["status"] not in ISSUED or not issued or local_date(issued, zone) != day:
        return None
    currency = record["currency"].upper()
    gross = from_sent(record["total"], currency)
    tax = sum((from_sent(part["amount"], currency) for part in record.get("total_taxes") or ()), gross - gross)
    details = (record.get("parent") or {}).get("subscription_details") or {}
    return ControlLine(
        reference=f"invoice:stripe:{record['id']}",
        external_id=record["id"],
        document_date=day,
        currency=currency,
        net=gross - tax,
        tax=tax,
        gross=gross,
        label=record.get("number") or "",
        status=record["status"],
        counterparty=metadata(details).get("q2c_customer", ""),
    )


def receipt_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A charge that brought money; others give nothing.

    Charges and not payment intents: an intent is made with its invoice, a charge when the customer pays.
    """
    if record["status"] != "succeeded" or not record.get("captured"):
        return None
    currency = record["currency"].upper()
    amount = from_sent(record["amount_captured"], currency)
    payment_id = id_of(record.get("payment_intent")) or record["id"]
    return ControlLine(
        reference=f"payment:stripe:{payment_id}",
        external_id=payment_id,
        document_date=local_date(record["created"], zone),
        currency=currency,
        net=amount,
        tax=amount - amount,
        gross=amount,
        label=record.get("description") or "",
        status=record["status"],
        counterparty=id_of(record.get("customer")),
    )


def customer_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A customer as of now; it carries no money."""
    nothing = Decimal("0.00")
    return ControlLine(
        reference=metadata(record).get("q2c_reference") or f"customer:stripe:{record['id']}",
        external_id=record["id"],
        document_date=day,
        currency="USD",
        net=nothing,
        tax=nothing,
        gross=nothing,
        label=record.get("name") or "",
    )


def between(first: date, last: date, zone: ZoneInfo) -> dict[str, int]:
    """From the first day's midnight to the last day's, in the zone, as Stripe filters."""
    starts, ends = (datetime.combine(day, time(0), zone).astimezone(UTC) for day in (first, last))
    return {"gte": int(starts.timestamp()), "lt": int(ends.timestamp())}


_List = tuple[str, Callable[..., ControlLine | None], Callable[[date, ZoneInfo], dict[str, Any]]]
#: kind -> list, one object's line, filter by creation
LINES: dict[str, _List] = {
    "contract": ("/v1/subscriptions", contract_line, that_day),
    "invoice": ("/v1/invoices", invoice_line, issued_by),
    "receipt": ("/v1/charges", receipt_line, that_day),
    "refund": ("/v1/balance_transactions", cash_listing.refund_line, that_day),
    "dispute": ("/v1/balance_transactions", cash_listing.dispute_line, that_day),
    "payout": ("/v1/payouts", cash_listing.payout_line, arriving),
    "bank_payout": ("/v1/payouts", cash_listing.bank_line, arriving),
    "customer": ("/v1/customers", customer_line, ever),
}
#: further lists of a kind: payouts that came back
MORE: dict[
    str, tuple[tuple[str, Callable[..., ControlLine | None], Callable[[date, ZoneInfo], dict[str, Any]]], ...]
] = {
    "payout": (("/v1/balance_transactions", cash_listing.payout_failure_line, that_day),),
}

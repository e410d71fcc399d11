"""Stripe's lists as control lines: which list, which days of creation, and one line per object."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.interface import ControlLine
from connectors.stripe_billing import cash_listing
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.contracts import contracted_amount, ends_early, service_ends, version_of
from connectors.stripe_billing.mapping import id_of, metadata
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import ONE_DAY
from connectors.stripe_billing.usage import is_plan

#: an invoice may stay a draft this long before it is issued (72 hours while its webhooks fail)
LONGEST_DRAFT = timedelta(days=4)
#: a credit note is voided while its invoice is open; one older than this is not looked at again
LONGEST_OPEN = timedelta(days=366)
#: statuses of invoices that were issued; a voided one keeps its place and is listed again, below zero, when voided
ISSUED = ("open", "paid", "uncollectible", "void")


def that_day(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Made between the day's midnight and the next, in the zone."""
    return {"created": between(day, day + timedelta(days=1), zone)}


def that_day_with_source(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """The same, each with what it moved: where it was converted only that says in which currency."""
    return {**that_day(day, zone), "expand": ["data.source"]}


def issued_by(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Made so that it may have been issued that day: listed by creation but dated by issue, which may come later."""
    return {"created": between(day - LONGEST_DRAFT, day + timedelta(days=1), zone)}


def arriving(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Due at the bank that day; Stripe dates arrivals at midnight UTC, so a day on either side is asked for."""
    return {"arrival_date": between(day - timedelta(days=1), day + timedelta(days=2), zone)}


def open_until(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Made so that it may have been voided that day."""
    return {"created": between(day - LONGEST_OPEN, day + timedelta(days=1), zone)}


def voided_ever(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """All voided invoices: few, and none says by a filter when it was voided."""
    return {"status": "void"}


def given_up_ever(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """All invoices that are given up and not paid after all."""
    return {"status": "uncollectible"}


def ever(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """No limit: master data is compared as it is now."""
    return {}


def contract_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A subscription: what it bills for the term agreed, dated by its start; nothing where it ends before that, and
    metered ones have no amount of their own.
    """
    if is_plan(record):
        return None
    amount, ours = contracted_amount(record), metadata(record)
    if ends_early(record, zone=zone):
        amount -= amount
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


def term_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """Until when a subscription runs, and the last change that was wholly written: `2027-03-01 v3`; one that is over
    says so.
    """
    line = contract_line(record, day=day, zone=zone)
    if line is None:
        return None
    ends = service_ends(record)
    until = "ended" if record["status"] == "canceled" else "no end" if ends is None else None
    said = until or (local_date(int(ends or 0), zone) - ONE_DAY).isoformat()
    return dataclasses.replace(line, status=f"{said} v{version_of(record) or 0}")


def payment_details_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """How a customer pays by itself: the method invoices are charged to, where there is one."""
    line = customer_line(record, day=day, zone=zone)
    method = id_of((record.get("invoice_settings") or {}).get("default_payment_method"))
    source = id_of(record.get("default_source"))
    return line and dataclasses.replace(line, status=f"charged to {method or source or 'nothing'}"[:60])


def invoice_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """An invoice issued that day at its total, voided or not; drafts and those below zero give nothing."""
    return None if record["total"] < 0 else _issued_that_day(record, day=day, zone=zone)


def negative_invoice_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """An invoice below zero is a credit memo: listed with those, below zero."""
    return _issued_that_day(record, day=day, zone=zone) if record["total"] < 0 else None


def _issued_that_day(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    issued = record["status_transitions"].get("finalized_at")
    if record["status"] not in ISSUED or not issued or local_date(issued, zone) != day:
        return None
    details = (record.get("parent") or {}).get("subscription_details") or {}
    return _document_line(
        record,
        reference=f"invoice:stripe:{record['id']}",
        day=day,
        customer=metadata(details).get("q2c_customer", ""),
    )


def credit_note_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A credit note at its total, below zero, voided or not."""
    return _document_line(record, reference=f"credit_memo:stripe:{record['id']}", day=day, sign=-1)


def voided_invoice_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """An invoice taken back that day, below zero."""
    voided = record["status_transitions"].get("voided_at")
    if not voided or local_date(voided, zone) != day or not record["total"]:
        return None
    return _document_line(record, reference=f"void:stripe:{record['id']}", day=day, sign=-1)


def voided_credit_note_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A credit note taken back that day: owed again, so above zero."""
    if record["status"] != "void" or local_date(record["voided_at"], zone) != day:
        return None
    return _document_line(record, reference=f"void:stripe:{record['id']}", day=day)


def write_off_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """What was still open of an invoice given up that day, below zero; it carries no tax of its own."""
    given_up = record["status_transitions"].get("marked_uncollectible_at")
    if record["status"] != "uncollectible" or not given_up or local_date(given_up, zone) != day:
        return None
    currency = record["currency"].upper()
    amount = from_sent(record["amount_remaining"], currency)
    return ControlLine(
        reference=f"write_off:stripe:{record['id']}",
        external_id=record["id"],
        document_date=day,
        currency=currency,
        net=-amount + 0,
        tax=amount - amount,
        gross=-amount + 0,
        label=record.get("number") or "",
        status=record["status"],
        counterparty=id_of(record.get("customer")),
        customer=id_of(record.get("customer")),
    )


def _document_line(
    record: Mapping[str, Any], *, reference: str, day: date, sign: int = 1, customer: str = ""
) -> ControlLine:
    currency = record["currency"].upper()
    gross = from_sent(record["total"], currency)
    tax = sum((from_sent(part["amount"], currency) for part in record.get("total_taxes") or ()), gross - gross)
    whose = customer or id_of(record.get("customer"))
    return ControlLine(
        reference=reference,
        external_id=record["id"],
        document_date=day,
        currency=currency,
        # nothing has no sign
        net=sign * (gross - tax) + 0,
        tax=sign * tax + 0,
        gross=sign * gross + 0,
        label=record.get("number") or "",
        status=record["status"],
        counterparty=whose,
        customer=whose,
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
        customer=id_of(record.get("customer")),
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


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One list of Stripe's that shows documents of a kind."""

    path: str
    #: one object's line, or nothing where it does not belong to the day
    line: Callable[..., ControlLine | None]
    #: what the list is asked with
    narrowed: Callable[[date, ZoneInfo], dict[str, Any]]


#: kind -> the lists that show it
LISTS: dict[str, tuple[Listing, ...]] = {
    "contract": (Listing(path="/v1/subscriptions", line=contract_line, narrowed=that_day),),
    "invoice": (Listing(path="/v1/invoices", line=invoice_line, narrowed=issued_by),),
    "credit_memo": (
        Listing(path="/v1/credit_notes", line=credit_note_line, narrowed=that_day),
        Listing(path="/v1/invoices", line=negative_invoice_line, narrowed=issued_by),
    ),
    "void": (
        Listing(path="/v1/invoices", line=voided_invoice_line, narrowed=voided_ever),
        Listing(path="/v1/credit_notes", line=voided_credit_note_line, narrowed=open_until),
    ),
    "write_off": (Listing(path="/v1/invoices", line=write_off_line, narrowed=given_up_ever),),
    "receipt": (Listing(path="/v1/charges", line=receipt_line, narrowed=that_day),),
    "refund": (Listing(path="/v1/balance_transactions", line=cash_listing.refund_line, narrowed=that_day_with_source),),
    "dispute": (
        Listing(path="/v1/balance_transactions", line=cash_listing.dispute_line, narrowed=that_day_with_source),
    ),
    "conversion": (
        Listing(path="/v1/balance_transactions", line=cash_listing.charged_side, narrowed=that_day_with_source),
        Listing(path="/v1/balance_transactions", line=cash_listing.settled_side, narrowed=that_day_with_source),
    ),
    "payout": (
        Listing(path="/v1/payouts", line=cash_listing.payout_line, narrowed=arriving),
        Listing(path="/v1/balance_transactions", line=cash_listing.payout_failure_line, narrowed=that_day),
    ),
    "bank_payout": (Listing(path="/v1/payouts", line=cash_listing.bank_line, narrowed=arriving),),
    "contract_term": (Listing(path="/v1/subscriptions", line=term_line, narrowed=ever),),
    "customer": (Listing(path="/v1/customers", line=customer_line, narrowed=ever),),
    "payment_details": (Listing(path="/v1/customers", line=payment_details_line, narrowed=ever),),
}

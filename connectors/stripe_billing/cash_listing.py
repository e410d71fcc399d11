"""Movements of Stripe's balance as control lines: what the gateway itself says moved, and when."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.interface import ControlLine
from connectors.stripe_billing import conversions
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.cash import CAME_BACK, CATEGORIES, DISPUTES, UTC_DAYS
from connectors.stripe_billing.mapping import id_of
from connectors.stripe_billing.reading import local_date

#: a payout that failed was sent first, and is listed again when it comes back
SENT = ("pending", "in_transit", "paid", "failed", "canceled")
GIVEN_BACK = frozenset({"refund", "payment_refund"})


def refund_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A refund (below zero) or one that came home (above), as the balance moved; other movements give nothing."""
    if record["type"] not in GIVEN_BACK | CAME_BACK:
        return None
    prefix = "refund" if record["type"] in GIVEN_BACK else "refund_failure"
    return _movement(record, reference=f"{prefix}:stripe:{id_of(record['source'])}", zone=zone)


def dispute_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """Money taken for a dispute (below zero) or given back, with the fee; other movements give nothing."""
    if record["type"] != "adjustment" or record["reporting_category"] not in DISPUTES:
        return None
    return _movement(record, reference=f"dispute_movement:stripe:{record['id']}", zone=zone, amount="net")


def charged_side(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """What a conversion took out of, or gave to, the currency of the charge; other movements give nothing."""
    charged = _charged_in(record)
    return _side(record, charged, -_as_charged(record, charged), zone=zone) if charged else None


def settled_side(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """What it gave to, or took out of, the currency it settled in; a dispute's fee with it."""
    if not _charged_in(record):
        return None
    settled_in = record["currency"].upper()
    name = "net" if record["type"] == "adjustment" else "amount"
    return _side(record, settled_in, from_sent(record[name], settled_in), zone=zone)


def payout_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A payout by the day it is due at the bank; those that were never sent give nothing."""
    if record["status"] not in SENT or local_date(record["arrival_date"], UTC_DAYS) != day:
        return None
    currency = record["currency"].upper()
    amount = from_sent(record["amount"], currency)
    return ControlLine(
        reference=f"payout:stripe:{record['id']}",
        external_id=record["id"],
        document_date=day,
        currency=currency,
        net=amount,
        tax=amount - amount,
        gross=amount,
        label=str((record.get("trace_id") or {}).get("value") or record["id"]),
        status=record["status"],
    )


def bank_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A payout as the bank's statement must show it: under its trace, once it has arrived."""
    if record["status"] != "paid":
        return None
    found = payout_line(record, day=day, zone=zone)
    return dataclasses.replace(found, reference=f"bank:{found.label}") if found else None


def payout_failure_line(record: Mapping[str, Any], *, day: date, zone: ZoneInfo) -> ControlLine | None:
    """A payout that came back that day, below zero."""
    if record["type"] not in ("payout_failure", "payout_cancel"):
        return None
    found = _movement(record, reference=f"payout_failure:stripe:{id_of(record['source'])}", zone=zone)
    return dataclasses.replace(found, net=-found.net, gross=-found.gross)


def _movement(record: Mapping[str, Any], *, reference: str, zone: ZoneInfo, amount: str = "amount") -> ControlLine:
    currency = _charged_in(record)
    # what was converted is told in the currency it was made in; fees in another one belong to the conversion
    moved = _as_charged(record, currency) if currency else from_sent(record[amount], record["currency"].upper())
    return _line(record, reference, currency or record["currency"].upper(), moved, zone=zone)


def _charged_in(record: Mapping[str, Any]) -> str:
    """The currency of what a balance transaction moved, where that is another one than it settled in."""
    source = record.get("source")
    moves = record["type"] in CATEGORIES and CATEGORIES[record["type"]] in ("charge", "refund")
    disputed = record["type"] == "adjustment" and record["reporting_category"] in DISPUTES
    if not isinstance(source, Mapping) or not (moves or disputed) or not source.get("currency"):
        return ""
    return "" if source["currency"] == record["currency"] else str(source["currency"]).upper()


def _as_charged(record: Mapping[str, Any], currency: str) -> Decimal:
    """What a converted movement is in the currency it was made in, signed as the balance moved."""
    source = record["source"]
    captured = source.get("amount_captured")
    made = from_sent(source["amount"] if captured is None else captured, currency)
    return made if record["amount"] > 0 else -made


def _side(record: Mapping[str, Any], currency: str, moved: Decimal, *, zone: ZoneInfo) -> ControlLine:
    return _line(record, conversions.reference(record["id"], currency), currency, moved, zone=zone)


def _line(record: Mapping[str, Any], reference: str, currency: str, moved: Decimal, *, zone: ZoneInfo) -> ControlLine:
    return ControlLine(
        reference=reference,
        external_id=id_of(record["source"]) or record["id"],
        document_date=local_date(record["created"], zone),
        currency=currency,
        net=moved,
        tax=moved - moved,
        gross=moved,
        label=record.get("description") or "",
        status=record.get("status") or "",
    )

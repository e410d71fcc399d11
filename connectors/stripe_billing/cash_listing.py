"""Movements of Stripe's balance as control lines: what the gateway itself says moved, and when."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from connectors.interface import ControlLine
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.cash import CAME_BACK, DISPUTES, UTC_DAYS
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
    currency = record["currency"].upper()
    moved = from_sent(record[amount], currency)
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

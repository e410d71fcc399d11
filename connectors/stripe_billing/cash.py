"""Stripe's refunds, disputes and payouts as our shapes; pure functions over objects as `fetch` completes them.

What moves money is the balance transaction (docs.stripe.com/reports/balance-transaction-types): its day is the
accounting date, and only what has one is carried.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import fields
from connectors.canonical import (
    Canonical,
    Dispute,
    DisputeMovement,
    DisputeOutcome,
    Payment,
    Payout,
    PayoutFailure,
    PayoutLine,
    Refund,
    RefundFailure,
)
from connectors.errors import Rejected
from connectors.stripe_billing import conversions
from connectors.stripe_billing.amounts import from_sent
from connectors.stripe_billing.reading import EARLIEST, LATEST, SYSTEM, currency_of, day_at, id_at, need

#: what `fetch` asks Stripe to fill in, by the start of an event's kind
EXPANDED: dict[str, tuple[str, ...]] = {
    "charge.succeeded": ("customer", "balance_transaction"),
    "invoice_payment": ("payment.payment_intent",),
    "refund": ("balance_transaction", "failure_balance_transaction"),
    "charge.dispute": (),
    "payout": ("failure_balance_transaction",),
}
#: types of balance transactions -> what a payout counts them as
CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "payment_failure_refund": "refund",
    "stripe_fee": "fee",
    "reserve_transaction": "reserve",
    "reserved_funds": "reserve",
    "payout_failure": "returned",
    "payout_cancel": "returned",
}
#: of these the money of a refund came back
CAME_BACK = frozenset({"refund_failure", "payment_failure_refund"})
UTC_DAYS = ZoneInfo("UTC")
DISPUTES = frozenset({"dispute", "dispute_reversal"})
OUTCOMES = {"won": "won", "lost": "lost", "warning_closed": "closed", "prevented": "closed"}


def receipt(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A charge that no invoice asked for, and what was converted of any; one that pays an invoice is told with the
    invoice's payment.
    """
    if fields.text(record, "status", system=SYSTEM) != "succeeded" or record.get("captured") is not True:
        return []
    currency = currency_of(record)
    reference = payment_of(record, own="id")
    amount = from_sent(need(record, "amount_captured", int), currency)
    converted = conversions.sides(
        fields.group(record, "balance_transaction", system=SYSTEM), charged=currency, amount=amount,
        of_reference=reference, payment_reference=reference, version=version, zone=zone,
    )  # fmt: skip
    if fields.rows(record, "invoice_payments", system=SYSTEM):
        return [*converted]
    return [
        Payment(
            reference=reference,
            gateway_id=reference.rpartition(":")[2],
            customer_reference=fields.text(record, "customer.metadata.q2c_reference", system=SYSTEM)[:120],
            origin="gateway",
            received_on=day_at(record, "created", zone),
            amount=amount,
            version=version,
            correlation_id="",
            currency=currency,
            source_system=SYSTEM,
        ),
        *converted,
    ]


def refund(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A refund whose money has left the balance; its failure, once the money came back; and what was converted."""
    if not fields.group(record, "balance_transaction", system=SYSTEM):
        return []
    own_id, currency = id_at(record, "id"), currency_of(record)
    amount = from_sent(need(record, "amount", int), currency)
    shared: dict[str, Any] = {"version": version, "correlation_id": "", "currency": currency, "source_system": SYSTEM}
    found: list[Canonical] = [
        Refund(
            reference=f"refund:stripe:{own_id}",
            gateway_id=own_id,
            payment_reference=payment_of(record),
            customer_reference="",
            refunded_on=day_at(record, "balance_transaction.created", zone),
            amount=amount,
            causes=tuple(_credited(record, own_id, currency)),
            **shared,
        )
    ]
    if fields.group(record, "failure_balance_transaction", system=SYSTEM):
        found.append(
            RefundFailure(
                reference=f"refund_failure:stripe:{own_id}",
                gateway_id=own_id,
                refund_reference=f"refund:stripe:{own_id}",
                customer_reference="",
                failed_on=day_at(record, "failure_balance_transaction.created", zone),
                amount=_came_back(record, amount, currency),
                failure_reason=fields.text(record, "failure_reason", system=SYSTEM)[:80],
                **shared,
            )
        )
    for name, of in (("balance_transaction", "refund"), ("failure_balance_transaction", "refund_failure")):
        found += conversions.sides(
            fields.group(record, name, system=SYSTEM), charged=currency, amount=amount,
            of_reference=f"{of}:stripe:{own_id}", payment_reference=payment_of(record), version=version, zone=zone,
        )  # fmt: skip
    return found


def _came_back(record: Mapping[str, Any], amount: Decimal, currency: str) -> Decimal:
    """What came home, in the currency it was refunded in: where it is converted, the balance says it in another one."""
    moved = fields.group(record, "failure_balance_transaction", system=SYSTEM)
    if conversions.is_converted(moved, currency):
        return amount
    return from_sent(need(record, "failure_balance_transaction.amount", int), currency)


def _credited(record: Mapping[str, Any], own_id: str, currency: str) -> list[tuple[str, str]]:
    """The credit notes that say they are paid out by this refund, each with its share."""
    found = []
    for note in fields.rows(record, "credit_notes", system=SYSTEM):
        for part in fields.rows(note, "refunds", system=SYSTEM):
            if fields.text(part, "refund", system=SYSTEM) == own_id and note.get("status") != "void":
                share = from_sent(need(part, "amount_refunded", int), currency)
                found.append((f"credit_memo:stripe:{id_at(note, 'id')}", format(share, "f")))
    return sorted(found)


def dispute(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A dispute as opened, each movement of money for it, and its outcome once it is closed."""
    own_id, currency = id_at(record, "id"), currency_of(record)
    amount = from_sent(need(record, "amount", int), currency)
    reference = f"dispute:stripe:{own_id}"
    shared: dict[str, Any] = {
        "gateway_id": own_id,
        "payment_reference": payment_of(record),
        "customer_reference": "",
        "version": version,
        "correlation_id": "",
        "currency": currency,
        "source_system": SYSTEM,
    }
    found: list[Canonical] = [
        Dispute(
            reference=reference,
            opened_on=day_at(record, "created", zone),
            amount=amount,
            dispute_reason=fields.text(record, "reason", system=SYSTEM)[:80],
            evidence_due_at=_moment(fields.group(record, "evidence_details", system=SYSTEM), "due_by"),
            **shared,
        )
    ]
    for moved in fields.rows(record, "balance_transactions", system=SYSTEM):
        own = f"dispute_movement:stripe:{id_at(moved, 'id')}"
        taken, fee = _disputed(moved, amount, currency)
        movement = DisputeMovement(
            reference=own,
            dispute_reference=reference,
            moved_on=day_at(moved, "created", zone),
            amount=taken,
            fee=fee,
            **shared,
        )
        found.append(movement)
        found += conversions.sides(
            moved, charged=currency, amount=amount, of_reference=own, payment_reference=payment_of(record),
            version=version, zone=zone, fee_is_ours=True,
        )  # fmt: skip
    outcome = OUTCOMES.get(fields.text(record, "status", system=SYSTEM))
    if outcome:
        found.append(
            DisputeOutcome(
                reference=f"dispute_outcome:stripe:{own_id}",
                dispute_reference=reference,
                outcome=outcome,
                amount=amount,
                **shared,
            )
        )
    return found


def _disputed(moved: Mapping[str, Any], amount: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """What was taken or given back in the dispute's own currency, and its fee; one in another is the conversion's."""
    settled_in = currency_of(moved)
    settled = from_sent(need(moved, "amount", int), settled_in)
    if settled_in == currency:
        return settled, from_sent(need(moved, "fee", int), currency)
    return (amount if settled > 0 else -amount), amount - amount


def payout(record: Mapping[str, Any], *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """A payout once Stripe says which movements it settles; and its failure. Raises Rejected PAYOUT_MISMATCH where
    it is not the sum of them, or Stripe does not itemise it (payouts made by hand).
    """
    own_id, currency = id_at(record, "id"), currency_of(record)
    state = fields.text(record, "reconciliation_status", system=SYSTEM)
    if state == "not_applicable":
        raise _mismatch(own_id, "reconciliation_status", "was made by hand: Stripe does not say what it consists of")
    if state != "completed":
        return []
    amount = from_sent(need(record, "amount", int), currency)
    moved = [one for one in fields.rows(record, "balance_transactions", system=SYSTEM) if one.get("type") != "payout"]
    lines = tuple(_payout_line(one, payout_id=own_id, currency=currency, zone=zone) for one in moved)
    net = sum((line.net for line in lines), Decimal(0))
    if net != amount:
        raise _mismatch(own_id, "amount", f"is {amount} {currency}; its parts sum to {net}")
    shared: dict[str, Any] = {
        "gateway_id": own_id,
        "version": version,
        "correlation_id": f"payout:{own_id}",
        "currency": currency,
        "source_system": SYSTEM,
    }
    found: list[Canonical] = [
        Payout(
            reference=f"payout:stripe:{own_id}",
            # a day, written as its midnight in UTC
            paid_on=day_at(record, "arrival_date", UTC_DAYS),
            amount=amount,
            charges=_gross(lines, "charge"),
            refunds=_gross(lines, "refund"),
            disputes=_gross(lines, "dispute"),
            dispute_fees=sum((line.fee for line in lines if line.category == "dispute"), Decimal(0)),
            fees=sum((line.fee for line in lines if line.category != "dispute"), Decimal(0)),
            reserves=_gross(lines, "reserve"),
            returned=_gross(lines, "returned"),
            bank_trace=fields.text(record, "trace_id.value", system=SYSTEM)[:80],
            lines=lines,
            **shared,
        )
    ]
    for one, line in zip(moved, lines, strict=True):
        found += _converted(one, line, version=version, zone=zone)
    if fields.group(record, "failure_balance_transaction", system=SYSTEM):
        found.append(
            PayoutFailure(
                reference=f"payout_failure:stripe:{own_id}",
                payout_reference=f"payout:stripe:{own_id}",
                failed_on=day_at(record, "failure_balance_transaction.created", zone),
                amount=amount,
                failure_reason=fields.text(record, "failure_code", system=SYSTEM)[:80],
                **shared,
            )
        )
    return found


def _gross(lines: Sequence[PayoutLine], category: str) -> Decimal:
    return sum((line.gross for line in lines if line.category == category), Decimal(0))


def _payout_line(moved: Mapping[str, Any], *, payout_id: str, currency: str, zone: ZoneInfo) -> PayoutLine:
    own_id, type_ = id_at(moved, "id"), fields.text(moved, "type", system=SYSTEM)
    source = fields.group(moved, "source", system=SYSTEM)
    category = CATEGORIES.get(type_, "")
    if type_ == "adjustment" and fields.text(moved, "reporting_category", system=SYSTEM) in DISPUTES:
        category = "dispute"
    if not category:
        raise _mismatch(payout_id, "type", f"holds a movement of a kind we cannot book: {fields.short(type_)}")
    gross, fee = (from_sent(need(moved, name, int), currency) for name in ("amount", "fee"))
    if category == "fee":
        gross, fee = Decimal(0), fee - gross
    return PayoutLine(
        line_id=own_id,
        category=category,
        source_reference=_source_reference(type_, category, own_id, source),
        gross=gross,
        fee=fee,
        net=from_sent(need(moved, "net", int), currency),
        moved_on=day_at(moved, "created", zone),
    )


def _source_reference(type_: str, category: str, own_id: str, source: Mapping[str, Any]) -> str:
    match category:
        case "charge":
            return payment_of(source, own="id")
        case "refund":
            return f"{'refund_failure' if type_ in CAME_BACK else 'refund'}:stripe:{id_at(source, 'id')}"
        case "dispute":
            return f"dispute_movement:stripe:{own_id}"
        case "returned":
            return f"payout_failure:stripe:{id_at(source, 'id')}"
        case _:
            return ""


def payment_of(record: Mapping[str, Any], *, own: str = "charge") -> str:
    """Our reference of the payment behind a charge, refund or dispute."""
    path = "payment_intent" if record.get("payment_intent") else own
    return f"payment:stripe:{id_at(record, path)}"


def _moment(record: Mapping[str, Any], name: str) -> str:
    """An instant as ISO text in UTC, empty where there is none."""
    if record.get(name) is None:
        return ""
    seconds = need(record, name, int)
    if not EARLIEST <= seconds < LATEST:
        raise fields.unreadable(name, seconds, "is no moment between 2000 and 2100", system=SYSTEM)
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _mismatch(payout_id: str, field: str, why: str) -> Rejected:
    return Rejected(f"payout {payout_id} {why}", reason="PAYOUT_MISMATCH", field=field, value=payout_id, system=SYSTEM)


def _converted(moved: Mapping[str, Any], line: PayoutLine, *, version: int, zone: ZoneInfo) -> list[Canonical]:
    """What a movement of a payout converted: told here too, since a charge is often told before it is settled."""
    source = fields.group(moved, "source", system=SYSTEM)
    if line.category not in ("charge", "refund", "dispute") or not source.get("currency"):
        return []
    charged = currency_of(source)
    if not conversions.is_converted(moved, charged):
        return []
    name = "amount_captured" if source.get("amount_captured") is not None else "amount"
    own = "id" if line.category == "charge" else "charge"
    return [
        *conversions.sides(
            moved,
            charged=charged,
            amount=from_sent(need(source, name, int), charged),
            of_reference=line.source_reference,
            payment_reference=payment_of(source, own=own),
            version=version,
            zone=zone,
            fee_is_ours=line.category == "dispute",
        )
    ]

"""Receipts and what became of them: read before the first step of a batch, so that steps stay pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection as database

from connectors.canonical import Allocation, Canonical, PaymentReturn, Payout, Refund, RefundFailure
from connectors.money import amount
from sync.models import (
    AllocationRecord,
    DisputeMovementRecord,
    DisputeRecord,
    LegalEntity,
    PaymentRecord,
    PaymentReturnRecord,
    PayoutRecord,
    RefundFailureRecord,
    RefundRecord,
    WorkItem,
)
from sync.states import Condition

ZERO = Decimal(0)
#: payment -> received less applied to documents less paid back. A refund that came home stays counted here: what it
#: gave back is a credit of its own from then on. Of a bank receipt that did not hold nothing is left
_LEFT = """
SELECT p.reference, p.currency, CASE WHEN EXISTS (
    SELECT 1 FROM sync_paymentreturnrecord back WHERE back.payment_reference = p.reference
) THEN 0 ELSE p.amount - coalesce(a.amount, 0) - coalesce(r.amount, 0) END
FROM sync_paymentrecord p
LEFT JOIN (
    SELECT payment_reference, sum(amount) AS amount FROM sync_allocationrecord
    WHERE payment_reference = ANY(%(payments)s) GROUP BY 1
) a ON a.payment_reference = p.reference
LEFT JOIN (
    SELECT cause ->> 0 AS payment_reference, sum((cause ->> 1)::numeric) AS amount
    FROM sync_refundrecord r, jsonb_array_elements(r.causes) cause
    WHERE cause ->> 0 = ANY(%(payments)s) GROUP BY 1
) r ON r.payment_reference = p.reference
WHERE p.reference = ANY(%(payments)s)
"""
#: refunds of these payments that came home, each less what was paid out again since
_CAME_BACK = """
SELECT r.payment_reference, f.reference, f.currency, f.amount - coalesce((
    SELECT sum((cause ->> 1)::numeric) FROM sync_refundrecord again, jsonb_array_elements(again.causes) cause
    WHERE cause ->> 0 = f.reference AND again.payment_reference = r.payment_reference), 0)
FROM sync_refundfailurerecord f JOIN sync_refundrecord r ON r.reference = f.refund_reference
WHERE r.payment_reference = ANY(%(payments)s) ORDER BY f.failed_on, f.reference
"""


@dataclass(kw_only=True)
class Cash:
    """Receipts, refunds, payouts and disputes that the subjects of a batch name, by reference."""

    payments: dict[str, PaymentRecord]
    refunds: dict[str, RefundRecord]
    payouts: dict[str, PayoutRecord]
    disputes: dict[str, DisputeRecord]
    #: companies whose gateway it may be where no receipt says so
    companies: frozenset[str]
    #: what a payout may settle that is known here already
    moved: frozenset[str]
    #: payment -> what is neither applied nor paid back, in its own currency
    left: dict[str, Decimal]
    #: payment -> refunds of it that came home: reference of the failure -> what was not paid out again
    came_back: dict[str, dict[str, Decimal]]
    #: refund -> what was heard of its coming home and waits for the refund itself: reference and amount
    comes_home: dict[str, tuple[str, Decimal]]
    #: bank receipts that did not hold
    returned: frozenset[str]
    #: receipts taken back at hand -> what they had paid
    applied: dict[str, list[AllocationRecord]]


def look_up(subjects: Iterable[Canonical]) -> Cash:
    """What these subjects name, in a handful of queries; nothing is asked where none names any."""
    subjects = list(subjects)
    parts = {line.source_reference for one in subjects if isinstance(one, Payout) for line in one.lines}
    payments = {value for one in subjects if (value := getattr(one, "payment_reference", ""))}
    payments |= {name for name in parts if name.startswith("payment:")}
    refunds = {value for one in subjects if (value := getattr(one, "refund_reference", ""))}
    disputes = {value for one in subjects if (value := getattr(one, "dispute_reference", ""))}
    payouts = {value for one in subjects if (value := getattr(one, "payout_reference", ""))}
    _one_at_a_time({one.payment_reference for one in subjects if isinstance(one, Refund)} | _came_home(subjects))
    found = {row.reference: row for row in _rows(PaymentRecord, payments)}
    return Cash(
        payments=found,
        refunds={row.reference: row for row in _rows(RefundRecord, refunds)},
        payouts={row.reference: row for row in _rows(PayoutRecord, payouts)},
        disputes={row.reference: row for row in _rows(DisputeRecord, disputes)},
        companies=_companies() if parts else frozenset(),
        moved=frozenset(found) | _known(parts),
        left=left_of(sorted(found)),
        came_back=_came_back(sorted(found)),
        comes_home=comes_home({one.reference for one in subjects if isinstance(one, Refund)}),
        returned=_returned({one.payment_reference for one in subjects if isinstance(one, Allocation)}),
        applied=_applied({one.payment_reference for one in subjects if isinstance(one, PaymentReturn)}),
    )


def _returned(payments: set[str]) -> frozenset[str]:
    rows = PaymentReturnRecord.objects.filter(payment_reference__in=payments) if payments else None
    return frozenset(rows.values_list("payment_reference", flat=True)) if rows is not None else frozenset()


def _applied(payments: set[str]) -> dict[str, list[AllocationRecord]]:
    found: dict[str, list[AllocationRecord]] = {}
    if payments:
        for row in AllocationRecord.objects.filter(payment_reference__in=payments).order_by("pk"):
            found.setdefault(row.payment_reference, []).append(row)
    return found


def _one_at_a_time(payments: set[str]) -> None:
    """Until the end of this transaction nobody else gives money of these receipts back: of two refunds at once the
    later one finds what the first has left.
    """
    if payments:
        rows = PaymentRecord.objects.select_for_update(no_key=True, of=("self",)).filter(reference__in=payments)
        list(rows.order_by("pk").values_list("pk"))


def _came_home(subjects: Sequence[Canonical]) -> set[str]:
    """Payments a refund of which came home: a second refund of one of them finds it, or is found waiting for it."""
    failed = {one.refund_reference for one in subjects if isinstance(one, RefundFailure)}
    rows = RefundRecord.objects.filter(reference__in=failed) if failed else None
    return set(rows.values_list("payment_reference", flat=True)) if rows is not None else set()


def _rows(model: Any, references: set[str]) -> Iterable[Any]:
    return model.objects.select_related("legal_entity").filter(reference__in=references) if references else ()


def _companies() -> frozenset[str]:
    return frozenset(LegalEntity.objects.values_list("code", flat=True))


def _known(parts: set[str]) -> frozenset[str]:
    known: set[str] = set()
    for start, model in (
        ("refund:", RefundRecord),
        ("refund_failure:", RefundFailureRecord),
        ("dispute_movement:", DisputeMovementRecord),
    ):
        names = [name for name in parts if name.startswith(start)]
        if names:
            known |= set(model._default_manager.filter(reference__in=names).values_list("reference", flat=True))
    return frozenset(known)


def _came_back(payments: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    found: dict[str, dict[str, Decimal]] = {}
    if payments:
        with database.cursor() as cursor:
            cursor.execute(_CAME_BACK, {"payments": list(payments)})
            for payment, failure, currency, left in cursor.fetchall():
                found.setdefault(payment, {})[failure] = amount(left, currency)
    return found


def comes_home(refunds: set[str]) -> dict[str, tuple[str, Decimal]]:
    """Refund -> what was heard of its coming home and waits for the refund itself: reference and amount."""
    waiting = WorkItem.objects.filter(
        flow="refund_failure_to_erp", condition__in=(Condition.WAITING, Condition.DUE), waits_for__in=refunds
    )
    rows = waiting.values_list("waits_for", "reference", "subject") if refunds else ()
    return {refund: (failure, Decimal(subject["amount"])) for refund, failure, subject in rows}


def left_of(payments: Sequence[str]) -> dict[str, Decimal]:
    """What of these payments is neither applied nor paid back: cash on the customer's account."""
    if not payments:
        return {}
    with database.cursor() as cursor:
        cursor.execute(_LEFT, {"payments": list(payments)})
        return {reference: amount(left, currency) for reference, currency, left in cursor.fetchall()}

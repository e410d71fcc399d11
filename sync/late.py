"""Cut-off: what was posted into another period than its own, what finance must judge of it, and what was judged.

A document that crosses a quarter or a year needs an assessment signed by finance, and so does every late document of a
month whose late documents together pass the entity's limit.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum

from connectors.canonical import Canonical
from sync import clock, journal
from sync.models import Delivery, LatePosting


class CannotAssess(Exception):
    """Says why an assessment cannot be signed, for the person who tried."""


def note(row: Delivery, subject: Canonical) -> LatePosting | None:
    """Enter a document whose posting was moved; moved once more, the entry shows the newer date and is judged anew,
    moved back to its own date, it is late no more. Needs a transaction.
    """
    if row.document_date is None or row.posting_date is None or row.amount is None or row.entity is None:
        return None
    if row.posting_date == row.document_date:
        LatePosting.objects.filter(delivery=row).delete()
        return None
    # lines of a payout are movements, not service
    lines = [line for line in getattr(subject, "lines", ()) if hasattr(line, "service_starts_on")]
    values: dict[str, Any] = {
        "entity": row.entity,
        "kind": row.kind,
        "reference": row.reference,
        "title": row.title,
        "customer_name": row.customer_name,
        "amount": row.amount,
        "currency": row.currency,
        "document_date": row.document_date,
        "posting_date": row.posting_date,
        "tax_point": getattr(subject, "tax_point", None),
        "service_starts_on": min((line.service_starts_on for line in lines), default=None),
        "service_ends_on": max((line.service_ends_on for line in lines), default=None),
        "crosses": crosses(row.document_date, row.posting_date),
        "moved_at": clock.now(),
        "accrued": LatePosting.Accrued.OPEN,
        "assessment": "",
        "assessed_by": None,
        "assessed_at": None,
    }
    entry, _ = LatePosting.objects.update_or_create(delivery=row, defaults=values)
    return entry


def crosses(document_date: date, posting_date: date) -> str:
    """The largest boundary of calendar months, quarters and years between the two dates."""
    if document_date.year != posting_date.year:
        return LatePosting.Crosses.YEAR
    if (document_date.month - 1) // 3 != (posting_date.month - 1) // 3:
        return LatePosting.Crosses.QUARTER
    return LatePosting.Crosses.MONTH


def needs_assessment(entries: Iterable[LatePosting]) -> list[LatePosting]:
    """Those that finance has to judge and has not yet."""
    waiting = [entry for entry in entries if entry.assessed_at is None]
    sums: dict[tuple[int, str, str], Decimal] = {}
    for entry in waiting:
        key = (entry.entity_id, entry.currency, f"{entry.document_date:%Y-%m}")
        if key not in sums:
            sums[key] = _sum_of_month(entry)
    return [
        entry
        for entry in waiting
        if entry.crosses != LatePosting.Crosses.MONTH
        or sums[entry.entity_id, entry.currency, f"{entry.document_date:%Y-%m}"] > entry.entity.late_limit
    ]


def _sum_of_month(entry: LatePosting) -> Decimal:
    """Absolute amounts of an entity's late documents of one month, in one currency, judged or not."""
    month = LatePosting.objects.filter(
        entity=entry.entity_id,
        currency=entry.currency,
        document_date__year=entry.document_date.year,
        document_date__month=entry.document_date.month,
    )
    above = month.filter(amount__gt=0).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    below = month.filter(amount__lt=0).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return above - below


def assess(entry: LatePosting, *, user: User, words: str, accrued: str) -> LatePosting:
    """Sign the cut-off assessment of one late document. Raises CannotAssess.

    No role both asks for a posting to be moved and judges it (q2c_portal/roles.py).
    """
    if not user.has_perm("sync.assess_lateposting"):
        raise CannotAssess("Only finance signs a cut-off assessment.")
    if not words.strip():
        raise CannotAssess("Assessment: say in a sentence why the period of the document stays right without it.")
    if accrued not in (LatePosting.Accrued.ACCRUED, LatePosting.Accrued.PASSED):
        raise CannotAssess("Accrued: choose whether it was accrued in its own period or passed below the limit.")
    with transaction.atomic():
        row = LatePosting.objects.select_for_update().get(pk=entry.pk)
        if row.assessed_at is not None:
            raise CannotAssess(f"{row.title} was assessed by {row.assessed_by} on {row.assessed_at:%Y-%m-%d}.")
        row.assessment, row.accrued = words.strip(), accrued
        row.assessed_by, row.assessed_at = user, clock.now()
        row.save(update_fields=["assessment", "accrued", "assessed_by", "assessed_at"])
        journal.note(
            [
                journal.Fact(
                    action="cut-off assessed",
                    object_kind=row.kind,
                    object_key=row.reference,
                    correlation_id=row.delivery.correlation_id,
                    text=f"{user.get_full_name() or user.username} on the cut-off of {row.title}: {row.assessment}",
                    details={"accrued": accrued, "document_date": str(row.document_date)},
                    user=user,
                )
            ]
        )
    return row

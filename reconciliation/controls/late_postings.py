"""Listing: documents posted into another period than their own that finance has to judge and has not yet."""

from collections.abc import Sequence

from reconciliation.controls.control import Control, Finding, Type
from sync import late
from sync.models import LatePosting, LegalEntity


def findings(entity: LegalEntity) -> Sequence[Finding]:
    """One for each late document whose cut-off assessment is missing, over its amount."""
    entries = LatePosting.objects.filter(entity=entity).select_related("entity").order_by("document_date", "pk")
    return [
        Finding(
            reference=f"late:{entry.reference}"[:120],
            kind="LATE_POSTING",
            label=f"of {entry.title or entry.reference}",
            cause=f"{entry.document_date:%d %b %Y}, posted on {entry.posting_date:%d %b %Y}",
            customer=entry.customer_name,
            currency=entry.currency,
            dated=entry.document_date,
            difference=entry.amount,
        )
        for entry in late.needs_assessment(entries)
    ]


LATE_POSTINGS = Control(
    name="late_postings",
    title="Documents posted late are judged",
    leg="",
    kind="late posting",
    left_role="portal",
    left_kind="late_posting",
    right_role="portal",
    right_kind="late_posting",
    type=Type.LISTING,
    as_of=True,
    compares=(),
    date_basis="Document date against posting date",
    assertion="Cut-off",
    lists=findings,
)

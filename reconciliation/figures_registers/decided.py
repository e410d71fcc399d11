"""Who said yes to a document, and why: the request that was approved for its case."""

from collections.abc import Collection

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reconciliation.models import ApprovalRequest

#: what a document says where nobody was asked
NOBODY = gettext_lazy("No approval in the portal")


def of(references: Collection[str]) -> dict[str, str]:
    """Reference -> asker, decider and reason of the newest approved request about its delivery or its work item."""
    rows = ApprovalRequest.objects.filter(
        Q(case__delivery__reference__in=references) | Q(case__work_item__reference__in=references),
        status=ApprovalRequest.Status.APPROVED,
    ).select_related("case__delivery", "case__work_item", "asked_by", "decided_by")
    found = {}
    for row in rows.order_by("decided_at", "pk"):
        case = row.case
        subject = case.delivery or case.work_item if case else None
        if subject is None or row.decided_by is None:
            continue
        said = _("{decider}, asked by {asker}").format(decider=row.decided_by, asker=row.asked_by)
        because = f": {row.asked_because}" if row.asked_because else ""
        found[subject.reference] = f"{said}{because} ({row.number})"
    return found

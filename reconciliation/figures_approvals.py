"""What the list of approvals is made of: requests that wait for a second person, and those decided of late."""

from datetime import timedelta

from django.db.models import QuerySet

from reconciliation.models import ApprovalRequest
from sync import clock

#: decided requests stay on the list so long
DECIDED_SHOWN = timedelta(days=30)


def waiting() -> QuerySet[ApprovalRequest]:
    """Requests nobody has decided, the oldest first."""
    rows = ApprovalRequest.objects.filter(status=ApprovalRequest.Status.PENDING)
    return (
        rows.select_related("asked_by", "problem", "case__entity", "decided_by", "handed_to")
        .prefetch_related("yeses", "questions")
        .order_by("asked_at")
    )


def decided() -> QuerySet[ApprovalRequest]:
    """Requests that ended one way or the other, the newest decision first."""
    rows = ApprovalRequest.objects.exclude(status=ApprovalRequest.Status.PENDING)
    rows = rows.filter(asked_at__gte=clock.now() - DECIDED_SHOWN)
    return rows.select_related("asked_by", "decided_by", "run", "case__entity").order_by("-decided_at", "-pk")

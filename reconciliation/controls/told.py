"""What the portal tells people of already, as findings of a control that answers for it: no second case is opened."""

from collections.abc import Sequence

from django.db.models import Q

from reconciliation.controls.control import Finding
from reconciliation.models import ExceptionCase
from sync.models import LegalEntity


def told(entity: LegalEntity, *reasons: str, of_all: bool = False) -> Sequence[Finding]:
    """Open cases of a company for these reasons; `of_all`: also those of a system that belongs to no company alone."""
    whose = Q(entity=entity) | Q(entity=None) if of_all else Q(entity=entity)
    rows = ExceptionCase.objects.filter(whose, reason__in=reasons, status=ExceptionCase.Status.OPEN).order_by("pk")
    return [
        Finding(
            reference=f"{case.number}:{case.reference}"[:120],
            kind=case.reason,
            label=case.document or case.number,
            customer=case.customer_name,
            currency=case.currency,
            dated=case.effective_on,
            difference=case.amount,
            told_in=case.pk,
        )
        for case in rows
    ]

"""Releases work items that wait, once what they wait for is there."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from connectors.canonical import Refund
from sync import blocks, bulk, clock, keys, nudges, versions
from sync.models import (
    ClearanceRecord,
    ContractRecord,
    CreditMemoRecord,
    CustomerRecord,
    DisputeMovementRecord,
    DisputeRecord,
    InvoiceRecord,
    PaymentRecord,
    PayoutRecord,
    RefundFailureRecord,
    RefundRecord,
    WorkItem,
)
from sync.pipelines.cash import comes_home
from sync.states import Condition

#: waiting, or a case because a modification before it was missing too long
_PARKED = Q(condition=Condition.WAITING) | Q(condition=Condition.BLOCKED, gap_since__isnull=False)
#: records other objects may wait for
WAITED_FOR = (
    CustomerRecord,
    ContractRecord,
    InvoiceRecord,
    CreditMemoRecord,
    PaymentRecord,
    RefundRecord,
    RefundFailureRecord,
    PayoutRecord,
    DisputeRecord,
    DisputeMovementRecord,
)


def release_held(references: set[str]) -> int:
    """Items that wait for objects or modifications we have by now are due, and refunds that what waits for them
    explains; how many.
    """
    held: set[str] = set(_modifications_over(references))
    for model in WAITED_FOR:
        held |= set(model._default_manager.filter(reference__in=references).values_list("reference", flat=True))
    # one that is still pending lets nothing go
    held |= set(
        ClearanceRecord.objects.filter(reference__in=references, status="cleared").values_list("reference", flat=True)
    )
    freed = _coming_home(references)
    if not held:
        return freed
    with transaction.atomic():
        released = release_waiting(sorted(held))
        if released:
            nudges.nudge("ingest")
    return len(released) + freed


def _coming_home(references: set[str]) -> int:
    """Refunds nothing explained, for which their own coming home waits, are due: that explains them; how many."""
    came = comes_home({name for name in references if name.startswith(f"{Refund.kind}:")})
    if not came:
        return 0
    stopped = WorkItem.objects.filter(flow="refund_to_erp", condition=Condition.BLOCKED, reference__in=came)
    # over another amount it would stop again
    whole = [
        reference
        for reference, subject in stopped.values_list("reference", "subject")
        if Decimal(subject["amount"]) == came[reference][1]
    ]
    with transaction.atomic():
        return blocks.try_again("refund_to_erp", reason="REFUND_WITHOUT_CAUSE", reference__in=whole)


def _modifications_over(names: Iterable[str]) -> list[str]:
    wanted = {pair for name in names if (pair := versions.parse_modification(name))}
    if not wanted:
        return []
    rows = WorkItem.objects.filter(
        flow__in=versions.NUMBERED,
        reference__in={reference for reference, _ in wanted},
        version__in={number for _, number in wanted},
    ).values_list("reference", "version", "state", "condition")
    done = versions.over(rows)
    return [keys.modification(reference, number) for reference, number in wanted if number in done.get(reference, ())]


def release_waiting(references: Sequence[str]) -> list[WorkItem]:
    """Items that waited for these objects are due; the oldest effective date first."""
    waiting = list(
        WorkItem.objects.select_for_update(of=("self",))
        .filter(_PARKED, waits_for__in=references)
        .order_by("effective_on", "reference", "version")
    )
    now = clock.now()
    for place, item in enumerate(waiting):
        item.condition, item.waits_for, item.due_at = Condition.DUE, "", now + timedelta(microseconds=place)
    bulk.update(waiting, ["condition", "waits_for", "due_at"])
    return waiting

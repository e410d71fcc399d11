"""What an approver should notice about a request before saying yes, in sentences."""

from datetime import date, timedelta
from decimal import Decimal

from reconciliation import approval_tiers
from reconciliation.models import ApprovalRequest
from sync import clock
from sync.models import ProductMapping
from sync.money_text import money

#: requests of one person this close together are looked at as one
TOGETHER = timedelta(hours=24)


def risk_flags(request: ApprovalRequest) -> list[str]:
    """Sums over the policy's limits, backdating, splitting, and changes the asker made lately."""
    flags = _sums(request) if request.kind == ApprovalRequest.Kind.MONEY else []
    if request.count > 100:
        flags.append(f"{request.count:,} documents are affected at once.")
    flags += _backdated(request)
    recent = ProductMapping.objects.filter(
        drafted_by=request.asked_by_id, approved_at__gte=request.asked_at - TOGETHER, approved_at__lt=request.asked_at
    ).count()
    if recent:
        flags.append(f"The asker had {recent} other mapping{'' if recent == 1 else 's'} approved in the day before.")
    return flags


def _sums(request: ApprovalRequest) -> list[str]:
    """What it counts as, where that reaches a limit; else what it comes to with its asker's other requests near it."""
    limits = approval_tiers.limits_of(request.entity, request.policy)
    for limit, words in (
        (limits.third_tier, "third tier"),
        (limits.second_tier, "second tier"),
        (limits.limit, "limit"),
    ):
        if request.counts_as >= limit:
            amount, because = money(request.counts_as, request.counts_currency), request.counts_because
            return [f"It counts as {amount} ({because}), over the {words} of {money(limit, limits.currency)}."]
    return _split(request, limits)


def _split(request: ApprovalRequest, limits: approval_tiers.Limits) -> list[str]:
    near = ApprovalRequest.objects.filter(
        kind=request.kind,
        asked_by=request.asked_by_id,
        asked_at__range=(request.asked_at - TOGETHER, request.asked_at + TOGETHER),
        counts_currency=request.counts_currency,
    )
    together = max((one.counts_as for one in near), default=Decimal(0))
    if together >= limits.limit:
        others = f"{len(near) - 1} other request{'' if len(near) == 2 else 's'}"
        return [f"Together with {others} of the same day it passes the limit: {money(together, limits.currency)}."]
    return []


def _backdated(request: ApprovalRequest) -> list[str]:
    try:
        start = date.fromisoformat(str(request.change.get("valid_from", "")))
    except ValueError:
        return []
    days = (clock.now().date() - start).days
    return [f"It holds from {start:%d %b %Y}, {days} days back."] if days > 31 else []

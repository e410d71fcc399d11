"""What an approver should notice about a request before saying yes, in sentences."""

from datetime import date, timedelta
from decimal import Decimal

from reconciliation.models import ApprovalRequest
from sync import clock
from sync.models import ProductMapping
from sync.money_text import money

#: requests of one person this close together are looked at as one
TOGETHER = timedelta(hours=24)


def risk_flags(request: ApprovalRequest) -> list[str]:
    """Sums over the policy's limits, backdating, splitting, and changes the asker made lately."""
    flags, rules = [], request.policy
    total = _total(request, rules.currency)
    if request.kind == ApprovalRequest.Kind.MONEY:
        for limit, words in (
            (rules.third_tier, "third tier"),
            (rules.second_tier, "second tier"),
            (rules.limit, "limit"),
        ):
            if total >= limit:
                flags.append(f"The sum is over the {words} of {money(limit, rules.currency)}.")
                break
        else:
            flags += _split(request, total)
    if request.count > 100:
        flags.append(f"{request.count:,} documents are affected at once.")
    flags += _backdated(request)
    recent = ProductMapping.objects.filter(
        drafted_by=request.asked_by_id, approved_at__gte=request.asked_at - TOGETHER, approved_at__lt=request.asked_at
    ).count()
    if recent:
        flags.append(f"The asker had {recent} other mapping{'' if recent == 1 else 's'} approved in the day before.")
    return flags


def _total(request: ApprovalRequest, currency: str) -> Decimal:
    return Decimal(str(request.totals.get(currency, "0")))


def _split(request: ApprovalRequest, total: Decimal) -> list[str]:
    rules = request.policy
    near = ApprovalRequest.objects.filter(
        kind=request.kind,
        asked_by=request.asked_by_id,
        asked_at__range=(request.asked_at - TOGETHER, request.asked_at + TOGETHER),
    ).exclude(pk=request.pk)
    together = total + sum((_total(other, rules.currency) for other in near), Decimal(0))
    if near and together >= rules.limit:
        others = f"{len(near)} other request{'' if len(near) == 1 else 's'}"
        return [f"Together with {others} of the same day it passes the limit: {money(together, rules.currency)}."]
    return []


def _backdated(request: ApprovalRequest) -> list[str]:
    try:
        start = date.fromisoformat(str(request.change.get("valid_from", "")))
    except ValueError:
        return []
    days = (clock.now().date() - start).days
    return [f"It holds from {start:%d %b %Y}, {days} days back."] if days > 31 else []

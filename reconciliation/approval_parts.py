"""A yes to a part: an approver leaves some cases of a frozen list out, and nothing is done with them.

The change itself is approved as it was shown or not at all; what can be left out are the cases it is done with. Each
approver's yes covers what they did not leave out, and what runs is what every one of them covered. What was left out
stays an open case, and can be asked for again.
"""

from collections.abc import Collection
from decimal import Decimal

from reconciliation.fixes.fix import NotPossible, Target
from reconciliation.models import ApprovalRequest, ApprovalYes, ExceptionCase
from sync.money_text import plain

#: numbers of cases named in one line of the journal
NAMED = 20


class ReasonMissing(ValueError):
    """Some are left out, and nobody said why."""


def left_out_with(request: ApprovalRequest, leave_out: Collection[int], because: str) -> frozenset[int]:
    """All that is left out once this yes is said, by the keys of the cases. Raises NotPossible; ReasonMissing."""
    if leave_out:
        if not request.has_parts:
            raise NotPossible(f"{request.number} is approved whole or not at all.")
        if foreign := sorted(set(leave_out) - set(request.members)):
            raise NotPossible(f"EXC-{foreign[0]} is not in {request.number}; leave out cases of its list.")
        if not because.strip():
            raise ReasonMissing("Say why you leave some out; the asker reads it.")
    left_out = request.left_out | frozenset(leave_out)
    if left_out and left_out >= set(request.members):
        raise NotPossible("Nothing would be left to do. Refuse the request instead, and say why.")
    return left_out


def target_of(request: ApprovalRequest, left_out: frozenset[int]) -> Target:
    """What is worked on after a yes: for money the cases that were shown and no other; a mapping holds for what came
    later too.
    """
    assert request.problem is not None
    frozen = request.kind == ApprovalRequest.Kind.MONEY and request.case is None
    only = frozenset(request.members) if frozen else None
    return Target(problem=request.problem, case=request.case, only=only, left_out=left_out)


def totals_without(request: ApprovalRequest, left_out: frozenset[int]) -> dict[str, str] | None:
    """Sum per currency of what was approved, as text; None where that is all that was asked for."""
    if not left_out:
        return None
    sums: dict[str, Decimal] = {}
    for pk, row in request.members.items():
        if pk not in left_out and row["amount"] and row["currency"]:
            sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + abs(Decimal(row["amount"]))
    return {currency: plain(total, currency) for currency, total in sorted(sums.items())}


def but_for(request: ApprovalRequest, left_out: frozenset[int]) -> str:
    """What the journal adds where some are left out; empty where none is."""
    if not left_out:
        return ""
    numbers = [f"EXC-{pk}" for pk in sorted(left_out)]
    more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
    count = len(request.members)
    return f" Left out: {len(numbers)} of {count} ({', '.join(numbers[:NAMED])}{more})."


def left_out_of(case: ExceptionCase) -> ApprovalYes | None:
    """The last yes that left this open case out of what was approved for others like it; None where there is none."""
    yeses = ApprovalYes.objects.filter(left_out__contains=[case.pk], request__status=ApprovalRequest.Status.APPROVED)
    return yeses.select_related("request", "user").order_by("-pk").first()

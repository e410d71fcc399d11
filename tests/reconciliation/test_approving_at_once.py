"""Two approvers at the same instant, round after round: one of them did it, the other is told by whom.

APPROVAL_ROUNDS=1000 for the whole proof.
"""

import os
from typing import Any

from reconciliation import approvals
from reconciliation.fixes.fix import Target
from reconciliation.models import ApprovalRequest, FixRun, Problem
from sync.models import ProductMapping
from tests.reconciliation.desk import MAPPING, ask, billing_ops
from tests.small_company import Company, customer, deal, person

ROUNDS = int(os.environ.get("APPROVAL_ROUNDS", "6"))


def request_for(company: Company, number: int) -> ApprovalRequest:
    """A mapping somebody asks for, which one deal waits for."""
    product = f"GTXPro {number:04d}"
    company.hears(deal(number, product=product))
    problem = Problem.objects.get(reason="PRODUCT_UNMAPPED", cases__value__contains=product)
    return ask("map_product", Target(problem=problem), MAPPING, user=billing_ops())


def test_of_two_approvers_at_the_same_instant_one_did_it_and_the_other_reads_who(
    committed_company: Company, in_threads: Any
) -> None:
    committed_company.hears(customer(1))
    people = [person("one", "Finance approver"), person("two", "Finance approver")]
    for number in range(1, ROUNDS + 1):
        request = request_for(committed_company, number)
        results = in_threads(lambda user, asked=request: approvals.approve(asked.pk, user=user), people)
        request.refresh_from_db()
        assert sorted(type(one).__name__ for one in results) == ["FixRun", "Refused"], (number, results)
        (refused,) = [str(one) for one in results if isinstance(one, Exception)]
        assert request.decided_by is not None
        assert refused == f"Already approved by {request.decided_by.username}."
        assert FixRun.objects.filter(request=request).count() == 1
    assert FixRun.objects.count() == ProductMapping.objects.filter(crm_product__startswith="GTXPro").count() == ROUNDS
    print(f"{ROUNDS} rounds, {ROUNDS} runs")

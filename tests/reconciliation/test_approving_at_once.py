"""Two at the same instant, round after round: one of them did it, and the other reads why they did not.

Two approvers; one who clicks twice; an approver while the asker takes it back; an approver while somebody else approves
another row of the same product. APPROVAL_ROUNDS=1000 for the whole proof.
"""

import os
from collections.abc import Callable
from typing import Any

from reconciliation import approvals
from reconciliation.approvals import Changed, Refused
from reconciliation.fixes.fix import NotPossible, Target
from reconciliation.governance import changes, files
from reconciliation.governance.tables import TABLES
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


def test_of_two_clicks_of_one_approver_one_did_it(committed_company: Company, in_threads: Any) -> None:
    committed_company.hears(customer(1))
    user = person("one", "Finance approver")
    for number in range(1, ROUNDS + 1):
        request = request_for(committed_company, number)
        results = in_threads(lambda _click, asked=request: approvals.approve(asked.pk, user=user), [1, 2])
        assert sorted(type(one).__name__ for one in results) == ["FixRun", "Refused"], (number, results)
        (refused,) = [str(one) for one in results if isinstance(one, Exception)]
        assert refused == "Already approved by one."
        assert FixRun.objects.filter(request=request).count() == 1
    print(f"{ROUNDS} rounds, {FixRun.objects.count()} runs")


def test_what_is_taken_back_while_it_is_approved_was_either_of_both(
    committed_company: Company, in_threads: Any
) -> None:
    committed_company.hears(customer(1))
    user, seen = person("one", "Finance approver"), {"approved": 0, "withdrawn": 0}
    for number in range(1, ROUNDS + 1):
        request = request_for(committed_company, number)
        acts: list[Callable[[], object]] = [
            lambda asked=request: approvals.approve(asked.pk, user=user),
            lambda asked=request: approvals.withdraw(asked.pk, user=asked.asked_by),
        ]
        results = in_threads(lambda act: act(), acts[:: 1 if number % 2 else -1])
        assert sum(isinstance(one, Refused) for one in results) == 1, (number, results)
        request.refresh_from_db()
        runs = FixRun.objects.filter(request=request).count()
        assert (request.status, runs) in (("approved", 1), ("withdrawn", 0)), (number, request.status, runs)
        seen[request.status] += 1
    print(f"{ROUNDS} rounds: {seen}")


def test_what_is_edited_while_it_is_approved_is_in_force_once(committed_company: Company, in_threads: Any) -> None:
    committed_company.hears(customer(1))
    user, other = person("one", "Finance approver"), person("two", "Finance approver")
    table, seen = TABLES["products"], {"request": 0, "file": 0}
    for number in range(1, ROUNDS + 1):
        request, product = request_for(committed_company, number), f"GTXPro {number:04d}"
        row = f"{product},Other,120.00,USD,other,other,ratable_over_term,zero,billing,2026-01-01,,"
        tried = files.try_out(table, f"{','.join(table.header)}\n{row}".encode())
        change = changes.draft(tried, user=billing_ops(), source="products.csv")
        acts: list[Callable[[], object]] = [
            lambda asked=request: approvals.approve(asked.pk, user=user),
            lambda drafted=change: changes.approve(drafted.pk, user=other, sha256=drafted.sha256),
        ]
        results = in_threads(lambda act: act(), acts[:: 1 if number % 2 else -1])
        (lost,) = [one for one in results if isinstance(one, Exception)]
        # the one who came second reads that something changed, and nothing of theirs is in force
        assert isinstance(lost, Changed | NotPossible), (number, results)
        (held,) = ProductMapping.objects.filter(crm_product=product, status="approved")
        assert FixRun.objects.filter(request=request).count() == (0 if held.batch else 1)
        seen["file" if held.batch else "request"] += 1
    print(f"{ROUNDS} rounds: {seen}")

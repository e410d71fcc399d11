"""What tests of cases, approvals, fixes and controls start from: people with roles, and short ways to press a fix."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from reconciliation import approvals
from reconciliation.fixes import runner
from reconciliation.fixes.fix import Target
from reconciliation.fixes.registry import FIXES
from reconciliation.models import ApprovalRequest, ExceptionCase, FixRun, Problem
from tests.small_company import Company, customer, deal, person


def preparer() -> User:
    return person("finance.preparer", "Finance preparer")


def approver() -> User:
    return person("finance.approver", "Finance approver")


def billing_ops() -> User:
    return person("billing.ops", "Billing operations")


def call(user: User, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Ask the API as this person, or give it something; the status and what it answered."""
    client = Client()
    client.force_login(user)
    path = f"/api/v1/{path}"
    answer = client.get(path) if body is None else client.post(path, body, content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


def case_of(reason: str) -> ExceptionCase:
    return ExceptionCase.objects.select_related("problem").get(reason=reason, status="open")


def at(case: ExceptionCase) -> Target:
    return Target(problem=case.problem, case=case)


def ask(name: str, target: Target, inputs: dict[str, str] | None = None, *, user: User) -> ApprovalRequest:
    """Preview as this person, then ask for exactly that."""
    fix = FIXES[name]
    preview = approvals.prepare(fix, target, inputs or {}, user=user)
    return approvals.ask(fix, target, inputs or {}, user=user, sha256=preview.sha256)


def ask_to_post(company: Company, amount: str) -> ApprovalRequest:
    """An invoice over this amount, held up by its closed period, and the wish to post it."""
    company.sells(1, amount=amount)
    company.period("closed")
    company.bills(1, amount=amount)
    company.carries("posting")
    return ask("try_again", at(case_of("PERIOD_CLOSED")), user=preparer())


def finish(run: FixRun, company: Company, *, steps: int = 60) -> FixRun:
    """Take a run to its end, with the engine working beside it."""
    for _ in range(steps):
        if runner.advance(run.pk):
            break
        company.settles()
    run.refresh_from_db()
    return run


def unmapped(company: Company, count: int, *, product: str = "GTXPro", amount: str = "100.00") -> Problem:
    """One customer with deals that wait for a product mapping."""
    company.hears(customer(1))
    company.hears(*(deal(number, product=product, amount=amount) for number in range(1, count + 1)))
    return Problem.objects.get(reason="PRODUCT_UNMAPPED")


MAPPING: dict[str, Any] = {"product": "Basic", "valid_from": "2026-05-01"}

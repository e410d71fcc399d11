"""Deals edited after they were carried: what was signed is kept by a decision, and nothing is written elsewhere."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from reconciliation import approvals
from reconciliation.fixes import runner
from reconciliation.fixes.registry import FIXES, for_case
from reconciliation.models import ExceptionCase
from sync.models import Delivery
from tests.reconciliation.desk import at, billing_ops, case_of
from tests.small_company import Company, account_id, customer, deal


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"amount": Decimal("90.00")}, "DEAL_CHANGED_AFTER_BILLING"),
        ({"commitment": (("is_won", "false"), ("stage", "Negotiation/Review"))}, "DEAL_REOPENED"),
        ({"customer_reference": f"customer:{account_id(2)}"}, "CUSTOMER_MERGED"),
    ],
)
def test_what_was_signed_is_kept(company: Company, edit: dict[str, Any], reason: str) -> None:
    # given a deal that was edited after billing took it
    company.sells(1)
    company.hears(customer(2))
    company.settles()
    company.hears(replace(deal(1), record_revision=2, **edit))
    case, fix = case_of(reason), FIXES["keep_signed"]
    before = Delivery.objects.count()
    assert for_case(case)[0] is fix
    # when somebody decides
    shown = approvals.prepare(fix, at(case), {}, user=billing_ops())
    run = approvals.start(fix, at(case), {}, user=billing_ops(), sha256=shown.sha256)
    while not runner.advance(run.pk):
        pass
    # then the case is closed and nothing was sent
    case.refresh_from_db()
    assert (case.status, Delivery.objects.count()) == (ExceptionCase.Status.CLOSED, before)
    # and the next edit opens one again
    company.hears(replace(deal(1), record_revision=3, amount=Decimal("80.00")))
    assert case_of("DEAL_CHANGED_AFTER_BILLING").value.startswith("amount 100.00 is now 80.00")


def test_a_deal_taken_back_before_it_was_carried_is_read_again_and_not_kept(company: Company) -> None:
    company.hears(customer(1))
    company.hears(deal(1, product="GTXPro"))
    company.hears(replace(deal(1), record_revision=2, commitment=(("is_won", "false"), ("stage", "Engaging"))))
    assert [fix.name for fix in for_case(case_of("DEAL_REOPENED"))] == ["read_again"]

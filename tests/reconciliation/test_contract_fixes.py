"""Deals edited after they were carried, kept as signed by a decision; changes dated back, decided by two people."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical import AS_BEFORE
from connectors.errors import Rejected
from reconciliation import approvals
from reconciliation.fixes import runner
from reconciliation.fixes.registry import FIXES, for_case
from reconciliation.models import ExceptionCase, FixRun
from sync.models import Delivery
from tests.paper_erp import books
from tests.reconciliation.desk import approver, ask, at, billing_ops, case_of, finish, preparer
from tests.small_company import DAY, Company, account_id, customer, deal


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


# -- changes dated back -----------------------------------------------------------------------------------
def dated_back(company: Company) -> ExceptionCase:
    """A change that billing refuses, because it holds from before the period it bills now."""
    company.sells(1)
    refused = Rejected("too far back", reason="BACKDATED_CHANGE", field="effective_on", value="2026-05-14")
    books(company.billing.code).next.append(refused)
    more = replace(deal(1).lines[0], amount=Decimal("200.00"))
    company.hears(
        deal(
            1, amount="200.00", version=2, modification_number=2, modification_kind="upsell", record_revision=2,
            lines=(more,), effective_on=DAY, term_months=AS_BEFORE, billing_frequency="",
            payment_terms_days=AS_BEFORE, free_months=AS_BEFORE,
        )
    )  # fmt: skip
    company.settles()
    return case_of("BACKDATED_CHANGE")


@pytest.mark.parametrize(
    ("name", "backdating"), [("credit_and_rebill", "credit_and_rebill"), ("bill_from_today", "from_today")]
)
def test_two_people_say_what_becomes_of_a_change_dated_back(company: Company, name: str, backdating: str) -> None:
    # given
    case = dated_back(company)
    assert [fix.name for fix in for_case(case)] == ["credit_and_rebill", "bill_from_today", "try_again"]
    assert case.team == "finance"
    # when one asks, nothing is sent; what is asked for is exactly what would be
    request = ask(name, at(case), user=preparer())
    company.settles()
    assert case_of("BACKDATED_CHANGE") == case
    with pytest.raises(approvals.Refused):
        approvals.approve(request.pk, user=preparer())
    # when another approves
    run = finish(approvals.approve(request.pk, user=approver()), company)
    # then billing is told what was decided, and the case is closed
    case.refresh_from_db()
    assert (run.status, case.status) == (FixRun.Status.DONE, ExceptionCase.Status.CLOSED)
    sent = books(company.billing.code).parcels[-1].subject
    assert (sent.version, sent.backdating) == (2, backdating)
    (move,) = request.change["moves"]
    assert move["subject_sha256"] == Delivery.objects.get(kind="contract", version=2).subject_sha256


def test_what_was_approved_for_one_way_is_never_sent_the_other(company: Company) -> None:
    case = dated_back(company)
    one, other = (
        approvals.prepare(FIXES[name], at(case), {}, user=preparer())
        for name in ("credit_and_rebill", "bill_from_today")
    )
    assert one.sha256 != other.sha256
    assert one.change["moves"][0]["subject_sha256"] != other.change["moves"][0]["subject_sha256"]

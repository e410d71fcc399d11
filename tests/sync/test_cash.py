"""Cash between records and ledger, on paper: refunds and their causes, what is left over, disputes, payouts."""

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from connectors.canonical import (
    Dispute,
    DisputeMovement,
    DisputeOutcome,
    Payout,
    PayoutFailure,
    PayoutLine,
)
from connectors.canonical.entries import entries
from reconciliation.models import ExceptionCase
from sync import rounds
from sync.models import Delivery, LatePosting, LegalEntity, PaymentRecord, RefundRecord, WorkItem
from sync.states import Condition
from tests.paper_erp import books
from tests.refunds import refund, refund_failure
from tests.small_company import DAY, Company, allocation, credit_memo, payment, void


@pytest.fixture
def company(company: Company) -> Company:
    """A deal over 100.00 that is billed and posted."""
    company.sells()
    company.bills()
    company.settles()
    return company


def open_cases() -> dict[str, tuple[Decimal | None, str]]:
    rows = ExceptionCase.objects.filter(status="open")
    return {row.reason: (row.amount, row.reference) for row in rows}


def paid_too_much(company: Company, by: str = "40.00") -> None:
    company.hears(
        payment(amount=str(Decimal("100.00") + Decimal(by))), allocation(amount="100.00"), source=company.billing
    )
    company.settles()


# -- what is left over ----------------------------------------------------------------------------------
def test_what_is_paid_exactly_is_no_case(company: Company) -> None:
    paid_too_much(company, by="0.00")
    assert not open_cases()


def test_what_is_paid_too_much_is_one_case_over_the_rest(company: Company) -> None:
    paid_too_much(company)
    assert open_cases() == {"OVERPAYMENT": (Decimal("40"), "payment:paper:pi_1")}


def test_money_nobody_said_what_for_is_a_case_until_it_is_applied(company: Company) -> None:
    # given money of a customer without a document
    own = f"customer:{'001'}{1:015d}"
    free = dataclasses.replace(payment(), pays_reference="", customer_reference=own)
    company.hears(free, source=company.billing)
    company.settles()
    # then it is cash on account in the ERP, and a case
    assert [entry.kind for entry in books("erp").entries if entry.kind == "payment"] == ["payment"]
    assert open_cases() == {"UNAPPLIED_CASH": (Decimal("100"), "payment:paper:pi_1")}
    # when a part of it is applied, then the case is over the rest, and the invoice is short of as much
    company.hears(allocation(1, amount="60.00"), source=company.billing)
    assert open_cases() == {
        "OVERPAYMENT": (Decimal("40"), "payment:paper:pi_1"),
        "UNDERPAYMENT": (Decimal("40"), "invoice:paper:in_1"),
    }
    # when all of it is, then both are over
    company.hears(
        dataclasses.replace(allocation(2, amount="40.00"), payment_reference="payment:paper:pi_1"),
        source=company.billing,
    )
    company.settles()
    assert not open_cases()


def test_the_same_paid_again_is_told_from_money_without_a_purpose(company: Company) -> None:
    paid_too_much(company, by="0.00")
    again = dataclasses.replace(payment(2), pays_reference="", customer_reference=f"customer:{'001'}{1:015d}")
    company.hears(again, source=company.billing)
    company.settles()
    assert open_cases() == {"DUPLICATE_PAYMENT": (Decimal("100"), "payment:paper:pi_2")}


def test_money_of_nobody_we_know_posts_nowhere(company: Company) -> None:
    company.hears(dataclasses.replace(payment(), pays_reference=""), source=company.billing)
    company.settles()
    assert set(open_cases()) == {"UNAPPLIED_CASH"}
    assert not [entry for entry in books("erp").entries if entry.kind == "payment"]


# -- paid too little ----------------------------------------------------------------------------------
def test_what_is_paid_in_part_is_one_case_until_the_rest_is_here(company: Company) -> None:
    company.hears(payment(1, amount="70.00"), allocation(1, amount="70.00"), source=company.billing)
    assert open_cases() == {"UNDERPAYMENT": (Decimal("30"), "invoice:paper:in_1")}
    company.hears(payment(2, amount="10.00"), allocation(2, amount="10.00"), source=company.billing)
    assert open_cases() == {"UNDERPAYMENT": (Decimal("20"), "invoice:paper:in_1")}
    company.hears(payment(3, amount="20.00"), allocation(3, amount="20.00"), source=company.billing)
    company.settles()
    assert not open_cases()


def test_short_by_the_tax_customers_there_withhold_is_told_apart(company: Company) -> None:
    company.entity.withholding_rates = {"US": ["0.15", "0.015"]}
    company.entity.save()
    company.hears(payment(1, amount="98.50"), allocation(1, amount="98.50"), source=company.billing)
    assert open_cases() == {"WHT_SHORT_PAY": (Decimal("1.5"), "invoice:paper:in_1")}


# -- refunds --------------------------------------------------------------------------------------------
def test_a_refund_of_what_was_paid_too_much_posts_and_settles_the_case(company: Company) -> None:
    paid_too_much(company)
    company.hears(refund(), source=company.billing)
    company.settles()
    assert RefundRecord.objects.get().causes == [["payment:paper:pi_1", "40.00"]]
    assert Delivery.objects.get(kind="refund").condition == Condition.SETTLED
    assert not open_cases()


def test_a_refund_of_more_than_was_paid_too_much_is_nobodys(company: Company) -> None:
    paid_too_much(company)
    company.hears(refund(amount="40.01"), source=company.billing)
    company.settles()
    assert "REFUND_WITHOUT_CAUSE" in open_cases() and not RefundRecord.objects.exists()


def test_two_refunds_cannot_give_the_same_money_back_twice(company: Company) -> None:
    paid_too_much(company)
    company.hears(refund(1), refund(2), source=company.billing)
    company.settles()
    assert RefundRecord.objects.count() == 1
    assert open_cases()["REFUND_WITHOUT_CAUSE"] == (Decimal("40"), "refund:paper:re_2")


def test_a_refund_waits_in_the_outbox_for_the_credit_memo_it_pays_back(company: Company) -> None:
    paid_too_much(company, by="0.00")
    company.hears(refund(causes=(("credit_memo:paper:cn_1", "40.00"),)), source=company.billing)
    company.settles()
    row = Delivery.objects.get(kind="refund")
    assert (row.condition, row.waits_for) == (Condition.WAITING, "credit_memo:paper:cn_1")
    assert row.serial_key == "open:credit_memo:paper:cn_1"


def test_a_refund_that_comes_home_is_reversed_and_a_case_until_it_is_paid_again(company: Company) -> None:
    # given a refund of an overpayment that the bank sends back
    paid_too_much(company)
    company.hears(refund(), refund_failure(), source=company.billing)
    company.settles()
    # then it is reversed, and somebody must pay the customer another way
    assert [entry.kind for entry in books("erp").entries][-2:] == ["refund", "refund_failure"]
    assert open_cases() == {"REFUND_FAILED": (Decimal("40"), "refund_failure:paper:re_1")}
    # when it is refunded again, then it pays back what came home, and the case is over
    company.hears(refund(2), source=company.billing)
    company.settles()
    assert RefundRecord.objects.get(gateway_id="re_2").causes == [["refund_failure:paper:re_1", "40.00"]]
    assert not open_cases()


def test_a_refund_heard_of_before_the_one_it_repeats_came_home_goes_on_by_itself(company: Company) -> None:
    # given what was paid too much, given back, and a second refund of it that nothing explains
    paid_too_much(company)
    company.hears(refund(1), source=company.billing)
    company.settles()
    company.hears(refund(2), source=company.billing)
    company.settles()
    assert set(open_cases()) == {"REFUND_WITHOUT_CAUSE"}
    # when the first is heard to have come home, late
    company.hears(refund_failure(1), source=company.billing)
    company.settles()
    # then the second pays it out again, and nobody has to do anything
    assert open_cases() == {}
    assert RefundRecord.objects.get(reference=refund(2).reference).causes == [[refund_failure(1).reference, "40.00"]]
    assert [entry.kind for entry in books("erp").entries][-3:] == ["refund", "refund_failure", "refund"]


def test_a_failure_waits_for_its_refund(company: Company) -> None:
    company.hears(refund_failure(), source=company.billing)
    assert WorkItem.objects.get(flow="refund_failure_to_erp").waits_for == "refund:paper:re_1"


# -- disputes -------------------------------------------------------------------------------------------
def dispute_parts(outcome: str = "") -> list[Dispute | DisputeMovement | DisputeOutcome]:
    shared = {
        "version": 1,
        "correlation_id": "",
        "currency": "USD",
        "gateway_id": "du_1",
        "payment_reference": "payment:paper:pi_1",
        "customer_reference": "",
        "source_system": "paper_billing",
    }
    parts: list[Dispute | DisputeMovement | DisputeOutcome] = [
        Dispute(
            reference="dispute:paper:du_1",
            opened_on=DAY,
            amount=Decimal("100.00"),
            dispute_reason="fraudulent",
            evidence_due_at="2026-06-01T23:59:59+00:00",
            **shared,
        ),
        DisputeMovement(
            reference="dispute_movement:paper:txn_1",
            dispute_reference="dispute:paper:du_1",
            moved_on=DAY,
            amount=Decimal("-100.00"),
            fee=Decimal("15.00"),
            **shared,
        ),
    ]
    if outcome:
        parts.append(
            DisputeOutcome(
                reference="dispute_outcome:paper:du_1",
                dispute_reference="dispute:paper:du_1",
                outcome=outcome,
                amount=Decimal("100.00"),
                **shared,
            )
        )
    return parts


def test_a_dispute_is_one_case_that_is_due_when_evidence_is(company: Company) -> None:
    paid_too_much(company, by="0.00")
    company.hears(*dispute_parts(), source=company.billing)
    company.settles()
    case = ExceptionCase.objects.get(status="open")
    assert (case.reason, case.amount, case.due_at.isoformat()) == (
        "DISPUTE_OPEN",
        Decimal("100"),
        "2026-06-01T23:59:59+00:00",
    )
    assert [entry.kind for entry in books("erp").entries][-1] == "dispute_movement"


@pytest.mark.parametrize(("outcome", "then"), [("won", set()), ("closed", set()), ("lost", {"DISPUTE_LOST"})])
def test_the_end_of_a_dispute_closes_its_case_and_a_loss_asks_finance(
    company: Company, outcome: str, then: set[str]
) -> None:
    paid_too_much(company, by="0.00")
    company.hears(*dispute_parts(), source=company.billing)
    company.hears(dispute_parts(outcome)[-1], source=company.billing)
    company.settles()
    assert set(open_cases()) == then


def test_a_dispute_we_hear_of_at_its_end_opens_no_case_for_evidence(company: Company) -> None:
    paid_too_much(company, by="0.00")
    company.hears(*dispute_parts("lost"), source=company.billing)
    company.settles()
    assert set(open_cases()) == {"DISPUTE_LOST"}


# -- payouts --------------------------------------------------------------------------------------------
def payout(*sources: str) -> Payout:
    lines = tuple(
        PayoutLine(
            line_id=f"txn_{number}",
            category="charge",
            source_reference=source,
            gross=Decimal("100.00"),
            fee=Decimal("3.00"),
            net=Decimal("97.00"),
            moved_on=DAY,
        )
        for number, source in enumerate(sources)
    )
    count = len(lines)
    return Payout(
        reference="payout:paper:po_1",
        version=1,
        correlation_id="payout:po_1",
        currency="USD",
        gateway_id="po_1",
        paid_on=DAY,
        amount=count * Decimal("97.00"),
        charges=count * Decimal("100.00"),
        refunds=Decimal(0),
        disputes=Decimal(0),
        dispute_fees=Decimal(0),
        fees=count * Decimal("3.00"),
        lines=lines,
        source_system="paper_billing",
    )


def test_a_payout_of_a_closed_period_is_posted_into_another_one(company: Company) -> None:
    # given a payout whose parts are movements and no service
    paid_too_much(company, by="0.00")
    company.hears(payout("payment:paper:pi_1"), source=company.billing)
    # when its posting is moved
    with transaction.atomic():
        rounds.move_posting(Delivery.objects.get(kind="payout"), posting_date=date(2026, 6, 1))
    # then it is listed as late, without a service period
    entry = LatePosting.objects.get(reference="payout:paper:po_1")
    assert (entry.posting_date, entry.service_starts_on, entry.service_ends_on) == (date(2026, 6, 1), None, None)
    # and the ledger counts it on that day, while the day it was paid out stays what it was
    company.settles()
    (sent,) = (one.subject for one in books("erp").entries if one.kind == "payout")
    assert isinstance(sent, Payout) and (sent.posts_on, sent.paid_on) == (date(2026, 6, 1), DAY)


def test_a_payout_waits_for_the_receipts_it_settles_and_posts_once(company: Company) -> None:
    company.hears(payout("payment:paper:pi_1"), source=company.billing)
    assert WorkItem.objects.get(flow="payout_to_erp").waits_for == "payment:paper:pi_1"
    paid_too_much(company, by="0.00")
    company.settles()
    company.hears(payout("payment:paper:pi_1"), source=company.billing)
    company.settles()
    assert [entry.kind for entry in books("erp").entries].count("payout") == 1
    assert Delivery.objects.get(kind="payout").entity == company.entity


def sent_back(amount: str = "97.00") -> PayoutFailure:
    return PayoutFailure(
        reference="payout_failure:paper:po_1", version=1, correlation_id="", currency="USD", gateway_id="po_1",
        payout_reference="payout:paper:po_1", failed_on=DAY, amount=Decimal(amount), failure_reason="account_closed",
        source_system="paper_billing",
    )  # fmt: skip


def test_a_payout_the_bank_sends_back_is_in_clearing_again_once_and_somebody_is_told(company: Company) -> None:
    # given a failure that is heard of before its payout
    company.hears(sent_back(), source=company.billing)
    assert WorkItem.objects.get(flow="payout_failure_to_erp").waits_for == "payout:paper:po_1"
    # when the payout comes, and the failure once more
    paid_too_much(company, by="0.00")
    company.hears(payout("payment:paper:pi_1"), source=company.billing)
    company.settles()
    company.hears(sent_back(), source=company.billing)
    company.settles()
    # then the ledger has both, once and in order
    kinds = [entry.kind for entry in books("erp").entries if entry.kind.startswith("payout")]
    assert kinds == ["payout", "payout_failure"]
    purposes = [(entry.purpose, entry.amount) for entry in entries(sent_back())]
    assert purposes == [("clearing", Decimal("97.00")), ("bank", Decimal("-97.00"))]
    # and the bank account at the gateway is somebody's to mend
    case = ExceptionCase.objects.get(reason="PAYOUT_FAILED")
    assert (case.value, case.evidence["failure reason"]) == ("po_1", "account_closed")


def test_a_payout_of_two_companies_receipts_is_in_no_ledger_and_a_case(company: Company) -> None:
    # given receipts of two companies of the group
    company.sells(2)
    company.bills(2, of_deal=2)
    company.settles()
    company.hears(payment(1), payment(2, of_invoice=2), source=company.billing)
    other = LegalEntity.objects.create(code="DE09", name="Other company", country="DE", functional_currency="EUR")
    PaymentRecord.objects.filter(reference="payment:paper:pi_2").update(legal_entity=other)
    # when one payout brings both
    company.hears(payout("payment:paper:pi_1", "payment:paper:pi_2"), source=company.billing)
    # then nothing is owed to the ERP, and the case names both companies
    assert not Delivery.objects.filter(kind="payout").exists()
    assert ExceptionCase.objects.get(reason="WRONG_ENTITY").value == f"DE09, {company.entity.code}"


# -- short of less --------------------------------------------------------------------------------------
@pytest.mark.parametrize("first", ["paid", "credited"])
def test_an_invoice_that_is_credited_for_the_rest_is_short_of_nothing(company: Company, first: str) -> None:
    # given an invoice of 100.00, of which 60.00 were paid and 40.00 credited, in either order
    said = {"paid": (payment(amount="60.00"), allocation(amount="60.00")), "credited": (credit_memo(amount="40.00"),)}
    for turn in sorted(said, key=lambda name: name != first):
        company.hears(*said[turn], source=company.billing)
        # then it is short while a part is paid and the rest is not credited, and never for the credit alone
        assert ("UNDERPAYMENT" in open_cases()) == (turn == "paid" and first == "paid")
    company.settles()
    assert not open_cases()


def test_an_invoice_whose_credit_is_taken_back_is_short_again(company: Company) -> None:
    # given an invoice that was paid and credited in full
    company.hears(payment(amount="60.00"), allocation(amount="60.00"), credit_memo(), source=company.billing)
    company.settles()
    assert not open_cases()
    # when billing voids its credit memo
    company.hears(void(of=credit_memo()), source=company.billing)
    # then the rest is open again
    assert open_cases() == {"UNDERPAYMENT": (Decimal("40"), "invoice:paper:in_1")}

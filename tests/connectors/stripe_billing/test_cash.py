"""Stripe's refunds, disputes and payouts as our shapes: what moved money is carried, what does not fit is refused."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical import Dispute, DisputeMovement, DisputeOutcome, Payment, Refund, RefundFailure
from connectors.errors import Rejected
from connectors.stripe_billing.mapping import to_shapes

ZONE = ZoneInfo("America/New_York")
#: an afternoon, and the small hours of the next day in UTC, which are still that evening in New York
NOON, EVENING = 1_772_640_000, 1_772_676_000


def shapes(kind: str, record: dict[str, Any]) -> list[Any]:
    return to_shapes(kind, record, version=1, zone=ZONE)


def refund(**values: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 4000,
        "currency": "usd",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "balance_transaction": {"id": "txn_1", "created": EVENING},
        "failure_balance_transaction": None,
        "credit_notes": [],
        **values,
    }


def test_a_refund_is_dated_by_what_moved_the_money_in_the_entitys_zone() -> None:
    (found,) = shapes("refund.created", refund())
    assert isinstance(found, Refund)
    assert (found.reference, found.payment_reference, found.amount) == (
        "refund:stripe:re_1",
        "payment:stripe:pi_1",
        Decimal("40.00"),
    )
    assert found.refunded_on.isoformat() == "2026-03-04" and found.causes == ()


def test_a_refund_that_moved_nothing_is_nothing_yet() -> None:
    assert shapes("refund.created", refund(status="requires_action", balance_transaction=None)) == []


def test_credit_notes_that_name_the_refund_are_its_cause() -> None:
    notes = [
        {"id": "cn_1", "status": "issued", "refunds": [{"refund": "re_1", "amount_refunded": 2500}]},
        {"id": "cn_2", "status": "issued", "refunds": [{"refund": "re_2", "amount_refunded": 9900}]},
        {"id": "cn_3", "status": "void", "refunds": [{"refund": "re_1", "amount_refunded": 1500}]},
    ]
    (found,) = shapes("refund.updated", refund(credit_notes=notes))
    assert found.causes == (("credit_memo:stripe:cn_1", "25.00"),)


def test_a_refund_that_came_home_is_told_with_its_refund() -> None:
    failed = {"id": "txn_2", "created": EVENING + 86_400, "amount": 4000}
    made, failure = shapes(
        "refund.failed", refund(failure_balance_transaction=failed, failure_reason="lost_or_stolen_card")
    )
    assert isinstance(made, Refund) and isinstance(failure, RefundFailure)
    assert (failure.refund_reference, failure.failed_on.isoformat(), failure.failure_reason) == (
        made.reference,
        "2026-03-05",
        "lost_or_stolen_card",
    )


def dispute(status: str, *moved: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": "du_1",
        "object": "dispute",
        "amount": 60500,
        "currency": "usd",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": status,
        "created": NOON,
        "evidence_details": {"due_by": 1_773_900_799},
        "balance_transactions": [
            {"id": f"txn_{n}", "created": NOON, "amount": amount, "fee": fee, "currency": "usd"}
            for n, (amount, fee) in enumerate(moved)
        ],
    }


def test_a_dispute_is_told_whole_at_each_of_its_events() -> None:
    opened, taken = shapes("charge.dispute.funds_withdrawn", dispute("needs_response", (-60500, 1500)))
    assert isinstance(opened, Dispute) and isinstance(taken, DisputeMovement)
    assert opened.evidence_due_at == "2026-03-19T06:13:19+00:00"
    assert (taken.amount, taken.fee) == (Decimal("-605.00"), Decimal("15.00"))
    *_, back, outcome = shapes("charge.dispute.closed", dispute("won", (-60500, 1500), (60500, 0)))
    assert isinstance(outcome, DisputeOutcome) and (back.amount, outcome.outcome) == (Decimal("605.00"), "won")


@pytest.mark.parametrize(("status", "outcome"), [("lost", "lost"), ("warning_closed", "closed"), ("under_review", "")])
def test_only_the_end_of_a_dispute_is_an_outcome(status: str, outcome: str) -> None:
    found = [
        one.outcome for one in shapes("charge.dispute.updated", dispute(status)) if isinstance(one, DisputeOutcome)
    ]
    assert found == ([outcome] if outcome else [])


def payout(**values: Any) -> dict[str, Any]:
    charge = {
        "id": "txn_1",
        "type": "charge",
        "reporting_category": "charge",
        "amount": 60500,
        "fee": 1785,
        "net": 58715,
        "created": NOON,
        "source": {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "currency": "usd"},
    }
    return {
        "id": "po_1",
        "object": "payout",
        "amount": 58715,
        "currency": "usd",
        "arrival_date": 1_772_668_800,  # midnight of 5 March in UTC
        "reconciliation_status": "completed",
        "trace_id": {"status": "supported", "value": "T-9"},
        "balance_transactions": [charge],
        **values,
    }


def test_a_payout_is_the_sum_of_its_parts_on_the_day_it_arrives() -> None:
    (found,) = shapes("payout.reconciliation_completed", payout())
    assert (found.amount, found.charges, found.fees) == (Decimal("587.15"), Decimal("605.00"), Decimal("17.85"))
    assert (found.paid_on.isoformat(), found.bank_trace) == ("2026-03-05", "T-9")
    assert [line.source_reference for line in found.lines] == ["payment:stripe:pi_1"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"amount": 58714}, "PAYOUT_MISMATCH"),
        ({"reconciliation_status": "not_applicable"}, "PAYOUT_MISMATCH"),
        ({"balance_transactions": [{**payout()["balance_transactions"][0], "type": "advance"}]}, "PAYOUT_MISMATCH"),
        (
            {
                "balance_transactions": [
                    {
                        **payout()["balance_transactions"][0],
                        "currency": "usd",
                        "source": {"id": "ch_1", "payment_intent": "pi_1", "currency": "eur", "amount": 55000},
                    }
                ]
            },
            # a conversion without a rate
            "SCHEMA_CHANGE",
        ),
    ],
)
def test_what_does_not_add_up_is_refused_with_its_reason(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        shapes("payout.paid", payout(**values))
    assert refused.value.reason == reason


def test_a_payout_still_being_itemised_is_nothing_yet() -> None:
    assert shapes("payout.paid", payout(reconciliation_status="in_progress")) == []


def charge(**values: Any) -> dict[str, Any]:
    return {
        "id": "ch_1",
        "object": "charge",
        "status": "succeeded",
        "captured": True,
        "amount_captured": 10000,
        "currency": "usd",
        "created": NOON,
        "payment_intent": "pi_1",
        "customer": {"id": "cus_1", "metadata": {"q2c_reference": "customer:001"}},
        "invoice_payments": [],
        **values,
    }


def test_money_no_invoice_asked_for_is_the_payers(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = shapes("charge.succeeded", charge())
    assert isinstance(found, Payment)
    assert (found.reference, found.customer_reference, found.pays_reference) == (
        "payment:stripe:pi_1",
        "customer:001",
        "",
    )


@pytest.mark.parametrize(
    "values", [{"invoice_payments": [{"id": "inpay_1"}]}, {"status": "failed"}, {"captured": False}]
)
def test_a_charge_that_an_invoice_tells_of_or_that_brought_nothing_is_nothing(values: dict[str, Any]) -> None:
    assert shapes("charge.succeeded", charge(**values)) == []

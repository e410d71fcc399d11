"""Double entry of cash: every journal balances, and the clearing account empties as the gateway pays out."""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import (
    Dispute,
    DisputeLoss,
    DisputeMovement,
    Payout,
    PayoutFailure,
    Refund,
    RefundFailure,
    Withholding,
    entries,
)
from connectors.money import minor_units
from connectors.netsuite import cash as netsuite_cash
from connectors.stripe_billing.amounts import LAST_DIGIT_ZERO, to_sent
from connectors.stripe_billing.cash import payout as read_payout

CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")
DAY = date(2026, 3, 4)
SHARED: dict[str, Any] = {"version": 1, "correlation_id": "", "gateway_id": "x"}
SETTINGS = {
    "currencies": {code: str(place) for place, code in enumerate(CURRENCIES, 1)},
    "accounts": {
        name: {code: f"{place}{index}" for index, code in enumerate(CURRENCIES)}
        for place, name in enumerate(
            (
                *("bank", "clearing", "fees", "reserve", "receivable", "disputed", "dispute_fees", "bad_debt"),
                *("withholding", "conversion"),
            ),
            1,
        )
    },
}


def amounts(currency: str, *, least: int = 1) -> st.SearchStrategy[Decimal]:
    """Amounts with the currency's own digits; those Stripe sends in tens end in 0."""
    step = 10 if currency in LAST_DIGIT_ZERO else 1
    return st.integers(least, 10**9).map(lambda n: Decimal(n * step).scaleb(-minor_units(currency)))


@st.composite
def months(draw: st.DrawFn) -> tuple[str, list[tuple[str, Decimal, Decimal]]]:
    """A currency and what moved a gateway's balance: (what, gross, fee)."""
    currency = draw(st.sampled_from(CURRENCIES))
    nothing = amounts(currency, least=0)
    moved = [("charge", draw(amounts(currency)), draw(nothing)) for _ in range(draw(st.integers(1, 6)))]
    for what, gross, _ in list(moved):
        fate = draw(st.sampled_from(["kept", "refunded", "came back", "disputed", "won", "reserved"]))
        if fate in ("refunded", "came back"):
            moved.append(("refund", -gross, Decimal(0)))
        if fate == "came back":
            moved.append(("refund_failure", gross, Decimal(0)))
        if fate in ("disputed", "won"):
            moved.append(("dispute", -gross, draw(nothing)))
        if fate == "won":
            moved.append(("dispute_reversal", gross, Decimal(0)))
        if fate == "reserved":
            moved.append(("reserve_transaction", -gross, Decimal(0)))
        assert what == "charge"
    if draw(st.booleans()):
        moved.append(("stripe_fee", -draw(amounts(currency)), Decimal(0)))
    return currency, moved


def as_stripe(currency: str, moved: list[tuple[str, Decimal, Decimal]]) -> dict[str, Any]:
    """The payout Stripe would make of these movements."""
    rows = []
    for number, (what, gross, fee) in enumerate(moved):
        dispute = what.startswith("dispute")
        source = {"charge": {"id": f"ch_{number}"}, "refund": {"id": f"re_{number}"}}.get(what, {"id": f"x_{number}"})
        rows.append(
            {
                "id": f"txn_{number}",
                "type": "adjustment" if dispute else what,
                "reporting_category": what,
                "amount": to_sent(gross, currency),
                "fee": to_sent(fee, currency),
                "net": to_sent(gross - fee, currency),
                "created": 1_772_600_000,
                "source": None if what in ("stripe_fee", "reserve_transaction") else source,
            }
        )
    return {
        "id": "po_1",
        "object": "payout",
        "currency": currency.lower(),
        "amount": sum(row["net"] for row in rows),
        "arrival_date": 1_772_686_400,
        "reconciliation_status": "completed",
        "balance_transactions": rows,
    }


def clearing(journals: list[Any]) -> Decimal:
    lines = [entry for journal in journals for entry in entries(journal)]
    return sum((entry.amount for entry in lines if entry.purpose == "clearing"), Decimal(0))


@given(month=months())
def test_clearing_is_zero_once_everything_is_paid_out(month: tuple[str, list[tuple[str, Decimal, Decimal]]]) -> None:
    # given a month of charges, refunds, disputes, fees and reserves, each booked by its own document
    from zoneinfo import ZoneInfo

    currency, moved = month
    journals: list[Any] = []
    received = paid_back = Decimal(0)
    for what, gross, fee in moved:
        if what == "charge":
            received += gross
        elif what == "refund":
            paid_back -= gross
        elif what == "refund_failure":
            journals.append(
                RefundFailure(
                    **SHARED, reference="f", refund_reference="r", customer_reference="c", failed_on=DAY, amount=gross
                )
            )
        elif what.startswith("dispute"):
            journals.append(
                DisputeMovement(
                    **SHARED,
                    reference="m",
                    dispute_reference="d",
                    payment_reference="p",
                    customer_reference="c",
                    moved_on=DAY,
                    amount=gross,
                    fee=fee,
                )
            )
    # when the gateway pays all of it out
    (payout,) = read_payout(as_stripe(currency, moved), version=1, zone=ZoneInfo("America/New_York"))
    assert isinstance(payout, Payout)
    # then the payout is the sum of its parts, and nothing stays in the clearing account
    assert payout.amount == (
        payout.charges + payout.refunds + payout.disputes + payout.reserves - payout.dispute_fees - payout.fees
    )
    assert received - paid_back + clearing([*journals, payout]) == 0
    # and every journal balances, also as NetSuite is sent it
    for journal in [*journals, payout]:
        assert sum((entry.amount for entry in entries(journal)), Decimal(0)) == 0
        booked = netsuite_cash.journal_record(_in(journal, currency), known={"c": "7"}, settings=SETTINGS)["line"][
            "items"
        ]
        assert sum((line.get("debit", 0) - line.get("credit", 0) for line in booked), Decimal(0)) == 0
        assert all(("debit" in line) != ("credit" in line) for line in booked)


def _in(journal: Any, currency: str) -> Any:
    return dataclasses.replace(journal, currency=currency)


@given(currency=st.sampled_from(CURRENCIES), data=st.data())
def test_what_comes_back_undoes_what_went_out(currency: str, data: st.DataObject) -> None:
    amount, fee = data.draw(amounts(currency)), data.draw(amounts(currency, least=0))
    dispute = {**SHARED, "dispute_reference": "d", "customer_reference": "c"}
    taken = DisputeMovement(**dispute, reference="1", payment_reference="p", moved_on=DAY, amount=-amount, fee=fee)
    given_back = DisputeMovement(**dispute, reference="2", payment_reference="p", moved_on=DAY, amount=amount, fee=-fee)
    lost = DisputeLoss(**dispute, reference="3", decided_on=DAY, amount=amount)
    sums: dict[str, Decimal] = {}
    for entry in (*entries(taken), *entries(given_back)):
        sums[entry.purpose] = sums.get(entry.purpose, Decimal(0)) + entry.amount
    assert set(sums.values()) <= {Decimal(0)}
    # a lost one leaves no disputed receivable, and costs the amount and the fee
    kept = {entry.purpose: entry.amount for entry in entries(lost)}
    assert kept["disputed"] + next(entry.amount for entry in entries(taken) if entry.purpose == "disputed") == 0
    assert kept["bad_debt"] == amount
    # one that is given back by credit memo is owed by its customer again, who the memo then clears
    credited = entries(dataclasses.replace(lost, treatment="credit_memo"))
    assert [(entry.purpose, entry.amount, entry.customer_reference) for entry in credited] == [
        ("receivable", amount, "c"),
        ("disputed", -amount, "c"),
    ]


@given(currency=st.sampled_from(CURRENCIES), data=st.data())
def test_withheld_tax_moves_the_claim_from_the_customer_to_the_tax_office(currency: str, data: st.DataObject) -> None:
    amount = data.draw(amounts(currency))
    withheld = Withholding(
        reference="withholding:stripe:in_1",
        version=1,
        correlation_id="",
        currency=currency,
        invoice_reference="invoice:stripe:in_1",
        number="INV-1",
        customer_reference="c",
        booked_on=DAY,
        amount=amount,
    )
    assert [(entry.purpose, entry.amount, entry.customer_reference) for entry in entries(withheld)] == [
        ("withholding", amount, ""),
        ("receivable", -amount, "c"),
    ]
    booked = netsuite_cash.journal_record(withheld, known={"c": "7"}, settings=SETTINGS)
    assert [line.get("debit", -line.get("credit", 0)) for line in booked["line"]["items"]] == [amount, -amount]
    assert booked["memo"] == "INV-1, certificate outstanding"


def test_a_failed_payout_puts_the_money_back() -> None:
    failed = PayoutFailure(**SHARED, reference="1", payout_reference="p", failed_on=DAY, amount=Decimal("9.00"))
    assert [(entry.purpose, entry.debit, entry.credit) for entry in entries(failed)] == [
        ("clearing", Decimal("9.00"), Decimal(0)),
        ("bank", Decimal(0), Decimal("9.00")),
    ]


def test_what_is_no_journal_is_refused() -> None:
    with pytest.raises(LookupError):
        entries(
            Dispute(
                **SHARED,
                reference="d",
                payment_reference="p",
                customer_reference="c",
                opened_on=DAY,
                amount=Decimal(1),
            )
        )
    with pytest.raises(LookupError):
        entries(
            Refund(
                **SHARED,
                reference="r",
                payment_reference="p",
                customer_reference="c",
                refunded_on=DAY,
                amount=Decimal(1),
            )
        )

"""Money Stripe converts: two sides, each exact in its own currency, and both clearing accounts empty in the end."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.canonical import Canonical, Conversion, DisputeMovement, Payment, Payout, Refund, entries
from connectors.errors import Rejected
from connectors.money import minor_units
from connectors.stripe_billing import cash_listing
from connectors.stripe_billing.amounts import LAST_DIGIT_ZERO, from_sent, to_sent
from connectors.stripe_billing.mapping import to_shapes

ZONE = ZoneInfo("Europe/Berlin")
MOMENT = 1_772_640_000
DAY = date(2026, 3, 4)
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")


def steps(currency: str) -> int:
    return 10 if currency in LAST_DIGIT_ZERO else 1


def settled(sent: int, charged: str, into: str, rate: Decimal) -> int:
    """What Stripe would make of it, in the steps it takes."""
    exact = from_sent(sent, charged) * rate
    unit = Decimal(steps(into)).scaleb(-minor_units(into))
    return to_sent((exact / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP) * unit, into)


def transaction(
    number: str, type_: str, amount: int, currency: str, *, rate: Decimal | None, fee: int = 0, category: str = ""
) -> dict[str, Any]:
    return {
        "id": f"txn_{number}", "type": type_, "reporting_category": category or type_, "amount": amount, "fee": fee,
        "net": amount - fee, "currency": currency.lower(), "exchange_rate": rate, "created": MOMENT,
        "description": None, "status": "available",
    }  # fmt: skip


def charge(amount: int, currency: str, moved: dict[str, Any] | None, **values: Any) -> dict[str, Any]:
    return {
        "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "status": "succeeded", "captured": True,
        "amount_captured": amount, "amount": amount, "currency": currency.lower(), "created": MOMENT,
        "customer": {"id": "cus_1", "metadata": {}}, "invoice_payments": [], "balance_transaction": moved, **values,
    }  # fmt: skip


@st.composite
def stories(draw: st.DrawFn) -> tuple[str, str, list[dict[str, Any]], list[dict[str, Any]]]:
    """A charge in one currency settled in another, what became of it, and its balance transactions with sources."""
    charged, into = draw(st.permutations(CURRENCIES))[:2]
    fee = draw(st.integers(0, 500)) * steps(into)
    rates = st.decimals(Decimal("0.01"), Decimal("150"), places=6)
    paid = draw(st.integers(1000, 10**7)) * steps(charged)
    rate = draw(rates)
    assume(settled(paid, charged, into, rate))
    first = transaction("1", "charge", settled(paid, charged, into, rate), into, rate=rate, fee=fee)
    bought = charge(paid, charged, first)
    records, moved = [("charge.succeeded", bought)], [{**first, "source": bought}]
    fate = draw(st.sampled_from(["kept", "refunded", "came back", "disputed", "won"]))
    later = draw(rates)
    if fate in ("refunded", "came back"):
        part = draw(st.integers(100, paid // steps(charged))) * steps(charged)
        back = -settled(part, charged, into, later)
        assume(back)
        refund: dict[str, Any] = {
            "id": "re_1", "object": "refund", "amount": part, "currency": charged.lower(), "charge": "ch_1",
            "payment_intent": "pi_1", "status": "succeeded", "credit_notes": [], "failure_balance_transaction": None,
            "balance_transaction": transaction("2", "refund", back, into, rate=later),
        }  # fmt: skip
        moved.append({**refund["balance_transaction"], "source": refund})
        if fate == "came back":
            refund["failure_balance_transaction"] = transaction("3", "refund_failure", -back, into, rate=later)
            moved.append({**refund["failure_balance_transaction"], "source": refund})
        records.append(("refund.updated", refund))
    if fate in ("disputed", "won"):
        taken = -settled(paid, charged, into, later)
        assume(taken)
        costs = draw(st.integers(0, 1500)) * steps(into)
        parts = [transaction("4", "adjustment", taken, into, rate=later, fee=costs, category="dispute")]
        if fate == "won":
            parts.append(transaction("5", "adjustment", -taken, into, rate=later, category="dispute_reversal"))
        dispute = {
            "id": "du_1", "object": "dispute", "amount": paid, "currency": charged.lower(), "charge": "ch_1",
            "payment_intent": "pi_1", "reason": "fraudulent", "status": "needs_response", "created": MOMENT,
            "evidence_details": {"due_by": MOMENT}, "balance_transactions": parts,
        }  # fmt: skip
        records.append(("charge.dispute.updated", dispute))
        moved += [{**part, "source": dispute} for part in parts]
    return charged, into, records, moved


def told(records: list[tuple[str, dict[str, Any]]]) -> list[Canonical]:
    return [one for kind, record in records for one in to_shapes(kind, record, version=1, zone=ZONE)]


def in_clearing(shapes: list[Canonical]) -> dict[str, Decimal]:
    """What stands on the clearing accounts, by currency: never one sum."""
    sums: dict[str, Decimal] = {}
    for one in shapes:
        if isinstance(one, Payment | Refund):
            value = one.amount if isinstance(one, Payment) else -one.amount
        else:
            try:
                lines = entries(one)
            except LookupError:
                continue
            assert sum((line.amount for line in lines), Decimal(0)) == 0
            value = sum((line.amount for line in lines if line.purpose == "clearing"), Decimal(0))
        sums[one.currency] = sums.get(one.currency, Decimal(0)) + value
    return sums


@given(story=stories())
def test_both_clearing_accounts_are_empty_once_all_is_paid_out(story: Any) -> None:
    charged, into, records, moved = story
    shapes = told(records)
    payout = {
        "id": "po_1", "object": "payout", "currency": into.lower(), "amount": sum(one["net"] for one in moved),
        "arrival_date": MOMENT - MOMENT % 86_400, "reconciliation_status": "completed", "balance_transactions": moved,
        "failure_balance_transaction": None,
    }  # fmt: skip
    paid_out, *again = to_shapes("payout.paid", payout, version=1, zone=ZONE)
    assert isinstance(paid_out, Payout) and paid_out.currency == into
    # what the payout tells of conversions is what was told before, so that nothing is booked twice
    converted = [one for one in shapes if isinstance(one, Conversion)]
    assert sorted(again, key=lambda one: one.reference) == sorted(converted, key=lambda one: one.reference)
    assert len(converted) == 2 * len(moved)
    # each side is exact in its own currency's digits, and names the other
    by_transaction: dict[str, list[Conversion]] = {}
    for one in converted:
        assert one.amount == one.amount.quantize(Decimal(1).scaleb(-minor_units(one.currency)))
        by_transaction.setdefault(one.gateway_id, []).append(one)
    for first, second in by_transaction.values():
        assert {first.currency, second.currency} == {charged, into}
        assert (first.amount, first.other_amount) == (second.other_amount, second.amount)
        assert (first.amount > 0) != (second.amount > 0)
    assert in_clearing([*shapes, paid_out]) == {charged: Decimal(0), into: Decimal(0)}


@given(story=stories())
def test_the_days_list_shows_exactly_what_is_booked_on_each_side(story: Any) -> None:
    _, _, records, moved = story
    booked = {}
    for one in told(records):
        if isinstance(one, Conversion):
            lines = [line for line in entries(one) if line.purpose == "clearing"]
            booked[one.reference] = (one.currency, sum((line.amount for line in lines), Decimal(0)))
    day = DAY
    listed = {}
    for row in moved:
        for read in (cash_listing.charged_side, cash_listing.settled_side):
            found = read(row, day=day, zone=ZONE)
            assert found is not None
            listed[found.reference] = (found.currency, found.gross)
    assert listed == booked
    # and refunds and disputes are listed in the currency they were made in, as they are booked
    own = {
        line.reference: (line.currency, line.gross)
        for row in moved
        for line in (
            cash_listing.refund_line(row, day=day, zone=ZONE),
            cash_listing.dispute_line(row, day=day, zone=ZONE),
        )
        if line
    }
    for one in told(records):
        if isinstance(one, Refund):
            assert own[one.reference] == (one.currency, -one.amount)
        if isinstance(one, DisputeMovement):
            assert own[one.reference] == (one.currency, one.amount) and one.fee == 0


def test_a_charge_that_pays_an_invoice_tells_of_its_conversion_and_nothing_else() -> None:
    moved = transaction("1", "charge", 9300, "EUR", rate=Decimal("0.93"), fee=270)
    found = told([("charge.succeeded", charge(10_000, "USD", moved, invoice_payments=[{"id": "inpay_1"}]))])
    assert [(one.reference, one.amount) for one in found if isinstance(one, Conversion)] == [
        ("conversion:stripe:txn_1:USD", Decimal("-100.00")),
        ("conversion:stripe:txn_1:EUR", Decimal("93.00")),
    ]
    assert len(found) == 2 and {one.gateway_rate for one in found} == {Decimal("0.93")}  # type: ignore[attr-defined]


@pytest.mark.parametrize("moved", [None, transaction("1", "charge", 10_000, "USD", rate=None)])
def test_what_is_not_settled_yet_or_not_converted_tells_of_none(moved: dict[str, Any] | None) -> None:
    assert told([("charge.succeeded", charge(10_000, "USD", moved, invoice_payments=[{"id": "inpay_1"}]))]) == []


@pytest.mark.parametrize("rate", [None, Decimal(0), Decimal(-1), True, "0.93"])
def test_a_conversion_without_a_rate_is_refused(rate: Any) -> None:
    with pytest.raises(Rejected) as refused:
        told([("charge.succeeded", charge(10_000, "USD", transaction("1", "charge", 9300, "EUR", rate=rate)))])
    assert refused.value.field == "exchange_rate"


def test_a_conversion_that_comes_to_nothing_is_refused_and_never_left_out() -> None:
    moved = transaction("1", "charge", 0, "JPY", rate=Decimal("0.01"))
    with pytest.raises(Rejected) as refused:
        told([("charge.succeeded", charge(1_000, "USD", moved))])
    assert refused.value.field == "amount"

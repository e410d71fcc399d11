"""Amounts: no price and no day on which a cent is lost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sandbox.stripe_billing import StripeSandbox, catalogue, clock, credit_notes, customers, invoice_calls
from connectors.sandbox.stripe_billing.periods import add_intervals, boundary, charge_for, share
from connectors.sandbox.stripe_billing.subscriptions import create_subscription
from tests.connectors.sandbox.stripe_billing.running import at

SANDBOX = StripeSandbox()
SANDBOX.change_settings(customers_per_clock=10**9)
SANDBOX.call(catalogue.create_product, {"id": "GTX", "name": "GTX"})

DAYS = st.integers(0, 3 * 366).map(
    lambda day: int((datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)).timestamp())
)
#: how long after its start a deal is released, in seconds
DELAYS = st.integers(0, 364 * 86_400)
AMOUNTS = st.integers(0, 99_999_999)


def _deal(start: int, amount: int, delay: int) -> dict[str, str]:
    """Create a deal of one year and return the path of its invoice."""
    time = SANDBOX.call(clock.create_clock, {"frozen_time": str(start + delay)})
    customer = SANDBOX.call(customers.create_customer, {"name": "Konex", "test_clock": time["id"]})
    end = str(add_intervals(start, "year", 1))
    made = SANDBOX.call(create_subscription, {
        "customer": customer["id"], "collection_method": "send_invoice", "days_until_due": "30",
        "items": [{"price_data": {"currency": "usd", "product": "GTX", "recurring": {"interval": "year"},
                                  "unit_amount": str(amount)}}],
        "backdate_start_date": str(start), "billing_cycle_anchor": end, "cancel_at": end,
        "proration_behavior": "create_prorations",
    })  # fmt: skip
    return {"id": made["latest_invoice"]}


@settings(max_examples=150, deadline=None)
@given(start=DAYS, amount=AMOUNTS, delay=DELAYS)
def test_the_first_invoice_of_a_year_is_the_price_to_the_cent(start: int, amount: int, delay: int) -> None:
    # given / when a deal of any price from any day (29 February too), released any time within its year
    path = _deal(start, amount, delay)
    # then it has one line, from the start to the anniversary, over the price
    invoice = SANDBOX.call(invoice_calls.finalize_invoice, {}, path=path)
    (line,) = invoice["lines"]["data"]
    assert (line["period"]["start"], line["period"]["end"]) == (start, add_intervals(start, "year", 1))
    assert line["amount"] == invoice["total"] == invoice["amount_due"] == amount
    assert invoice["status"] == ("open" if amount else "paid")


@settings(max_examples=150, deadline=None)
@given(amount=st.integers(2, 10**8), paid=st.booleans(), data=st.data())
def test_credit_notes_add_up(amount: int, paid: bool, data: st.DataObject) -> None:
    # given an invoice, open or paid
    path = _deal(at(2026, 3, 1), amount, 0)
    SANDBOX.call(invoice_calls.finalize_invoice, {}, path=path)
    if paid:
        SANDBOX.call(invoice_calls.pay_invoice, {}, path=path)
    remaining = 0 if paid else amount
    credited = 0
    for _ in range(data.draw(st.integers(1, 3))):
        if credited == amount:
            break
        # when a part of what was not credited yet is credited
        part = data.draw(st.integers(1, amount - credited))
        values = {"invoice": path["id"], "amount": str(part)}
        over = part - min(part, remaining)
        if over:
            refunded = data.draw(st.integers(0, over))
            values |= {"refund_amount": str(refunded), "credit_amount": str(over - refunded)}
        note = SANDBOX.call(credit_notes.create_credit_note, values)
        # then what remains goes first, the excess goes back
        assert note["pre_payment_amount"] == min(part, remaining)
        assert note["pre_payment_amount"] + note["post_payment_amount"] == note["total"] == part
        credited += part
        remaining -= note["pre_payment_amount"]
    invoice = SANDBOX.account.need("invoice", path["id"])
    assert invoice["amount_remaining"] == invoice["amount_due"] - invoice["amount_paid"] == remaining
    notes = invoice.get("pre_payment_credit_notes_amount", 0) + invoice.get("post_payment_credit_notes_amount", 0)
    assert notes == credited
    assert invoice["status"] == ("open" if remaining else "paid")
    # and more than the total is refused
    with pytest.raises(Exception, match="creditable amount"):
        too_much = {"invoice": path["id"], "amount": str(amount - credited + 1)}
        SANDBOX.call(credit_notes.create_credit_note, too_much)


@given(start=DAYS, count=st.integers(1, 30), interval=st.sampled_from(["day", "week", "month", "year"]))
def test_whole_intervals_count_whole(start: int, count: int, interval: str) -> None:
    # given / when / then
    assert share(start, add_intervals(start, interval, count), interval) == count


@given(anchor=DAYS, after=DAYS, interval=st.sampled_from(["day", "week", "month", "year"]), size=st.integers(1, 3))
def test_a_boundary_is_the_first_one_later(anchor: int, after: int, interval: str, size: int) -> None:
    # given / when
    found = boundary(anchor, interval, size, after=after)
    # then the next earlier boundary is not later
    assert found > after
    nearest_first = sorted(range(-1200, 1200), key=abs)
    steps = next(n for n in nearest_first if add_intervals(anchor, interval, n * size) == found)
    assert add_intervals(anchor, interval, (steps - 1) * size) <= after


@pytest.mark.parametrize(
    ("unit", "quantity", "portion", "amount"),
    [
        ("0.5", 1, Fraction(1), 1), ("0.4", 1, Fraction(1), 0), ("0.005", 100, Fraction(1), 1),
        ("10", 3, Fraction(1), 30),
        ("3100", 1, Fraction(21, 31), 2100), ("100", 1, Fraction(1, 3), 33), ("-0.5", 1, Fraction(1), -1),
    ],
)  # fmt: skip
def test_charges_are_rounded_half_up_once(unit: str, quantity: int, portion: Fraction, amount: int) -> None:
    # given / when / then
    assert charge_for(Decimal(unit), quantity, portion) == amount

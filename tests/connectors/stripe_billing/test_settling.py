"""What is noted on an invoice as paid elsewhere: in parts, taken back, paid anew; exact in every currency."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical import Allocation, PaymentReturn, Withholding
from connectors.errors import Rejected
from connectors.money import minor_units
from connectors.stripe_billing import settling
from connectors.stripe_billing.amounts import LAST_DIGIT_ZERO, from_sent, to_sent

DAY = date(2026, 3, 4)
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD", "BRL")
INVOICE = "invoice:stripe:in_1"


class OneInvoice:
    """Stripe with one open invoice, as far as notes and paying out of band go."""

    def __init__(self, total: int, currency: str) -> None:
        self.record: dict[str, Any] = {
            "id": "in_1", "status": "open", "currency": currency.lower(), "metadata": {}, "amount_remaining": total,
            "amount_paid_off_stripe": 0,
        }  # fmt: skip
        self.keys: list[str] = []

    def get(self, path: str) -> dict[str, Any]:
        return self.record

    def post(self, path: str, params: dict[str, Any], *, key: str) -> dict[str, Any]:
        self.keys.append(key)
        if path.endswith("/pay"):
            assert params == {"paid_out_of_band": True} and self.record["status"] == "open"
            off = self.record["amount_remaining"]
            self.record |= {"status": "paid", "amount_paid_off_stripe": off, "amount_remaining": 0}
        else:
            merged = {**self.record["metadata"], **params["metadata"]}
            self.record["metadata"] = {name: value for name, value in merged.items() if value != ""}
        return self.record


def shared(currency: str) -> dict[str, Any]:
    return {
        "version": 1, "correlation_id": "", "currency": currency, "invoice_reference": INVOICE,
        "customer_reference": "c",
    }  # fmt: skip


def wire(number: int, amount: Decimal, currency: str = "USD") -> Allocation:
    return Allocation(
        reference=f"allocation:netsuite:{number}:in_1",
        payment_reference=f"payment:netsuite:{number}",
        applied_on=DAY,
        amount=amount,
        **shared(currency),
    )


def back(number: int, amount: Decimal, currency: str = "USD") -> PaymentReturn:
    return PaymentReturn(
        reference=f"payment_return:netsuite:{number}:in_1",
        payment_reference=f"payment:netsuite:{number}",
        gateway_id=str(number),
        returned_on=DAY,
        amount=amount,
        **shared(currency),
    )


def settle(stripe: OneInvoice, one: Any) -> None:
    call = settling.take_back if isinstance(one, PaymentReturn) else settling.settle
    call = settling.withhold if isinstance(one, Withholding) else call
    call(stripe, one, get=stripe.get, key="k")  # type: ignore[arg-type]


@given(data=st.data(), currency=st.sampled_from(CURRENCIES))
def test_notes_are_always_the_wires_that_hold(data: st.DataObject, currency: str) -> None:
    # given an invoice, and wires that are booked and taken back in any order
    step = 10 if currency in LAST_DIGIT_ZERO else 1
    total = data.draw(st.integers(1, 10**6)) * step
    stripe, holding, returned = OneInvoice(total, currency), {}, set()
    for number in range(data.draw(st.integers(1, 8))):
        if holding and data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(sorted(holding)))
            settle(stripe, back(gone, holding.pop(gone), currency))
            returned.add(gone)
            continue
        room = from_sent(total, currency) - sum(holding.values(), Decimal(0))
        if not room:
            continue
        most = to_sent(room, currency) // step
        amount = from_sent(data.draw(st.integers(1, most)) * step, currency)
        for _ in range(2):  # a repeat changes nothing
            settle(stripe, wire(number, amount, currency))
        holding[number] = amount
        # then it is paid once they cover it, and stays so
        assert (stripe.record["status"] == "paid") or sum(holding.values()) < from_sent(total, currency)
    noted = {int(name.removeprefix(settling.NOTE)): one for name, (one, _) in settling.notes(stripe.record).items()}
    assert noted == holding
    assert all(f"{settling.RETURNED}{number}" in stripe.record["metadata"] for number in returned)
    # and the day's list shows what holds, in the currency's own digits
    lines = settling.note_lines(stripe.record, day=DAY)
    assert {line.gross for line in lines} == set(holding.values())
    assert all(line.gross == line.gross.quantize(Decimal(1).scaleb(-minor_units(currency))) for line in lines)


def test_an_invoice_that_was_paid_elsewhere_stays_paid_and_takes_the_next_wire() -> None:
    stripe = OneInvoice(10_000, "USD")
    settle(stripe, wire(1, Decimal("100.00")))
    settle(stripe, back(1, Decimal("100.00")))
    assert stripe.record["status"] == "paid" and settling.notes(stripe.record) == {}
    assert settling.find_returned("payment_return:netsuite:1:in_1", get=stripe.get)
    # when another wire comes, then it is noted; more than was paid is not
    settle(stripe, wire(2, Decimal("60.00")))
    with pytest.raises(Rejected) as refused:
        settle(stripe, wire(3, Decimal("40.01")))
    assert refused.value.reason == "DUPLICATE_PAYMENT"
    settle(stripe, wire(4, Decimal("40.00")))


def test_one_that_was_paid_only_in_part_is_open_still() -> None:
    stripe = OneInvoice(10_000, "USD")
    settle(stripe, wire(1, Decimal("60.00")))
    settle(stripe, back(1, Decimal("60.00")))
    settle(stripe, wire(2, Decimal("40.00")))
    # what did not hold does not count towards it
    assert stripe.record["status"] == "open"
    settle(stripe, wire(3, Decimal("60.00")))
    assert stripe.record["status"] == "paid"


def test_what_billing_never_heard_of_is_taken_back_without_a_word() -> None:
    stripe = OneInvoice(10_000, "USD")
    settle(stripe, back(1, Decimal("60.00")))
    assert stripe.keys == [] and settling.find_returned("payment_return:netsuite:1:in_1", get=stripe.get)


def test_a_second_payment_of_a_paid_invoice_is_refused_where_nothing_came_back() -> None:
    stripe = OneInvoice(10_000, "USD")
    settle(stripe, wire(1, Decimal("100.00")))
    with pytest.raises(Rejected) as refused:
        settle(stripe, wire(2, Decimal("1.00")))
    assert refused.value.reason == "DUPLICATE_PAYMENT"


def test_what_was_withheld_covers_what_the_wires_leave() -> None:
    stripe = OneInvoice(10_000, "USD")
    settle(stripe, wire(1, Decimal("85.00")))
    subject = Withholding(
        reference="withholding:stripe:in_1", number="INV-1", booked_on=DAY, amount=Decimal("15.00"), **shared("USD")
    )
    assert settling.find_withheld(subject.reference, get=stripe.get) == []
    for _ in range(2):
        settle(stripe, subject)
    assert stripe.record["status"] == "paid"
    (found,) = settling.find_withheld(subject.reference, get=stripe.get)
    assert found.held["total"] == "15.00"
    # and it is no bank receipt of the day
    assert [line.gross for line in settling.note_lines(stripe.record, day=DAY)] == [Decimal("85.00")]

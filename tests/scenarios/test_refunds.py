"""Money given back: with a credit memo, of what was paid too much, for no reason; and refunds that come home."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync.models import RefundRecord
from tests.scenarios.business import FIRST_DAY, Business, Sold

#: its invoice is issued on the first day, and customers here pay a day later
PAID = FIRST_DAY + timedelta(days=1)


def a_paid_invoice(business: Business) -> dict[str, Any]:
    """Stripe's charge of a deal over 605.00 that was billed, posted and paid."""
    business.stripe.settings(pays_after_days=1)
    business.account("Brightwater")
    business.wins("Brightwater", Sold(product="GTX Basic", price="550"), Sold(product="MG Special", price="55"))
    business.live(until=PAID)
    (charge,) = business.stripe.get("charges")["data"]
    business.ties()
    return charge


def balance(business: Business, account: str) -> Decimal:
    """What NetSuite's ledger holds on an account, debits positive."""
    lines = [line for row in business.netsuite.books("ledger") for line in row["lines"] if line["posting"]]
    return sum((Decimal(line["amount"]) for line in lines if line["account"] == account), Decimal(0))


def test_a_refund_that_nothing_explains_is_a_case_and_not_in_the_ledger(open_business: Callable[[], Business]) -> None:
    # given a paid invoice
    business = open_business()
    charge = a_paid_invoice(business)
    assert balance(business, "118") == Decimal("605")
    # when money is given back without a credit memo, and nothing was paid too much
    refund = business.stripe.post("refunds", charge=charge["id"], amount=10000)
    business.rest()
    # then it is one case with the sum, and in no ledger
    (case,) = business.cases(reason="REFUND_WITHOUT_CAUSE")
    assert (case.amount, case.currency, case.value) == (Decimal("100"), "USD", refund["id"])
    assert not business.books("customerRefund") and not RefundRecord.objects.exists()
    business.controls()
    assert business.total("unexplained") == 0 and business.total("explained") == Decimal("-100")


@pytest.mark.slow  # make stories
def test_an_overpayment_is_refunded_comes_home_and_is_refunded_again(open_business: Callable[[], Business]) -> None:
    # given a paid invoice, and 100.00 more of the same customer that no invoice asked for
    business = open_business()
    charge = a_paid_invoice(business)
    customer = charge["customer"]
    more = business.stripe.post(
        "payment_intents", amount=10000, currency="usd", customer=customer, confirm="true", description="Wrong amount"
    )
    business.rest()
    # then it is cash on account in the ERP, and one case
    (case,) = business.cases()
    assert (case.reason, case.amount, case.value) == ("UNAPPLIED_CASH", Decimal("100"), more["id"])
    booked = business.books("customerPayment")[f"payment:stripe:{more['id']}"]
    assert Decimal(booked["unapplied"]) == Decimal("100")
    # when it is refunded, and the bank sends the refund back
    business.stripe.settings(failing_refunds=[customer])
    refund = business.stripe.post("refunds", payment_intent=more["id"])
    business.rest()
    assert not business.cases() and Decimal(business.books("customerPayment")[booked["externalId"]]["unapplied"]) == 0
    business.ties()
    business.live(until=PAID + timedelta(days=2))
    # then it is reversed, the customer is owed it again, and somebody must act
    (case,) = business.cases()
    assert (case.reason, case.amount, case.value) == ("REFUND_FAILED", Decimal("100"), refund["id"])
    assert f"refund_failure:stripe:{refund['id']}" in business.books("journalEntry")
    assert balance(business, "118") == Decimal("705") and balance(business, "122") == Decimal("-100")
    business.ties()
    # when it is refunded again and arrives
    business.stripe.settings(failing_refunds=[])
    business.stripe.post("refunds", payment_intent=more["id"])
    business.rest()
    # then nothing is owed any more, and the clearing account holds what Stripe holds
    assert not business.cases()
    assert balance(business, "118") == Decimal("605") and balance(business, "122") == 0
    business.ties()

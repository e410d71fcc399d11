"""From the gateway to the bank: fees, payouts, and a payment its customer disputes; the clearing account empties."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from sync.models import PayoutRecord
from tests.scenarios.business import FIRST_DAY, Business, Sold

#: its invoice is issued on the first day, and customers here pay a day later
PAID = FIRST_DAY + timedelta(days=1)


def balance(business: Business, account: str) -> Decimal:
    """What NetSuite's ledger holds on an account, debits positive."""
    lines = [line for row in business.netsuite.books("ledger") for line in row["lines"] if line["posting"]]
    return sum((Decimal(line["amount"]) for line in lines if line["account"] == account), Decimal(0))


def test_a_disputed_payment_is_paid_out_withdrawn_and_won_back(open_business: Callable[[], Business]) -> None:
    # given a gateway that takes 2.9 % and 0.30, pays out every night, and a customer who will dispute
    business = open_business()
    business.stripe.settings(fee_percent="2.9", fee_fixed=30, automatic_payouts=True, pays_after_days=1)
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"), Sold(product="MG Special", price="55"))
    business.live(until=PAID)
    (charge,) = business.stripe.get("charges")["data"]
    assert balance(business, "118") == Decimal("605")
    # when the night's payout has arrived
    business.live(until=PAID + timedelta(days=1))
    # then bank and fees have it, and the clearing account is empty
    fee = Decimal("17.85")
    (payout,) = PayoutRecord.objects.all()
    assert (payout.charges, payout.fees, payout.amount) == (Decimal("605"), fee, Decimal("605") - fee)
    assert (balance(business, "101"), balance(business, "620")) == (Decimal("605") - fee, fee)
    assert balance(business, "118") == 0
    business.ties()
    # when the customer disputes the payment
    business.stripe.settings(disputing_customers=[charge["customer"]])
    business.live(until=PAID + timedelta(days=2))
    # then the money is a disputed receivable, the fee a cost, and the invoice paid and disputed
    (dispute,) = business.stripe.get("disputes")["data"]
    (case,) = business.cases()
    assert (case.reason, case.amount) == ("DISPUTE_OPEN", Decimal("605"))
    assert int(case.due_at.timestamp()) == dispute["evidence_details"]["due_by"]
    assert (balance(business, "124"), balance(business, "621")) == (Decimal("605"), Decimal("15"))
    assert balance(business, "118") == Decimal("-620") and balance(business, "122") == 0
    (invoice,) = business.books("invoice").values()
    assert Decimal(str(invoice["amountRemaining"])) == 0
    shown = business.sees(deal, "Q2C_Payment_Status__c", "Q2C_Collections__c")
    assert shown[0].startswith("Paid, disputed") and shown[1] == "On hold: disputed"
    business.ties()
    # when evidence convinces
    form = {"evidence[uncategorized_text]": "winning_evidence"}
    business.stripe.post(f"disputes/{dispute['id']}", **form)
    business.rest()
    # then the money is back and the case closed; the gateway keeps its fee
    assert not business.cases() and balance(business, "124") == 0
    assert balance(business, "118") == Decimal("-15")
    business.ties()


def test_a_dispute_nobody_answers_is_lost_and_finance_decides(open_business: Callable[[], Business]) -> None:
    business = open_business()
    business.stripe.settings(pays_after_days=1)
    business.account("Brightwater")
    business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    business.live(until=PAID)
    (charge,) = business.stripe.get("charges")["data"]
    business.stripe.settings(disputing_customers=[charge["customer"]])
    business.rest()
    business.live(until=PAID + timedelta(days=1))
    (dispute,) = business.stripe.get("disputes")["data"]
    business.stripe.post(f"disputes/{dispute['id']}/close")
    business.rest()
    (case,) = business.cases()
    assert (case.reason, case.amount) == ("DISPUTE_LOST", Decimal("550"))
    # the receivable stays disputed until two people in finance give it up
    assert balance(business, "124") == Decimal("550")
    business.ties()

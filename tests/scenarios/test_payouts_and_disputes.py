"""From the gateway to the bank: fees, payouts, and a payment its customer disputes; the clearing account empties."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from sync.models import CreditMemoRecord, LegalEntity, PayoutRecord, ProductMapping, TaxCode, TaxRegistration
from tests.scenarios.branches import common
from tests.scenarios.business import FIRST_DAY, Business, Sold

#: its invoice is issued on the first day, and customers here pay a day later
PAID = FIRST_DAY + timedelta(days=1)


def balance(business: Business, account: str) -> Decimal:
    """What NetSuite's ledger holds on an account, debits positive."""
    lines = [line for row in business.netsuite.books("ledger") for line in row["lines"] if line["posting"]]
    return sum((Decimal(line["amount"]) for line in lines if line["account"] == account), Decimal(0))


@pytest.mark.slow  # make stories
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


def a_lost_dispute(business: Business) -> None:
    """A payment of yesterday's invoice that its customer disputes, and nobody defends."""
    business.live(until=PAID)
    (charge,) = business.stripe.get("charges")["data"]
    business.stripe.settings(disputing_customers=[charge["customer"]])
    business.rest()
    business.live(until=PAID + timedelta(days=1))
    (dispute,) = business.stripe.get("disputes")["data"]
    business.stripe.post(f"disputes/{dispute['id']}/close")
    business.rest()


@pytest.mark.slow  # make stories
def test_a_lost_dispute_is_given_back_as_a_credit_memo_with_its_tax(open_business: Callable[[], Business]) -> None:
    # given a taxed invoice whose payment was disputed and lost
    business = open_business()
    business.stripe.settings(pays_after_days=1)
    ProductMapping.objects.filter(crm_product="GTX Basic").update(tax_class="software")
    rate = business.stripe.post(
        "tax_rates", display_name="Sales tax", percentage="8.875", inclusive="false", country="US", state="NY"
    )
    shared = {"entity": LegalEntity.objects.get(), "jurisdiction": "US-NY", **common(FIRST_DAY)}
    TaxRegistration(standing="registered", number="NY-1", **shared).save()
    code = {"tax_class": "software", "treatment": "standard", "percent": Decimal("8.875"), "erp_code": "10"}
    TaxCode(**code, billing_code=rate["id"], **shared).save()
    business.account("Harbour", BillingState="NY")
    business.wins("Harbour", Sold(product="GTX Basic", price="550.02"), Sold(product="MG Special", price="55"))
    a_lost_dispute(business)
    (case,) = business.cases()
    assert (case.reason, case.amount) == ("DISPUTE_LOST", Decimal("653.83"))
    assert balance(business, "124") == Decimal("653.83")
    # when finance asks for the credit memo, and a second person says yes to exactly that
    preparer, approver = business.people["finance.preparer"], business.people["finance.approver"]
    where = f"cases/{case.number.removeprefix('EXC-')}"
    asked = preparer.ask_for(where, "credit_dispute", because="The customer is right.")
    assert [write["system"] for write in asked["preview"]["writes"]] == ["ERP", "Billing, then the ERP"]
    ended = approver.watch(approver.approve(asked["number"]))
    business.rest()
    assert ended["note"] == "1 went through, 0 were refused."
    # then billing has made it with the tax that was charged, and it stands in the ERP as any other
    (note,) = business.stripe.get("credit_notes")["data"]
    assert (note["total"], note["out_of_band_amount"], note["total_taxes"][0]["amount"]) == (65383, 65383, 4881)
    memo = CreditMemoRecord.objects.get()
    assert (memo.total, memo.tax, memo.applied) == (Decimal("653.83"), Decimal("48.81"), Decimal(0))
    (booked,) = business.books("creditMemo").values()
    assert (Decimal(booked["total"]), Decimal(booked["taxTotal"])) == (Decimal("653.83"), Decimal("48.81"))
    # and nothing is disputed or owed any more, and no tax of it is left to pay
    assert (balance(business, "124"), balance(business, "122"), balance(business, "210")) == (0, 0, 0)
    business.quiet()
    business.ties()


@pytest.mark.slow  # make stories
def test_a_dispute_nobody_answers_is_lost_and_finance_decides(open_business: Callable[[], Business]) -> None:
    business = open_business()
    business.stripe.settings(pays_after_days=1)
    business.account("Brightwater")
    business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    a_lost_dispute(business)
    (case,) = business.cases()
    assert (case.reason, case.amount) == ("DISPUTE_LOST", Decimal("550"))
    # the receivable stays disputed until two people in finance give it up
    assert balance(business, "124") == Decimal("550")
    business.ties()

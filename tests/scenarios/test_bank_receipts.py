"""Money that comes by wire: finance books it in the ERP, billing and sellers learn of it, and nothing comes twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.scenarios.business import FIRST_DAY, Business, Sold


@pytest.mark.slow  # make stories
def test_a_wire_booked_in_the_erp_closes_the_invoice_in_billing_once(open_business: Callable[[], Business]) -> None:
    # given two posted invoices of one customer
    business = open_business()
    business.stripe.settings(pays_after_days=2)
    business.account("Brightwater")
    first = business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    business.wins("Brightwater", Sold(product="MG Special", price="55"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    invoices = {int(Decimal(row["total"])): row for row in business.books("invoice").values()}
    # when finance books one wire for one of them and a part of the other
    business.wire(invoices[550], "550", also={invoices[55]["id"]: "30"})
    business.netsuite_tells()
    # then billing shows the first as paid out of band, the second as open, and reminds nobody of what is paid
    in_billing = {row["total"]: row for row in business.stripe.get("invoices")["data"]}
    assert (in_billing[55000]["status"], in_billing[55000]["amount_paid_off_stripe"]) == ("paid", 55000)
    assert in_billing[5500]["status"] == "open"
    assert business.sees(first, "Q2C_Payment_Status__c")[0].startswith("Paid")
    # and the ERP holds one payment, however often it is told
    business.netsuite_tells()
    assert len(business.books("customerPayment")) == 1
    business.ties()
    # when the rest comes by another wire
    business.wire(invoices[55], "25")
    business.netsuite_tells()
    # then the second is paid too, by two wires, and the customer does not pay again
    assert {row["status"] for row in business.stripe.get("invoices")["data"]} == {"paid"}
    business.live(until=FIRST_DAY + timedelta(days=4))
    assert len(business.books("customerPayment")) == 2 and not business.stripe.get("charges")["data"]
    assert not business.cases()
    business.ties()


@pytest.mark.slow  # make stories
def test_a_wire_that_bounces_is_open_again_everywhere_and_a_case_until_it_is_paid(
    open_business: Callable[[], Business],
) -> None:
    # given an invoice paid by wire, and one of which a part was
    business = open_business()
    business.customers_pay_after(30)
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"))
    business.wins("Brightwater", Sold(product="MG Special", price="55"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    invoices = {int(Decimal(row["total"])): row for row in business.books("invoice").values()}
    wire = business.wire(invoices[550], "550", also={invoices[55]["id"]: "30"})
    business.netsuite_tells()
    assert business.sees(deal, "Q2C_Payment_Status__c")[0].startswith("Paid")
    business.ties()
    # when the bank takes it back, and finance voids it in NetSuite
    business.netsuite.void_payment(wire)
    business.netsuite_tells()
    # then both invoices are open in the ERP again; billing counts the wire on neither, and the one still open is open
    now = {int(Decimal(row["total"])): row for row in business.books("invoice").values()}
    assert {total: Decimal(str(row["amountRemaining"])) for total, row in now.items()} == {550: 550, 55: 55}
    billed = {row["total"]: row for row in business.stripe.get("invoices")["data"]}
    assert [row["metadata"].get(f"q2c_bank_{wire}") for row in billed.values()] == [None, None]
    assert billed[5500]["status"] == "open"
    # and each is one case with an owner, over what is open; sellers see that it is not paid
    assert {(case.reason, case.amount, case.team) for case in business.cases()} == {
        ("PAYMENT_RETURNED", Decimal("550"), "finance"),
        ("PAYMENT_RETURNED", Decimal("55"), "finance"),
    }
    assert not business.sees(deal, "Q2C_Payment_Status__c")[0].startswith("Paid")
    business.ties()
    # when the customer pays again, then nothing is left to do, and nothing was counted twice
    business.wire(now[550], "550", also={now[55]["id"]: "55"})
    business.netsuite_tells()
    assert {row["status"] for row in business.stripe.get("invoices")["data"]} == {"paid"}
    assert business.sees(deal, "Q2C_Payment_Status__c")[0].startswith("Paid")
    business.quiet()
    business.ties()

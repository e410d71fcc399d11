"""Money that comes by wire: finance books it in the ERP, billing and sellers learn of it, and nothing comes twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from tests.scenarios.business import FIRST_DAY, Business, Sold


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

"""Shapes to Tryton's records."""

from datetime import date
from decimal import Decimal

import pytest

from connectors.errors import Rejected
from connectors.tryton import mapping

IDS = mapping.Ids(company=1, currency=2, journal=3, receivable=4)
ITEMS = {"SUBSCRIPTION": mapping.Item(product_id=5, unit_id=6, revenue_account_id=7)}
DAY = date(2026, 11, 10)


def values(subject, tax_account_id=8):
    return mapping.invoice_values(
        subject, ids=IDS, party_id=9, address_id=10, items=ITEMS, tax_account_id=tax_account_id
    )


@pytest.mark.parametrize(
    ("net", "quantity", "sent"),
    [
        ("200.00", "2", (2, Decimal("100.0000"))),
        ("100.01", "3", (1, Decimal("100.01"))),
        ("100.00", "2.5", (1, Decimal("100.00"))),
        ("-50.00", "1", (1, Decimal("-50.0000"))),
    ],
)
def test_quantity_times_price_is_exactly_what_was_billed(invoice, net, quantity, sent):
    (line,) = values(invoice("customer:1", net=net, quantity=quantity, day=DAY))["lines"][0][1]
    assert (line["quantity"], line["unit_price"]) == sent


def test_tax_is_typed_in_as_charged(invoice):
    (tax,) = values(invoice("customer:1", tax="17.77", day=DAY))["taxes"][0][1]
    assert (tax["manual"], tax["base"], tax["amount"]) == (True, Decimal("200.00"), Decimal("17.77"))
    assert (tax["account"], tax["description"]) == (8, "Tax standard")


def test_tax_without_an_account_for_it_is_refused(invoice):
    with pytest.raises(Rejected) as refused:
        values(invoice("customer:1", tax="17.77", day=DAY), tax_account_id=None)
    assert refused.value.reason == "TAX_CODE_MISSING"
    assert values(invoice("customer:1", day=DAY), tax_account_id=None)["taxes"] == [["create", []]]


def test_the_due_date_is_billings(invoice):
    sent = values(invoice("customer:1", day=DAY))
    assert (sent["payment_term"], sent["payment_term_date"]) == (None, date(2026, 12, 10))
    assert (sent["invoice_date"], sent["accounting_date"]) == (DAY, DAY)

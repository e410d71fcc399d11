"""Shapes to NetSuite's records and back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.errors import Rejected
from connectors.netsuite import mapping

SETTINGS = {"tax_code_zero": "9", "tax_codes": {"standard": "10"}, "dimensions": {"location": "2"}}


def test_amounts_are_written_as_plain_numbers():
    body = {"a": Decimal("1000000.10"), "b": [Decimal("1E+3"), True, None, "ü"], "c": date(2026, 11, 10)}
    assert mapping.written(body) == '{"a":1000000.10,"b":[1000,true,null,"ü"],"c":"2026-11-10"}'


def test_a_float_is_refused():
    with pytest.raises(TypeError):
        mapping.written({"amount": 0.1})


def test_an_invoice_line_carries_item_dates_dimensions_and_tax(invoice):
    # given
    subject = invoice(tax="20.00", tax_code="standard", dimensions=(("department", "4"), ("colour", "blue")))
    # when
    record = mapping.invoice_record(subject, known={subject.customer_reference: "512"}, settings=SETTINGS)
    # then
    assert record["entity"] == {"id": "512"}
    assert (record["tranId"], record["tranDate"], record["memo"]) == ("INV-1", date(2026, 11, 10), "contract:006")
    (line,) = record["item"]["items"]
    assert line["item"] == {"externalId": "PLAT-FEE"}
    assert (line["quantity"], line["rate"], line["amount"]) == (Decimal(2), Decimal(100), Decimal("200.00"))
    assert (line["taxCode"], line["tax1Amt"]) == ({"id": "10"}, Decimal("20.00"))
    assert (line["department"], line["location"], "colour" in line) == ({"id": "4"}, {"id": "2"}, False)
    assert (line["revRecStartDate"], line["revRecEndDate"]) == (date(2026, 11, 1), date(2027, 10, 31))


def test_a_rate_that_would_not_give_the_amount_stays_away(invoice):
    # given 100.00 for three
    subject = invoice(net="100.00", quantity="3")
    # when
    record = mapping.invoice_record(subject, known={subject.customer_reference: "512"}, settings=SETTINGS)
    # then
    (line,) = record["item"]["items"]
    assert (line["amount"], "rate" in line) == (Decimal("100.00"), False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"item": ""}, "PRODUCT_UNMAPPED"),
        ({"tax": "20.00"}, "TAX_CODE_MISSING"),
    ],
)
def test_what_a_line_lacks_is_said_before_anything_is_sent(invoice, changes, reason):
    # given
    subject = invoice(**changes)
    # when / then
    with pytest.raises(Rejected) as refused:
        mapping.invoice_record(subject, known={subject.customer_reference: "512"}, settings=SETTINGS)
    assert refused.value.reason == reason


def test_an_unknown_customer_and_an_unused_currency_are_refused(invoice):
    subject = invoice()
    with pytest.raises(Rejected) as refused:
        mapping.invoice_record(subject, known={}, settings=SETTINGS)
    assert refused.value.reason == "ERP_CUSTOMER_MISSING"
    with pytest.raises(Rejected) as refused:
        mapping.invoice_record(
            replace(subject, currency="CHF"), known={subject.customer_reference: "512"}, settings=SETTINGS
        )
    assert refused.value.reason == "CURRENCY_MISMATCH"


def test_a_payment_is_unapplied_and_rests_where_the_settings_say(payment):
    known = {payment.customer_reference: "512"}
    plain = mapping.payment_record(payment, known=known, settings={"ar_account": "122"})
    clearing = mapping.payment_record(payment, known=known, settings={"clearing_account": "118"})
    assert (plain["autoApply"], plain["undepFunds"], plain["arAcct"]) == (False, {"id": "T"}, {"id": "122"})
    assert (clearing["undepFunds"], clearing["account"]) == ({"id": "F"}, {"id": "118"})
    assert "apply" not in plain


def test_only_fields_the_settings_name_keep_our_version(invoice):
    # given
    subject = invoice()
    settings = {**SETTINGS, "custom_fields": {"invoice": {"version": "custbody_q2c_version"}}}
    # when
    record = mapping.invoice_record(subject, known={subject.customer_reference: "512"}, settings=settings)
    # then
    assert record["custbody_q2c_version"] == "3"


def test_an_invoice_waiting_for_approval_is_not_posted(payload):
    assert mapping.invoice_receipt(payload("invoice"), settings=SETTINGS).posted
    assert not mapping.invoice_receipt(payload("invoice_pending"), settings=SETTINGS).posted


def test_dates_are_read_in_both_forms():
    assert mapping.row_date("1/9/2026") == mapping.row_date("2026-01-09") == date(2026, 1, 9)

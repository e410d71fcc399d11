"""Stripe's objects as our shapes, and ours as its parameters."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.canonical import Allocation, Invoice, Payment, SubscriptionContract
from connectors.errors import Rejected
from connectors.stripe_billing import contracts, listing, mapping, reading, terms

ZONE = ZoneInfo("America/New_York")


def the_invoice(record: dict[str, Any]) -> Invoice:
    (found,) = mapping.to_shapes("invoice.finalized", record, version=2, zone=ZONE)
    assert isinstance(found, Invoice)
    return found


def test_a_finalised_invoice_becomes_ours(payload: Callable[[str], Any]) -> None:
    # when
    invoice = the_invoice(payload("invoice_finalized")["data"]["object"])
    # then
    assert invoice.reference == "invoice:stripe:in_1QcCancity01"
    assert (invoice.number, invoice.version, invoice.currency) == ("QCCANCIT-0001", 2, "USD")
    assert invoice.contract_reference == "contract:0065g00000KwyWtAAJ"
    assert invoice.customer_reference == "customer:0015g00000AbCdEAAV"
    assert invoice.correlation_id == "deal:0065g00000KwyWtAAJ"
    assert invoice.document_date == invoice.posting_date == invoice.tax_point == date(2026, 5, 14)
    assert invoice.due_on == date(2026, 6, 13)
    assert (invoice.net, invoice.tax, invoice.total) == (Decimal("1054.00"), Decimal("0.00"), Decimal("1054.00"))
    (line,) = invoice.lines
    assert (line.service_starts_on, line.service_ends_on) == (date(2026, 5, 14), date(2027, 5, 13))
    assert (line.net, line.quantity, line.billing_product) == (Decimal("1054.00"), 1, "prod_gtx_plus_basic")


def test_the_zone_decides_the_date(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_finalized")["data"]["object"]
    (invoice,) = mapping.to_shapes("invoice.finalized", record, version=1, zone=ZoneInfo("Pacific/Auckland"))
    assert isinstance(invoice, Invoice)
    assert invoice.document_date == date(2026, 5, 15)


def test_tax_and_discount_are_carried_as_charged(payload: Callable[[str], Any]) -> None:
    # given 10 % off and 19 % on top
    record = payload("invoice_finalized")["data"]["object"]
    tax = {"amount": 18023, "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": "txr_19"}}
    record["lines"]["data"][0] |= {"discount_amounts": [{"amount": 10540}], "taxes": [tax]}
    record |= {"total_taxes": [tax], "total_excluding_tax": 94860, "total": 112883}
    # when
    invoice = the_invoice(record)
    # then
    assert (invoice.net, invoice.tax, invoice.total) == (Decimal("948.60"), Decimal("180.23"), Decimal("1128.83"))
    assert (invoice.lines[0].net, invoice.lines[0].tax) == (Decimal("948.60"), Decimal("180.23"))
    assert invoice.lines[0].tax_code == "txr_19"


def test_inclusive_tax_is_taken_out_of_the_line(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_finalized")["data"]["object"]
    tax = {"amount": 16829, "tax_behavior": "inclusive", "tax_rate_details": None}
    record["lines"]["data"][0]["taxes"] = [tax]
    record |= {"total_taxes": [tax], "total_excluding_tax": 88571}
    invoice = the_invoice(record)
    assert invoice.lines[0].net == invoice.net == Decimal("885.71")


def test_lines_that_do_not_add_up_are_refused(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_finalized")["data"]["object"]
    record["lines"]["data"][0]["amount"] = 105401
    with pytest.raises(Rejected) as refused:
        the_invoice(record)
    assert (refused.value.reason, refused.value.field) == ("AMOUNT_MISMATCH", "lines")


def test_an_invoice_without_our_contract_is_an_orphan(payload: Callable[[str], Any]) -> None:
    for parent in (None, {"type": "quote_details", "subscription_details": None}):
        record = {**payload("invoice_finalized")["data"]["object"], "parent": parent}
        with pytest.raises(Rejected) as refused:
            the_invoice(record)
        assert (refused.value.reason, refused.value.value) == ("ORPHAN_INVOICE", "in_1QcCancity01")


def test_the_older_place_of_the_metadata_is_read_too(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_finalized")["data"]["object"]
    record["subscription_details"] = record.pop("parent")["subscription_details"]
    assert the_invoice(record).contract_reference == "contract:0065g00000KwyWtAAJ"


@pytest.mark.parametrize("field", ["id", "number", "currency", "total", "status_transitions", "lines"])
def test_a_lost_field_is_named(payload: Callable[[str], Any], field: str) -> None:
    record = {**payload("invoice_finalized")["data"]["object"], field: None}
    with pytest.raises(Rejected) as refused:
        the_invoice(record)
    assert refused.value.reason == "SCHEMA_CHANGE" and refused.value.field.startswith(field)


def test_a_paid_invoice_payment_is_money_and_its_allocation(payload: Callable[[str], Any]) -> None:
    # when
    record = payload("invoice_payment_paid")["data"]["object"]
    payment, allocation = mapping.to_shapes("invoice_payment.paid", record, version=1, zone=ZONE)
    # then
    assert isinstance(payment, Payment) and isinstance(allocation, Allocation)
    assert (payment.reference, payment.origin) == ("payment:stripe:pi_1QcCancity01", "gateway")
    assert (payment.received_on, payment.amount) == (date(2026, 5, 28), Decimal("1054.00"))
    assert allocation.reference == "allocation:stripe:inpay_1QcCancity01"
    assert allocation.payment_reference == payment.reference
    assert allocation.invoice_reference == "invoice:stripe:in_1QcCancity01"
    assert (allocation.applied_on, allocation.amount) == (date(2026, 5, 28), Decimal("1054.00"))


def test_money_that_never_saw_the_gateway_is_not_called_so(payload: Callable[[str], Any]) -> None:
    record = payload("invoice_payment_paid")["data"]["object"]
    record["payment"] = {"type": "payment_record", "payment_record": "pr_1"}
    payment, _ = mapping.to_shapes("invoice_payment.paid", record, version=1, zone=ZONE)
    assert isinstance(payment, Payment)
    assert (payment.reference, payment.origin) == ("payment:stripe:inpay_1QcCancity01", "bank")


def test_kinds_we_do_not_carry_give_nothing(payload: Callable[[str], Any]) -> None:
    assert mapping.to_shapes("invoice.sent", payload("invoice_finalized"), version=1, zone=ZONE) == []


@pytest.mark.parametrize("event", ["invoice.created", "invoice.updated", "invoice.upcoming", "invoice.deleted"])
def test_a_draft_is_no_document(payload: Callable[[str], Any], event: str) -> None:
    # given an invoice that is not issued yet
    draft = payload("invoice_finalized")["data"]["object"] | {"status": "draft", "number": None}
    draft["status_transitions"] = {"finalized_at": None, "paid_at": None, "voided_at": None}
    # then nothing billing says of it becomes a document, and the list of a day has no line for it
    assert [shape for shape in mapping.to_shapes(event, draft, version=1, zone=ZONE) if shape.kind == "invoice"] == []
    assert listing.invoice_line(draft, day=date(2026, 5, 14), zone=ZONE) is None


def test_a_contract_becomes_a_subscription_of_exactly_its_year(
    make_contract: Callable[..., SubscriptionContract],
) -> None:
    # when
    wanted = contracts.subscription_parameters(make_contract(), billing_customer="cus_1", days_until_due=30, zone=ZONE)
    # then it runs from local noon to one calendar year later
    assert datetime.fromtimestamp(wanted["backdate_start_date"], UTC) == datetime(2026, 5, 14, 16, tzinfo=UTC)
    assert datetime.fromtimestamp(wanted["cancel_at"], UTC) == datetime(2027, 5, 14, 16, tzinfo=UTC)
    assert wanted["billing_cycle_anchor"] == wanted["cancel_at"]
    assert wanted["items"] == [
        {
            "price_data": {
                "currency": "usd",
                "product": "prod_gtx_plus_basic",
                "recurring": {"interval": "year"},
                "unit_amount": "105400",
            },
            "quantity": 1,
        }
    ]
    assert (wanted["collection_method"], wanted["days_until_due"]) == ("send_invoice", 30)
    assert wanted["metadata"]["q2c_reference"] == "contract:0065g00000KwyWtAAJ"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Auckland", "Pacific/Apia"])
@pytest.mark.parametrize("starts_on", [date(2024, 2, 28), date(2024, 3, 1), date(2026, 3, 29), date(2026, 11, 1)])
def test_no_zone_and_no_daylight_rule_moves_a_date(
    make_contract: Callable[..., SubscriptionContract], zone: str, starts_on: date
) -> None:
    ends_on = date.fromordinal(starts_on.replace(year=starts_on.year + 1).toordinal() - 1)
    when = terms.moments(make_contract(starts_on=starts_on, ends_on=ends_on), zone=ZoneInfo(zone), today=None)
    assert when.ends is not None and reading.local_date(when.starts, ZoneInfo(zone)) == starts_on
    assert reading.local_date(when.ends, ZoneInfo(zone)) - terms.ONE_DAY == ends_on


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Auckland"])
@pytest.mark.parametrize("month", range(1, 13))
def test_what_goes_on_at_a_boundary_begins_with_a_whole_period_also_after_the_clocks_changed(
    make_contract: Callable[..., SubscriptionContract], zone: str, month: int
) -> None:
    # given a year from 2 March, taken over by somebody else with the period that begins in this month
    begins = date(2026 if month >= 3 else 2027, month, 2)
    contract = make_contract(
        starts_on=begins,
        ends_on=date(2027, 3, 1),
        term_months=12,
        billing_frequency="monthly",
        continues_reference="contract:before",
        modification_kind="assignment",
    )
    when = terms.moments(contract, zone=ZoneInfo(zone), today=None)
    # then its first period is a whole one, and nothing is billed for an hour beside it
    first, then = (datetime.fromtimestamp(at, UTC) for at in (when.starts, when.anchor))
    assert terms.rhythm(contract).after(first, 1) == then
    assert reading.local_date(when.starts, ZoneInfo(zone)) == begins


def test_what_goes_on_between_boundaries_begins_at_its_noon(
    make_contract: Callable[..., SubscriptionContract],
) -> None:
    contract = make_contract(
        starts_on=date(2026, 4, 20),
        ends_on=date(2027, 3, 1),
        term_months=12,
        billing_frequency="monthly",
        continues_reference="contract:before",
        modification_kind="assignment",
    )
    when = terms.moments(contract, zone=ZONE, today=None)
    assert when.starts == terms.seconds(terms.noon(date(2026, 4, 20), ZONE))
    assert reading.local_date(when.anchor, ZONE) == date(2026, 5, 2)


def test_a_leap_day_ends_in_the_next_year(make_contract: Callable[..., SubscriptionContract]) -> None:
    contract = make_contract(starts_on=date(2024, 2, 29), ends_on=date(2025, 2, 27))
    ends = terms.moments(contract, zone=ZONE, today=None).ends
    assert ends is not None and reading.local_date(ends, ZONE) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"billing_frequency": "weekly"}, "billing_frequency", "UNCLASSIFIED"),
        ({"term_months": 18, "ends_on": date(2027, 11, 13)}, "term_months", "UNCLASSIFIED"),
        (
            {"billing_frequency": "prepaid", "term_months": 48, "ends_on": date(2030, 5, 13)},
            "term_months",
            "UNCLASSIFIED",
        ),
        ({"ends_on": date(2030, 5, 12)}, "ends_on", "UNCLASSIFIED"),
        ({"billing_frequency": "monthly", "amount": "100.00"}, "lines[0].amount", "ROUNDING"),
        ({"lines": ()}, "lines", "CONTRACT_INCOMPLETE"),
        ({"line": {"destination": "erp_sales_order"}}, "lines", "CONTRACT_INCOMPLETE"),
        ({"line": {"billing_product": ""}}, "lines[0].billing_product", "PRODUCT_UNMAPPED"),
        ({"quantity": "1.5"}, "lines[0].quantity", "UNCLASSIFIED"),
        ({"quantity": "0"}, "lines[0].quantity", "UNCLASSIFIED"),
        ({"quantity": "3", "amount": "100.00"}, "lines[0].amount", "ROUNDING"),
    ],
)
def test_what_cannot_be_billed_exactly_is_refused(
    make_contract: Callable[..., SubscriptionContract], changes: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Rejected) as refused:
        contracts.subscription_parameters(
            make_contract(**changes), billing_customer="cus_1", days_until_due=30, zone=ZONE
        )
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_what_a_subscription_bills_is_compared_with_the_contract(
    payload: Callable[[str], Any], make_contract: Callable[..., SubscriptionContract]
) -> None:
    held = payload("subscription")
    assert contracts.subscription_amount(held) == Decimal("1054.00")
    assert contracts.same_terms(held, make_contract(), zone=ZONE)
    assert not contracts.same_terms(held, make_contract(amount="1054.01"), zone=ZONE)
    assert not contracts.same_terms(held, make_contract(currency="EUR"), zone=ZONE)
    other_start = make_contract(starts_on=date(2026, 5, 15), ends_on=date(2027, 5, 14))
    assert not contracts.same_terms(held, other_start, zone=ZONE)

"""One quote for a whole group: split over its subsidiaries, sold, billed and ordered by three companies of ours."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from sync.models import ContractRecord, Delivery, InvoiceRecord, PaymentRecord
from sync.rates import realised
from tests.scenarios.branches import BRITAIN, GERMANY, keep_rates, map_services
from tests.scenarios.business import FIRST_DAY, Business, Sold


@pytest.mark.slow  # make stories
def test_a_quote_is_split_over_three_subsidiaries_and_every_company_bills_its_own(
    open_business: Callable[..., Business],
) -> None:
    # given a group with a subsidiary in each of three countries, and three companies of ours
    business = open_business(GERMANY, BRITAIN)
    business.customers_pay_after(2)
    keep_rates("EUR", "0.92", "0.93", "0.94", "0.95", first_day=FIRST_DAY, erp=business.netsuite)
    keep_rates("GBP", "0.79", "0.79", "0.78", "0.77", first_day=FIRST_DAY, erp=business.netsuite)
    map_services("MG Advanced")
    business.account("Northfield Group")
    business.account("Northfield US", parent="Northfield Group", Tax_Id__c="12-3456789")
    business.account("Northfield DE", parent="Northfield Group", country="Germany", Tax_Id__c="DE 811 128 135")
    business.account("Northfield UK", parent="Northfield Group", country="United Kingdom", Tax_Id__c="GB123456789")
    # when one quote for all of them is won: fees for each, services for two
    deal = business.wins(
        "Northfield Group",
        Sold(product="GTX Basic", price="550", bill_to="Northfield US"),
        Sold(product="GTX Pro", price="4821", bill_to="Northfield DE"),
        Sold(product="MG Advanced", price="3393.33", bill_to="Northfield DE"),
        Sold(product="GTX Plus Basic", price="1096.01", quantity="2", bill_to="Northfield UK"),
        Sold(product="MG Advanced", price="100.10", bill_to="Northfield UK"),
    )
    business.live(until=FIRST_DAY + timedelta(days=1))
    # then each subsidiary has its own contract under one master, and they sum to the quote
    contracts = {row.customer_reference: row for row in ContractRecord.objects.all()}
    accounts = {name: f"customer:{own}" for name, own in business.accounts.items()}
    assert {name: contracts[accounts[f"Northfield {name}"]].legal_entity.code for name in ("US", "DE", "UK")} == {
        "US": "US01",
        "DE": "DE01",
        "UK": "GB01",
    }
    assert {row.master_reference for row in contracts.values()} == {f"contract:{deal}"}
    assert {row.sold_to_reference for row in contracts.values()} == {accounts["Northfield Group"]}
    assert sum(row.amount for row in contracts.values()) == Decimal("11056.45")
    # and services are orders in the subsidiary of the ERP that sells them, invoices in its receivables
    subsidiaries = {row["externalId"]: row["id"] for row in business.netsuite.books("subsidiary")}
    orders = {row["subsidiary"]["id"]: Decimal(row["subtotal"]) for row in business.books("salesOrder").values()}
    assert orders == {subsidiaries["DE01"]: Decimal("3393.33"), subsidiaries["GB01"]: Decimal("100.10")}
    invoices = {row["subsidiary"]["id"]: Decimal(row["total"]) for row in business.books("invoice").values()}
    assert invoices == {
        subsidiaries["US01"]: Decimal("550.00"),
        subsidiaries["DE01"]: Decimal("4821.00"),
        subsidiaries["GB01"]: Decimal("2192.02"),
    }
    # each at the approved rate of its day
    rates = {row["subsidiary"]["id"]: Decimal(row["exchangeRate"]) for row in business.books("invoice").values()}
    assert rates == {
        subsidiaries["US01"]: 1,
        subsidiaries["DE01"]: Decimal("0.92"),
        subsidiaries["GB01"]: Decimal("0.79"),
    }
    # and the lines of all parts belong to one arrangement, here and there
    arrangements = {line.arrangement for row in contracts.values() for line in row.lines.all()}
    assert arrangements == {f"arrangement:{deal}"}
    business.ties()
    assert business.total("left", leg="sold_to_billed") == Decimal("11056.45")
    # and when the customers pay, every company's cash is in its own books
    business.live(until=FIRST_DAY + timedelta(days=3))
    assert all(Decimal(row["amountRemaining"]) == 0 for row in business.books("invoice").values())
    business.ties()
    business.quiet()
    # the difference each settlement realised is what the two rates make of it, in the company's own money
    realised_there = {
        payment["subsidiary"]["id"]: -sum(
            Decimal(line["base"]) for line in ledger[payment["id"]]["lines"] if line.get("role") == "FXVARIANCE"
        )
        for ledger in [{row["id"]: row for row in business.netsuite.books("ledger")}]
        for payment in business.books("customerPayment").values()
    }
    expected = {}
    for invoice in InvoiceRecord.objects.all():
        (paid,) = PaymentRecord.objects.filter(pays_reference=invoice.reference)
        own = invoice.legal_entity
        parts = [(paid.amount, paid.exchange_rate or Decimal(1))]
        (gain,) = realised(
            invoice.total, parts, entered_at=invoice.exchange_rate or Decimal(1), currency=own.functional_currency
        )
        expected[subsidiaries[own.code]] = gain
    assert realised_there == expected and any(expected.values())
    assert not Delivery.objects.exclude(condition="settled").exists()

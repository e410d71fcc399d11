"""A gateway that converts: charged in one currency, settled and paid out in another, booked at its own rate."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation.controls import runner
from sync.balances import clearing
from sync.models import ConversionRecord, PayoutRecord
from tests.scenarios.branches import CURRENCIES, GERMANY, keep_rates
from tests.scenarios.business import FIRST_DAY, Business, Sold

NAMES = {own: code for code, own in CURRENCIES.items()}


def balances(business: Business, account: str, subsidiary: str) -> dict[str, Decimal]:
    """What a subsidiary's ledger holds on an account, by currency."""
    documents = {
        row["id"]: row
        for kind in ("invoice", "customerPayment", "journalEntry")
        for row in business.netsuite.books(kind)
        if row["subsidiary"]["id"] == subsidiary
    }
    found: dict[str, Decimal] = {}
    for row in business.netsuite.books("ledger"):
        for line in row["lines"]:
            if row["id"] in documents and line["posting"] and line["account"] == account:
                currency = NAMES[documents[row["id"]]["currency"]["id"]]
                found[currency] = found.get(currency, Decimal(0)) + Decimal(line["amount"])
    return found


@pytest.mark.slow  # make stories
def test_dollars_charged_by_a_german_company_are_paid_out_in_euros(open_business: Callable[..., Business]) -> None:
    # given a German company that sells in dollars, whose gateway settles in euros at its own rate, and takes 2 %
    business = open_business(GERMANY)
    (branch,) = business.branches
    branch.stripe.settings(
        settles_in="eur", exchange_rates={"usd": "0.9317"}, fee_percent="2", automatic_payouts=True, pays_after_days=1
    )
    keep_rates("EUR", *["0.92"] * 8, first_day=FIRST_DAY, erp=business.netsuite)
    business.account("Northfield DE", country="Germany", Tax_Id__c="DE 811 128 135")
    business.wins("Northfield DE", Sold(product="GTX Pro", price="4821"))
    business.live(until=FIRST_DAY + timedelta(days=2))
    # then the payment is in dollars, and its conversion two documents: out of dollars, into euros
    converted = {row.currency: row for row in ConversionRecord.objects.all()}
    assert {currency: row.amount for currency, row in converted.items()} == {
        "USD": Decimal("-4821"),
        "EUR": Decimal("4491.73"),  # 4821 x 0.9317, to the cent
    }
    assert {row.gateway_rate for row in converted.values()} == {Decimal("0.9317")}
    # the payout is in euros, and both clearing accounts are empty, each in its own currency
    (payout,) = PayoutRecord.objects.all()
    assert (payout.currency, payout.charges, payout.fees) == ("EUR", Decimal("4491.73"), Decimal("89.83"))
    own = next(row["id"] for row in business.netsuite.books("subsidiary") if row["externalId"] == "DE01")
    cleared = balances(business, "118", own)
    assert len(cleared) == 2 and set(cleared.values()) == {Decimal(0)}
    # the conversion account holds the dollars given for the euros, at the very rate: nothing in the company's money
    kept = balances(business, "128", own)
    assert sorted(kept.values()) == [Decimal("-4491.73"), Decimal("4821")]
    books = [line for row in business.netsuite.books("ledger") for line in row["lines"] if line["account"] == "128"]
    assert sum((Decimal(line["base"]) for line in books), Decimal(0)) == 0
    business.live(until=FIRST_DAY + timedelta(days=3))
    # and the roll-forward closes at nothing in both, as the ERP shows
    rows = clearing.CLEARING.roll_forward(branch.entity, since=FIRST_DAY, until=business.today)
    assert {row.currency: (row.moved["receipts"], row.moved["conversions"], row.closing) for row in rows} == {
        "EUR": (0, Decimal("4491.73"), 0),
        "USD": (Decimal("4821"), Decimal("-4821"), 0),
    }
    run = runner.run("clearing", entity=branch.entity, business_date=business.today - timedelta(days=1))
    assert (run.status, run.trouble) == ("tied", "")
    business.quiet()
    business.ties()

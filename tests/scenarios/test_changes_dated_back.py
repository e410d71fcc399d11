"""Changes that hold from before the period billed now: by policy credited and billed again, posted and equal."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.contrib.auth.models import User

from sync import clock
from sync.models import DocumentPolicy, LegalEntity
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.metering import skip_to

AGREED, TODAY = date(2026, 3, 16), date(2026, 4, 6)
#: of March's period, which begins at noon on the 2nd and ends 31 times 24 hours later, left from noon of the 16th: by
#: then the clocks have gone an hour ahead
LEFT = Fraction(17 * 24 + 1, 31 * 24)


def share(amount: int) -> Decimal:
    """March's part of an amount in whole cents, half a cent away from zero."""
    cents = amount * 100 * LEFT
    return Decimal((2 * cents.numerator + cents.denominator) // (2 * cents.denominator)).scaleb(-2)


@pytest.mark.slow  # make stories
def test_by_policy_earlier_months_are_credited_and_billed_again(open_business: Callable[[], Business]) -> None:
    # given a company whose finance has agreed on that, and two customers billed by the month
    business = open_business()
    DocumentPolicy.objects.create(
        entity=LegalEntity.objects.get(), backdated_changes="credit_and_rebill", status="approved",
        valid_from=FIRST_DAY, drafted_by=User.objects.get(username="finance.preparer"), drafted_at=clock.now(),
        approved_by=User.objects.get(username="finance.approver"), approved_at=clock.now(),
    )  # fmt: skip
    business.account("Brightwater")
    business.account("Northwind")
    business.rest()
    terms = {"Billing_Frequency__c": "Monthly"}
    grows = business.wins("Brightwater", Sold(product="GTX Basic", price="1200"), **terms)
    shrinks = business.wins("Northwind", Sold(product="GTX Basic", price="2400"), **terms)
    skip_to(business, TODAY)
    assert sorted(Decimal(str(row["total"])) for row in business.books("invoice").values()) == [100, 100, 200, 200]
    # when in April more is agreed with one and less with the other, both from the middle of March
    business.changes(grows, "Upsell", 2, Sold(product="GTX Basic", price="1200", quantity="2"), on=AGREED)
    business.changes(shrinks, "Downsell", 2, Sold(product="GTX Basic", price="1200"), on=AGREED)
    business.live(until=TODAY + timedelta(days=1))
    # then March's rest and April are charged at the new price to one, as an invoice
    more = (share(200) - share(100)) + Decimal(100)
    invoices = sorted(Decimal(str(row["total"])) for row in business.books("invoice").values())
    assert invoices == sorted([Decimal(100), Decimal(100), Decimal(200), Decimal(200), more])
    # and given back to the other, as a credit memo with a line for each month
    (memo,) = business.books("creditMemo").values()
    assert Decimal(str(memo["total"])) == more
    # and all is equal everywhere, with nobody bothered
    business.quiet()
    business.ties()

"""Prices and seats by date and free months: billed on their days at exactly their price, posted, equal everywhere."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from sync.models import ContractRecord
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.metering import skip_to


@pytest.mark.slow  # make stories
def test_a_free_month_a_dearer_third_one_and_more_seats_next_year(open_business: Callable[[], Business]) -> None:
    # given four months, billed one by one: the first is free, the second at 100, then 150 each
    business = open_business()
    business.customers_pay_after(3)
    business.account("Brightwater")
    business.account("Northwind")
    business.rest()
    by_month = business.wins(
        "Brightwater",
        Sold(product="GTX Basic", price="100", starts_on=FIRST_DAY, ends_on=date(2026, 5, 1)),
        Sold(product="GTX Basic", price="300", starts_on=date(2026, 5, 2), ends_on=date(2026, 7, 1)),
        Contract_Term_Months__c=4,
        Free_Months__c=1,
        Billing_Frequency__c="Monthly",
    )
    # and two years in advance, the second with twice as many seats
    by_year = business.wins(
        "Northwind",
        Sold(product="GTX Basic", price="550", starts_on=FIRST_DAY, ends_on=date(2027, 3, 1)),
        Sold(product="GTX Basic", price="550", quantity="2", starts_on=date(2027, 3, 2), ends_on=date(2028, 3, 1)),
        Contract_Term_Months__c=24,
    )

    def billed() -> list[Decimal]:
        return sorted(Decimal(str(row["total"])) for row in business.books("invoice").values())

    # then the first day bills nothing to one and the first year to the other, and leg one counts both whole
    business.live(until=FIRST_DAY)
    assert billed() == [Decimal(0), Decimal(550)]
    business.ties()
    assert business.total("left", leg="sold_to_billed") == Decimal(400) + Decimal(1650)
    # when the second contract is told to end with its term, nothing of what was agreed is gone
    business.changes(by_year, "Cancellation", 2, on=date(2028, 3, 2))
    business.ties()
    assert business.total("right", leg="sold_to_billed") == Decimal(2050)
    # when the free month is over
    skip_to(business, date(2026, 4, 2))
    assert billed() == [Decimal(0), Decimal(100), Decimal(550)]
    # when the dearer months have begun
    skip_to(business, date(2026, 5, 2))
    assert billed() == [Decimal(0), Decimal(100), Decimal(150), Decimal(550)]
    # then all is posted at exactly its price, each line with its own month, and nobody is bothered
    posted = {row["externalId"]: row for row in business.books("invoice").values()}
    assert len(posted) == 4
    business.quiet()
    business.ties()
    rows = ContractRecord.objects.filter(reference=f"contract:{by_month}")
    assert [(row.amount, row.free_months, row.lines.count()) for row in rows] == [(Decimal(400), 1, 2)]

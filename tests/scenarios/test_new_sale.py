"""The shortest whole life: one deal is won, billed, posted and paid, and the books agree all the while."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.scenarios.business import FIRST_DAY, Business, Sold


@pytest.mark.slow  # make stories
def test_a_deal_of_two_lines_is_billed_posted_and_paid(open_business: Callable[[], Business]) -> None:
    # given a customer
    business = open_business()
    business.account("Brightwater")
    # when a deal of two products is won
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"), Sold(product="MG Special", price="55"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    # then its invoice stands in the ERP at its total
    (invoice,) = business.books("invoice").values()
    assert Decimal(str(invoice["total"])) == Decimal("605") and invoice["memo"] == f"contract:{deal}"
    business.ties()
    # when the customer pays
    business.live(until=FIRST_DAY + timedelta(days=15))
    # then it is paid there too
    (invoice,) = business.books("invoice").values()
    assert Decimal(str(invoice["amountRemaining"])) == 0
    business.ties()
    assert not business.cases()

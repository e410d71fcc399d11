"""Every shape a contract may have, from the won deal to the ledger: billed on its days, posted, equal everywhere.

Prices are for a whole term; what a change bills or credits of a term already billed is its share to the second, as
Stripe documents prorations (docs.stripe.com/billing/subscriptions/prorations).
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from q2c_portal.local import days
from sync import clock
from sync.models import ContractRecord, LegalEntity
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.engine import LEAP
from tests.scenarios.metering import skip_to
from tests.scenarios.test_contract_changes import share

pytestmark = pytest.mark.slow  # make stories
BASIC = Sold(product="GTX Basic", price="1200")
#: within the first year, after the clocks went forward
MID, ONE_DAY = date(2026, 3, 20), timedelta(days=1)
LAST, ZONE = date(2027, 3, 2), ZoneInfo("America/New_York")


def billed(business: Business) -> list[Decimal]:
    """What every invoice and credit memo of the ledger comes to, in order; credits below zero."""
    sums = [Decimal(str(row["total"])) for row in business.books("invoice").values()]
    return sorted(sums + [-Decimal(str(row["total"])) for row in business.books("creditMemo").values()])


def left(amount: str) -> Decimal:
    """Of a price for the first year, what is left of it from noon of the day in its middle, where the company is."""
    start, at, end = (
        Fraction(int(datetime.combine(day, time(12), tzinfo=ZONE).timestamp())) for day in (FIRST_DAY, MID, LAST)
    )
    return share(amount, (end - at) / (end - start))


def begin(business: Business, day: date) -> None:
    """A day from its morning on: what was agreed for it is told before billing comes to its hour, what begins then
    after it.
    """

    def morning(entity: LegalEntity) -> datetime:
        return datetime.combine(entity.business_date or day, time(8), entity.zone)

    with LEAP, pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "business_time", morning)
        business.move_to(day)
        business.rest()
        business.reach(days.WINNING_HOUR)
    skip_to(business, day)


def whole(business: Business) -> None:
    """Nobody is bothered, and the ledger is what was sold and billed."""
    business.quiet()
    business.ties()


@pytest.fixture
def business(open_business: Callable[[], Business]) -> Business:
    """A company with one customer, who pays after three days."""
    opened = open_business()
    opened.customers_pay_after(3)
    opened.account("Brightwater")
    opened.rest()
    return opened


# -- how often it is billed ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "days", "each"),
    [
        # two months, month by month, and nothing after the last
        ({"Billing_Frequency__c": "Monthly", "Contract_Term_Months__c": 2},
         [date(2026, 4, 2), date(2026, 5, 2)], [600, 600]),
        # half a year, quarter by quarter
        ({"Billing_Frequency__c": "Quarterly", "Contract_Term_Months__c": 6},
         [date(2026, 6, 2)], [600, 600]),
        # two years at once
        ({"Billing_Frequency__c": "Prepaid", "Contract_Term_Months__c": 24}, [date(2026, 4, 2)], [1200]),
        # a year in advance, of two
        ({"Contract_Term_Months__c": 24}, [date(2026, 4, 2)], [600]),
    ],
    ids=["monthly", "quarterly", "prepaid", "yearly"],
)  # fmt: skip
def test_a_term_is_billed_in_its_parts(
    business: Business, fields: dict[str, object], days: list[date], each: list[int]
) -> None:
    business.wins("Brightwater", BASIC, **fields)
    business.live(until=FIRST_DAY)
    assert billed(business) == each[:1]
    whole(business)
    for day in days:
        skip_to(business, day)
    assert billed(business) == each
    whole(business)


# -- until when it runs -------------------------------------------------------------------------------
def test_a_contract_that_ends_with_another_bills_its_price_once(business: Business) -> None:
    business.wins("Brightwater", BASIC)
    business.wins("Brightwater", Sold(product="GTX Pro", price="730"), Contract_End_Date__c="2026-04-30")
    business.live(until=FIRST_DAY)
    assert billed(business) == [730, 1200]
    whole(business)
    skip_to(business, date(2026, 5, 1))
    assert billed(business) == [730, 1200]
    whole(business)


def test_a_renewal_bills_its_new_price_from_the_new_term_on(business: Business) -> None:
    deal = business.wins("Brightwater", BASIC, Contract_Term_Months__c=2, Billing_Frequency__c="Monthly")
    business.live(until=FIRST_DAY)
    skip_to(business, date(2026, 4, 2))
    business.changes(
        deal, "Renewal", 2, Sold(product="GTX Basic", price="1400"), on=date(2026, 5, 2), Contract_Term_Months__c=2
    )
    skip_to(business, date(2026, 5, 1))
    assert billed(business) == [600, 600]
    skip_to(business, date(2026, 5, 2))
    assert billed(business) == [600, 600, 700]
    whole(business)


def test_an_end_agreed_for_the_term_s_last_day_credits_nothing(business: Business) -> None:
    deal = business.wins("Brightwater", BASIC, Contract_Term_Months__c=1, Billing_Frequency__c="Monthly")
    business.live(until=FIRST_DAY)
    business.changes(deal, "Cancellation", 2, on=date(2026, 4, 2))
    whole(business)
    skip_to(business, date(2026, 4, 2))
    assert billed(business) == [1200]
    whole(business)


# -- how it changes -----------------------------------------------------------------------------------
def test_less_is_credited_to_the_day(business: Business) -> None:
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="1200", quantity="3"))
    business.live(until=FIRST_DAY)
    skip_to(business, MID)
    business.changes(deal, "Downsell", 2, BASIC)
    skip_to(business, MID + ONE_DAY)
    assert billed(business) == [left("1200") - left("3600"), 3600]
    whole(business)


@pytest.mark.parametrize("months", [12, 0], ids=["with an end", "without an end"])
def test_an_end_now_gives_back_what_is_left(business: Business, months: int) -> None:
    deal = business.wins("Brightwater", BASIC, Contract_Term_Months__c=months)
    business.live(until=FIRST_DAY)
    assert billed(business) == [1200]
    whole(business)
    skip_to(business, MID)
    business.changes(deal, "Cancellation", 2)
    skip_to(business, MID + ONE_DAY)
    assert billed(business) == [-left("1200"), 1200]
    whole(business)


def test_what_is_billed_while_it_is_suspended_is_taken_back(business: Business) -> None:
    deal = business.wins("Brightwater", BASIC, Billing_Frequency__c="Monthly", Contract_Term_Months__c=12)
    business.live(until=FIRST_DAY)
    business.changes(deal, "Suspension", 2, on=date(2026, 4, 2))
    begin(business, date(2026, 4, 2))
    skip_to(business, date(2026, 4, 20))
    assert billed(business) == [-100, 100, 100]
    whole(business)
    business.changes(deal, "Reactivation", 3, on=date(2026, 5, 2))
    begin(business, date(2026, 5, 2))
    assert billed(business) == [-100, 100, 100, 100]
    whole(business)


def test_a_rest_told_after_its_period_was_billed_is_credited_from_its_day(business: Business) -> None:
    deal = business.wins("Brightwater", BASIC, Billing_Frequency__c="Monthly", Contract_Term_Months__c=12)
    business.live(until=FIRST_DAY)
    skip_to(business, date(2026, 4, 2))
    skip_to(business, date(2026, 4, 10))
    assert billed(business) == [100, 100]
    business.changes(deal, "Suspension", 2, on=date(2026, 4, 2))
    skip_to(business, date(2026, 4, 20))
    assert billed(business) == [-100, 100, 100]
    whole(business)


# -- whose it is --------------------------------------------------------------------------------------
def test_an_assignment_ends_one_customer_s_contract_and_begins_the_other_s(business: Business) -> None:
    other = business.account("Northwind")
    deal = business.wins("Brightwater", BASIC, Billing_Frequency__c="Monthly", Contract_Term_Months__c=12)
    business.live(until=FIRST_DAY)
    business.changes(
        deal, "Assignment", 2, BASIC, on=date(2026, 4, 2), AccountId=other, Contract_Term_Months__c=12,
        Billing_Frequency__c="Monthly",
    )  # fmt: skip
    begin(business, date(2026, 4, 2))
    assert billed(business) == [100, 100]
    customers = {row["entity"]["id"] for row in business.books("invoice").values()}
    assert len(customers) == 2
    whole(business)


def test_a_reseller_is_billed_for_what_its_customer_uses(business: Business) -> None:
    business.account("Reseller")
    business.wins("Brightwater", Sold(product="GTX Basic", price="1200", bill_to="Reseller", ship_to="Brightwater"))
    business.live(until=FIRST_DAY)
    assert billed(business) == [1200]
    row = ContractRecord.objects.get()
    assert row.customer_reference == f"customer:{business.accounts['Reseller']}"
    assert row.sold_to_reference == f"customer:{business.accounts['Brightwater']}"
    whole(business)

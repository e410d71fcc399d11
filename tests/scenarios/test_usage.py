"""Usage: reported by the event, summed by the hour, billed by the month; what comes late goes on the next invoice."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from q2c_portal.local import company
from sync.models import UsagePeriod, UsageSummaryRecord, UsageTrueUpRecord
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.metering import report, sell_by_use, skip_to, used


def lines_of(business: Business, number: int) -> list[tuple[str, Decimal]]:
    """Item and amount of the lines of an invoice in the ERP, by its place."""
    invoices = sorted(business.books("invoice").values(), key=lambda row: int(row["id"]))
    return [(line["item"]["id"], Decimal(str(line["amount"]))) for line in invoices[number]["item"]["items"]]


@pytest.mark.slow  # make stories
def test_usage_is_billed_by_the_month_and_late_usage_on_the_next_invoice(
    open_business: Callable[[], Business], portal: str
) -> None:
    # given a deal with a metered product, at five thousandths of a dollar each
    business = open_business()
    sell_by_use(business, "API calls", meter="api_calls", price="0.005")
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"), Sold(product="API calls", price="0"))
    business.evening()
    # when usage is reported, one event twice and one with a mistake
    first = used(deal, "api_calls", "4000", company.at(FIRST_DAY, 8), own_id="first")
    answer = report(
        portal,
        first,
        first,
        used(deal, "api_calls", "600", company.at(FIRST_DAY, 14)),
        used(deal, "api_call", "1", company.at(FIRST_DAY, 14), own_id="wrong"),
    )
    assert (answer["taken"], answer["repeated"]) == (2, 1)
    assert [(row["place"], row["id"], row["field"]) for row in answer["refused"]] == [(3, "wrong", "contract")]
    business.rest()
    # and an hour gets more before its invoice
    skip_to(business, FIRST_DAY + timedelta(days=20))
    report(portal, used(deal, "api_calls", "401", company.at(FIRST_DAY, 14)))
    business.rest()
    hour = UsageSummaryRecord.objects.order_by("starts_at").last()
    assert hour is not None and (hour.version, hour.quantity) == (2, Decimal(1001))
    # then the month's invoice has all of it: 5,001 calls are 25.005, rounded half up
    skip_to(business, date(2026, 4, 2))
    (period,) = UsagePeriod.objects.all()
    assert (period.quantity, period.amount) == (Decimal(5001), Decimal("25.01"))
    business.ties()
    # when usage of that month comes after it, and some of another event was too much
    report(
        portal,
        used(deal, "api_calls", "1000", company.at(FIRST_DAY + timedelta(days=1), 9)),
        used(deal, "api_calls", "-200", company.at(FIRST_DAY, 14)),
    )
    business.rest()
    (true_up,) = UsageTrueUpRecord.objects.all()
    assert (true_up.quantity, true_up.amount) == (Decimal(800), Decimal("4.00"))
    # then the next invoice bills it as a line that names its period, and the first one stays as it is
    skip_to(business, date(2026, 4, 11))
    assert report(portal, used(deal, "api_calls", "100", company.at(date(2026, 4, 10), 9)))["taken"] == 1
    business.rest()
    skip_to(business, date(2026, 5, 2))
    billed = [invoice for invoice in business.stripe.books("invoice") if invoice["total"] == 450]
    assert len(billed) == 1
    named = [line["description"] for line in billed[0]["lines"] if "reported after its invoice" in line["description"]]
    assert named == ["api_calls: usage of 2026-03-02 to 2026-04-01, reported after its invoice"]
    business.ties()
    assert not business.cases()

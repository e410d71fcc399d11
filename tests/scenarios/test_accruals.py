"""A month ends before its usage is invoiced: it is accrued, taken back the next day, and is what the invoice has."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from q2c_portal.local import company
from reconciliation.controls import runner
from sync.models import JournalBatchRecord, LegalEntity, UsagePeriod
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.conftest import until
from tests.scenarios.metering import report, sell_by_use, skip_to, used
from tests.scenarios.test_revenue import everything_is_sealed, make_the_portal_the_engine


@pytest.mark.slow  # make stories
def test_usage_of_a_month_is_accrued_at_its_end_and_stands_against_the_invoice_that_comes(
    open_business: Callable[[], Business], portal: str
) -> None:
    # given a metered product, where the portal is the revenue engine and the ERP recognises nothing
    business = open_business()
    path = "/services/rest/record/v1/account/eid:1300"
    named = {"acctNumber": "1300", "acctName": "Unbilled Receivables", "acctType": {"id": "OthCurrAsset"}}
    business.netsuite.http.put(path, json=named).raise_for_status()
    sell_by_use(business, "API calls", meter="api_calls", price="0.005", limit="0")
    for item in business.netsuite.books("serviceSaleItem"):
        business.netsuite.remove("serviceSaleItem", item["id"])
        plain = {name: item[name] for name in ("itemId", "displayName", "incomeAccount")}
        business.netsuite.http.put(
            f"/services/rest/record/v1/serviceSaleItem/eid:{item['externalId']}",
            json={**plain, "subsidiary": {"items": [{"id": "1"}]}},
        ).raise_for_status()
    make_the_portal_the_engine(unbilled=business.netsuite.http.get(path).json()["id"])
    entity = LegalEntity.objects.get()
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="365"), Sold(product="API calls", price="0"))
    business.evening()
    assert report(portal, used(deal, "api_calls", "1000", company.at(FIRST_DAY, 9)))["taken"] == 1
    business.rest()
    # when March is over, five dollars of it not invoiced
    skip_to(business, date(2026, 4, 1))
    until(JournalBatchRecord.objects.filter(movement="accrual").exists, seconds=120)
    everything_is_sealed(business)
    made = JournalBatchRecord.objects.get(movement="accrual")
    assert (made.posting_date, made.total) == (date(2026, 3, 31), Decimal("5.00"))
    run = runner.run("unbilled_revenue", entity=entity, business_date=date(2026, 3, 31))
    assert (run.status, run.trouble, run.totals["USD"]["right"]) == ("tied", "", "5.00")
    assert runner.run("accruals", entity=entity, business_date=date(2026, 3, 31)).status == "tied"
    business.ties()
    # when the next day is over and the invoice is here
    skip_to(business, date(2026, 4, 3))
    until(JournalBatchRecord.objects.filter(movement="accrual_reversal").exists, seconds=120)
    everything_is_sealed(business)
    (period,) = UsagePeriod.objects.all()
    assert period.amount == Decimal("5.00")
    # then nothing is left of it, and the invoice has what was accrued
    through = business.today - timedelta(days=1)
    run = runner.run("unbilled_revenue", entity=entity, business_date=through)
    assert (run.status, run.totals["USD"]["right"]) == ("tied", "0.00")
    assert runner.run("accruals", entity=entity, business_date=through).status == "tied"
    business.ties()
    business.quiet()

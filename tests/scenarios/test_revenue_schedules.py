"""Revenue where the ERP is the engine: the schedules it makes of our documents are compared with ours by month."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation.controls import runner
from sync.models import (
    Connection,
    JournalBatchRecord,
    LegalEntity,
    ModificationTreatment,
    RevenueChange,
    RevenueScheduleRecord,
)
from sync.revenue import compared
from tests.scenarios.business import FIRST_DAY, Business, Sold

SPECIAL = Sold(product="MG Special", price="55")


@pytest.mark.slow  # make stories
def test_the_erps_schedules_are_ours_until_somebody_changes_one_there(
    open_business: Callable[[], Business], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an ERP that recognises revenue by itself, and is asked for its schedules without waiting a day for them
    business = open_business()
    business.netsuite.settings(revenue_management=True)
    row = Connection.objects.get(code="netsuite")
    row.settings["revenue_schedules"] = True
    row.save()
    monkeypatch.setattr(compared, "PATIENCE", timedelta(0))
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="550"), SPECIAL)
    business.live(until=FIRST_DAY + timedelta(days=1))
    entity = LegalEntity.objects.get()
    through = business.today - timedelta(days=1)
    # then its schedules of both lines tie with ours, though it rounds the months otherwise
    run = runner.run("revenue_schedules", entity=entity, business_date=through)
    assert (run.status, run.trouble) == ("tied", "")
    assert not JournalBatchRecord.objects.exists()
    business.ties()
    business.quiet()
    # when more is sold and something is given back, the ERP recognises both by itself: nothing of it is ours to decide
    (invoice,) = business.invoices()
    business.credits(invoice, amount=2000)
    business.changes(deal, "Upsell", 2, Sold(product="GTX Basic", price="550", quantity="2"), SPECIAL)
    business.live(until=FIRST_DAY + timedelta(days=2))
    assert ModificationTreatment.objects.get().in_force == "" and not RevenueChange.objects.exists()
    assert {row.engine for row in RevenueScheduleRecord.objects.all()} == {"erp"}
    through = business.today - timedelta(days=1)
    assert runner.run("revenue_schedules", entity=entity, business_date=through).status == "tied"
    assert not JournalBatchRecord.objects.exists()
    business.ties()
    business.quiet()
    # when somebody moves ten dollars of a line from April to May
    arrangement = min(business.netsuite.books("revenueArrangement"), key=lambda one: int(one["id"]))
    elements = arrangement["elements"]
    planned = elements[0]["planned"]
    for place, by in ((1, -10), (2, 10)):
        planned[place]["amount"] = str(Decimal(planned[place]["amount"]) + by)
    business.netsuite.edit("revenueArrangement", arrangement["id"], elements=elements)
    runner.run("revenue_schedules", entity=entity, business_date=through)
    # then that line and its two months are named, and no document is touched by it
    (case,) = business.cases()
    assert case.reason == "SCHEDULE_DIFFERS" and case.document.endswith("Apr 2026 to May 2026 (2 months)")
    assert Decimal(case.evidence["left"]["2026-04"]) - Decimal(case.evidence["right"]["2026-04"]) == 10
    business.ties()
    # when it is set right there, it is over
    for place, by in ((1, 10), (2, -10)):
        planned[place]["amount"] = str(Decimal(planned[place]["amount"]) + by)
    business.netsuite.edit("revenueArrangement", arrangement["id"], elements=elements)
    assert runner.run("revenue_schedules", entity=entity, business_date=through).status == "tied"
    business.quiet()
    business.ties()

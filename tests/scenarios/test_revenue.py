"""Revenue where the portal is the engine: deferred when invoiced, earned by the day, and tied to the ERP's account."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from reconciliation.controls import runner
from sync import clock, treatments
from sync.models import (
    Connection,
    CreditMemoRecord,
    JournalBatchRecord,
    LegalEntity,
    ModificationTreatment,
    RevenueChange,
    RevenueEngine,
    RevenueEventRecord,
    RevenueScheduleRecord,
)
from sync.revenue import roll_forward
from tests.scenarios.business import FIRST_DAY, Business, Sold
from tests.scenarios.metering import skip_to


def make_the_portal_the_engine(*, unbilled: str = "130") -> None:
    """Finance decides it, two people; the ERP's accounts are named."""
    erp = Connection.objects.get(code="netsuite")
    erp.settings |= {"deferred_account": "220", "unbilled_account": unbilled}
    erp.save()
    RevenueEngine.objects.create(
        entity=LegalEntity.objects.get(),
        engine="portal",
        deferred_account="220",
        revenue_account="400",
        unbilled_account=unbilled,
        status="approved",
        valid_from=FIRST_DAY,
        drafted_by=User.objects.get(username="finance.preparer"),
        drafted_at=clock.now(),
        approved_by=User.objects.get(username="finance.approver"),
        approved_at=clock.now(),
    )


def everything_is_sealed(business: Business) -> None:
    """Until all that is earned up to yesterday is in a journal, and that in the ERP."""
    ends = time.monotonic() + 120
    while RevenueEventRecord.objects.filter(batch=None, withdrawn_at=None, dated__lt=business.today).exists():
        assert time.monotonic() < ends, "nothing was sealed within two minutes"
        time.sleep(0.1)
    business.rest()


@pytest.mark.slow  # make stories
def test_what_is_invoiced_is_deferred_and_earned_by_the_day_in_the_erp(open_business: Callable[[], Business]) -> None:
    # given a deal of a year at a dollar a day, where the portal is the revenue engine and the ERP recognises nothing
    business = open_business()
    for item in business.netsuite.books("serviceSaleItem"):
        business.netsuite.remove("serviceSaleItem", item["id"])
        plain = {name: item[name] for name in ("itemId", "displayName", "incomeAccount")}
        business.netsuite.http.put(
            f"/services/rest/record/v1/serviceSaleItem/eid:{item['externalId']}",
            json={**plain, "subsidiary": {"items": [{"id": "1"}]}},
        ).raise_for_status()
    make_the_portal_the_engine()
    business.account("Brightwater")
    deal = business.wins("Brightwater", Sold(product="GTX Basic", price="365"))
    business.evening()
    # when March is over
    skip_to(business, date(2026, 4, 1))
    everything_is_sealed(business)
    # then the ERP holds the deferral and March's thirty days, each once
    journals = business.books("journalEntry")
    held = {
        row["memo"].split(" ")[0].split(":")[4]: [
            (line["account"]["id"], Decimal(str(line.get("debit") or 0)), Decimal(str(line.get("credit") or 0)))
            for line in row["line"]["items"]
        ]
        for row in journals.values()
    }
    assert held == {
        "deferral": [("400", Decimal(365), Decimal(0)), ("220", Decimal(0), Decimal(365))],
        "recognition": [("220", Decimal(30), Decimal(0)), ("400", Decimal(0), Decimal(30))],
    }
    # and the roll-forward closes at what the ERP's account shows
    entity = LegalEntity.objects.get()
    (march,) = roll_forward.roll_forward(entity, month=FIRST_DAY)
    assert (march.opening, march.billed, march.recognised, march.modified, march.closing) == (0, 365, 30, 0, 335)
    run = runner.run("deferred_revenue", entity=entity, business_date=business.today - timedelta(days=1))
    assert (run.status, run.trouble, run.totals["USD"]["right"]) == ("tied", "", "335.00")
    business.ties()
    assert JournalBatchRecord.objects.count() == 2
    # when a tenth is given back by a credit memo, as much is no longer deferred
    (invoice,) = business.invoices()
    business.credits(invoice, amount=3650, credit_amount=3650)
    assert [(row.effect, row.amount) for row in RevenueChange.objects.all()] == [("credit", Decimal("-36.50"))]
    assert RevenueScheduleRecord.objects.get().amount == Decimal("328.50")
    # when the contract is ended in the same month, that is billed at once and waits for two people of finance
    business.live(until=date(2026, 4, 3))
    business.changes(deal, "Cancellation", 2)
    business.live(until=date(2026, 4, 4))
    assert [case.reason for case in business.cases()] == ["CHANGE_NOT_ACCOUNTED_FOR"]
    change = ModificationTreatment.objects.get()
    treatments.decide(change.pk, "prospective", user=User.objects.get(username="finance.preparer"))
    treatments.approve(change.pk, user=User.objects.get(username="finance.approver"))
    business.quiet()
    # then nothing stays deferred, here and in the ERP, and what was earned is what was invoiced less all given back
    skip_to(business, date(2026, 5, 1))
    everything_is_sealed(business)
    (april,) = roll_forward.roll_forward(entity, month=date(2026, 4, 1))
    given_back = sum((row.net for row in CreditMemoRecord.objects.all()), Decimal(0))
    assert (april.opening, april.billed, april.modified, april.closing) == (335, 0, -given_back, 0)
    assert given_back > Decimal("36.50") and april.recognised == 335 - given_back
    run = runner.run("deferred_revenue", entity=entity, business_date=business.today - timedelta(days=1))
    assert (run.status, run.trouble) == ("tied", "")
    business.ties()
    # when somebody books on that account by hand, the control says so
    business.netsuite.http.post(
        "/services/rest/record/v1/journalEntry",
        json={
            "subsidiary": {"id": "1"},
            "tranDate": "2026-04-30",
            "line": {"items": [{"account": {"id": "220"}, "debit": 5}, {"account": {"id": "400"}, "credit": 5}]},
        },
    ).raise_for_status()
    run = runner.run("deferred_revenue", entity=entity, business_date=business.today - timedelta(days=1))
    assert run.status in ("unexplained", "open_exceptions")
    assert [case.amount for case in business.cases()] == [Decimal("5.00")]

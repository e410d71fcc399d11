"""Selling in another currency than the company's own: its own money is a second figure, at the ERP's posted rates."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation import tie_out
from reconciliation.controls import runner
from sync.models import LegalEntity
from tests.scenarios.branches import GERMANY, keep_rates
from tests.scenarios.business import FIRST_DAY, Business, Sold


def own_money(business: Business) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Kind -> both sides and what is unexplained, in euros."""
    rows = tie_out.own_money_rows()
    assert {(row.entity, row.currency) for row in rows} <= {("DE01", "EUR")}
    return {row.kind: (row.left, row.right, row.unexplained) for row in rows}


@pytest.mark.slow  # make stories
def test_both_sides_agree_in_own_money_and_another_rate_in_the_erp_is_found(
    open_business: Callable[..., Business],
) -> None:
    # given a company that keeps its books in euros and sells in dollars
    business = open_business(GERMANY)
    business.customers_pay_after(2)
    keep_rates("EUR", "0.92", "0.93", "0.94", "0.95", first_day=FIRST_DAY, erp=business.netsuite)
    business.account("Northfield DE", country="Germany")
    business.wins("Northfield DE", Sold(product="GTX Pro", price="4821"))
    business.live(until=FIRST_DAY + timedelta(days=1))
    entity = LegalEntity.objects.get(code="DE01")
    # then both sides are in euros what the posted rate makes of the dollars, and the legs stay in dollars
    business.ties()
    runner.run("rates", entity=entity, business_date=FIRST_DAY)
    worth = Decimal("4435.32")
    assert own_money(business) == {"invoice": (worth, worth, 0)}
    assert {row.currency for row in tie_out.rows()} == {"USD"}
    business.quiet()
    # when somebody sets another rate in the ERP
    ((reference, _),) = business.books("invoice").items()
    path = f"/services/rest/record/v1/invoice/eid:{reference}"
    business.netsuite.http.patch(path, json={"exchangeRate": 0.91}).raise_for_status()
    runner.run("rates", entity=entity, business_date=FIRST_DAY)
    # then it is a case of the rates control, while the dollars still tie
    (case,) = business.cases()
    assert (case.reason, case.amount, case.currency) == ("RATE_DIFFERS", Decimal("48.21"), "EUR")
    business.ties()
    # when it is set right again, it is over, also in the payment's own euros
    business.netsuite.http.patch(path, json={"exchangeRate": 0.92}).raise_for_status()
    runner.run("rates", entity=entity, business_date=FIRST_DAY)
    business.quiet()
    business.live(until=FIRST_DAY + timedelta(days=3))
    business.ties()
    for day in range(4):
        runner.run("rates", entity=entity, business_date=FIRST_DAY + timedelta(days=day))
    assert own_money(business)["receipt"] == (Decimal("4531.74"), Decimal("4531.74"), 0)
    business.quiet()

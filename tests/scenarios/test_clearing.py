"""The clearing account, asked every day: what the gateway owes is what the ERP shows, whatever moved it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from reconciliation.controls import runner
from reconciliation.models import ControlRun
from sync.balances import clearing
from tests.scenarios.business import FIRST_DAY, Business, Sold

#: its invoice is issued on the first day, and customers here pay a day later
PAID = FIRST_DAY + timedelta(days=1)


def ask(business: Business) -> ControlRun:
    """The control of the day before, as it stands now."""
    day = business.today - timedelta(days=1)
    return runner.run("clearing", entity=business.world.entity, business_date=day)


@pytest.mark.slow  # make stories
def test_clearing_rolls_forward_through_payment_payout_dispute_and_a_booking_by_hand(
    open_business: Callable[[], Business],
) -> None:
    # given a gateway that takes 2.9 % and 0.30 and pays out every night
    business = open_business()
    business.stripe.settings(fee_percent="2.9", fee_fixed=30, automatic_payouts=True, pays_after_days=1)
    business.account("Brightwater")
    business.wins("Brightwater", Sold(product="GTX Basic", price="550"), Sold(product="MG Special", price="55"))
    business.live(until=PAID)
    (charge,) = business.stripe.get("charges")["data"]
    # when the payment was paid out and then disputed
    business.live(until=PAID + timedelta(days=1))
    business.stripe.settings(disputing_customers=[charge["customer"]])
    business.live(until=PAID + timedelta(days=3))
    # then the roll-forward has each movement in its column, and closes at what the ERP shows
    (whole,) = clearing.CLEARING.roll_forward(business.world.entity, since=FIRST_DAY, until=business.today)
    assert (whole.opening, whole.moved["receipts"], whole.moved["payouts"]) == (0, Decimal("605"), Decimal("-587.15"))
    assert (whole.moved["disputes"], whole.moved["fees"], whole.closing) == (
        Decimal("-605"),
        Decimal("-32.85"),
        Decimal("-620"),
    )
    run = ask(business)
    assert (run.status, run.trouble, run.totals["USD"]["right"]) == ("tied", "", "-620.00")
    business.ties()
    # when somebody books on the clearing account by hand
    answer = business.netsuite.http.post(
        "/services/rest/record/v1/journalEntry",
        json={
            "subsidiary": {"id": "1"},
            "tranDate": (business.today - timedelta(days=1)).isoformat(),
            "line": {"items": [{"account": {"id": "118"}, "debit": 7}, {"account": {"id": "620"}, "credit": 7}]},
        },
    )
    answer.raise_for_status()
    # then the control has a case over exactly that, and the legs tie all the while
    assert ask(business).status in ("unexplained", "open_exceptions")
    assert [(case.reason, case.amount) for case in business.cases() if case.reason != "DISPUTE_OPEN"] == [
        ("AMOUNT_MISMATCH", Decimal("-7.00"))
    ]
    business.ties()
    # when it is taken back, the case closes by itself
    business.netsuite.remove("journalEntry", answer.headers["Location"].rpartition("/")[2])
    assert ask(business).status == "tied"
    assert [case.reason for case in business.cases()] == ["DISPUTE_OPEN"]
    business.ties()

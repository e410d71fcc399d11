"""Invoices that end otherwise than paid: voided by billing, voided too late, given up and written off."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.business import FIRST_DAY, Business, Sold


def remaining(business: Business, invoice: str) -> Decimal:
    return Decimal(str(business.books("invoice")[f"invoice:stripe:{invoice}"]["amountRemaining"]))


def decide(business: Business, reason: str, fix: str) -> dict[str, Any]:
    """Finance asks, a second person says yes, and the run ends."""
    (case,) = business.cases(reason=reason)
    preparer, approver = business.people["finance.preparer"], business.people["finance.approver"]
    where = f"cases/{case.number.removeprefix('EXC-')}"
    asked = preparer.ask_for(where, fix, because="Agreed with the customer.")
    own = preparer.send(f"approvals/{asked['number'].removeprefix('APR-')}/approve")
    assert own.status_code == 403
    ended = approver.watch(approver.approve(asked["number"]))
    business.rest()
    return ended


@pytest.mark.slow  # make stories
def test_invoices_that_are_voided_or_given_up_leave_nothing_to_collect(open_business: Callable[[], Business]) -> None:
    # given three customers with an invoice each, posted
    business = open_business()
    totals = {"Brightwater": "550", "Coldbrook": "560", "Duskfield": "570"}
    for name, price in totals.items():
        business.account(name)
        business.wins(name, Sold(product="GTX Basic", price=price))
    business.live(until=FIRST_DAY + timedelta(days=1))
    by_total = {row["total"]: key for key, row in business.invoices().items()}
    voided, half_credited, given_up = (by_total[int(price) * 100] for price in totals.values())
    # when the first is voided
    business.voids(voided)
    # then it keeps its number and claims nothing, and the books agree
    row = business.books("invoice")[f"invoice:stripe:{voided}"]
    assert remaining(business, voided) == 0 and Decimal(str(row["total"])) == Decimal("550")
    assert row["tranId"] == business.invoices()[voided]["number"]
    business.ties()
    # when the second is voided although part of it was credited
    business.credits(half_credited, amount=6000)
    business.voids(half_credited)
    # then finance is asked, and nothing was reversed
    assert remaining(business, half_credited) == Decimal("500")
    business.controls()
    assert business.total("unexplained") == 0 and business.total("explained") != 0
    assert decide(business, "VOID_NOT_ALLOWED", "post_reversal")["counts"] == {"succeeded": 1}
    assert remaining(business, half_credited) == 0
    business.ties()
    # when billing gives the third up
    business.gives_up(given_up)
    business.controls()
    assert remaining(business, given_up) == Decimal("570") and business.total("unexplained") == 0
    assert decide(business, "WRITE_OFF_PROPOSED", "approve_write_off")["counts"] == {"succeeded": 1}
    # then it is an expense, and the books agree
    assert remaining(business, given_up) == 0
    memo = business.books("creditMemo")[f"write_off:stripe:{given_up}"]
    assert Decimal(str(memo["total"])) == Decimal("570")
    business.ties()
    assert not business.cases()

"""Service that rests: nothing is billed for the time of it, whenever it is told, and no day of it twice or never.

Ten a month from 14 May, noon to noon in New York; May's period has 31 days, June's 30, July's 31.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import httpx
import pytest

from connectors.errors import OutcomeUnknown, Rejected
from tests.connectors.stripe_billing.changing import Story, change, rounded, sells, sold
from tests.connectors.stripe_billing.changing import address as address
from tests.connectors.stripe_billing.changing import begin as begin

Begin = Callable[..., Story]
MID, BOUNDARY = date(2026, 6, 1), date(2026, 6, 14)
TEN = Decimal(10)


def days(number: int, of: int) -> Decimal:
    """The price of so many days of a period."""
    return rounded(TEN, Fraction(number, of), "USD")


def monthly(begin: Begin, **values: object) -> Story:
    return begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly", **values))


def says(story: Story, kind: str, on: date, *lines: object, told: date | None = None, **values: object) -> None:
    story.live_until(told or on)
    story.put(change(story.contract, kind, *lines, on=on, **values), today=told or on)


def test_what_was_billed_for_days_at_rest_is_credited_and_days_after_it_are_charged(begin: Begin) -> None:
    story = monthly(begin)
    says(story, "suspension", MID)
    assert story.billed() == TEN - days(13, 31)
    story.live_until(date(2026, 8, 1))
    assert story.billed() == TEN - days(13, 31)
    says(story, "reactivation", date(2026, 8, 1))
    assert story.billed() == TEN - days(13, 31) + days(13, 31)
    story.live_until(date(2026, 9, 1))
    assert story.billed() == TEN - days(13, 31) + days(13, 31) + TEN


def test_a_rest_told_after_its_period_was_billed_is_credited(begin: Begin) -> None:
    story = monthly(begin)
    says(story, "suspension", BOUNDARY, told=date(2026, 6, 20))
    assert story.billed() == TEN
    story.live_until(date(2026, 9, 1))
    assert story.billed() == TEN


def test_service_that_goes_on_from_a_boundary_is_billed_by_the_period_also_when_it_is_told_late(begin: Begin) -> None:
    story = monthly(begin)
    says(story, "suspension", BOUNDARY, told=date(2026, 6, 20))
    says(story, "reactivation", date(2026, 7, 14), told=date(2026, 7, 20))
    assert story.billed() == TEN + TEN
    story.live_until(date(2026, 8, 20))
    assert story.billed() == TEN + TEN + TEN


@pytest.mark.parametrize(
    ("policy", "credited"), [("credit_and_rebill", days(13, 31) + TEN), ("from_today", Decimal(0))]
)
def test_a_rest_before_the_billed_period_goes_by_the_policy(begin: Begin, policy: str, credited: Decimal) -> None:
    story = monthly(begin, backdating=policy)
    says(story, "suspension", MID, told=date(2026, 7, 14))
    # the running period is credited, and what was before it by the one policy only
    assert story.billed() == 2 * TEN - credited
    story.live_until(date(2026, 9, 1))
    assert story.billed() == 2 * TEN - credited


def test_a_rest_before_the_billed_period_is_left_to_people_where_no_policy_says_what_becomes_of_it(
    begin: Begin,
) -> None:
    story = monthly(begin)
    with pytest.raises(Rejected) as refused:
        says(story, "suspension", MID, told=date(2026, 7, 20))
    assert refused.value.reason == "BACKDATED_CHANGE"
    assert story.billed() == 3 * TEN and not story.subscription()["pause_collection"]


def test_what_ends_at_rest_is_credited_once(begin: Begin) -> None:
    story = monthly(begin)
    says(story, "suspension", MID)
    says(story, "cancellation", date(2026, 6, 5), ends_on=date(2026, 6, 4))
    assert (story.billed(), story.subscription()["status"]) == (TEN - days(13, 31), "canceled")
    story.live_until(date(2026, 8, 1))
    assert story.billed() == TEN - days(13, 31)


def test_more_sold_at_rest_is_billed_from_the_day_service_goes_on(begin: Begin) -> None:
    story = monthly(begin)
    says(story, "suspension", MID)
    says(story, "upsell", date(2026, 6, 5), *sells(prod_a=("2", "240.00")))
    assert story.billed() == TEN - days(13, 31)
    says(story, "reactivation", date(2026, 6, 10))
    assert story.billed() == TEN - days(13, 31) + rounded(2 * TEN, Fraction(4, 31), "USD")


def test_nothing_is_given_back_where_that_was_agreed(begin: Begin) -> None:
    story = monthly(begin)
    says(story, "suspension", MID, credits_unused=False)
    story.live_until(date(2026, 8, 1))
    assert story.billed() == TEN


@pytest.mark.parametrize("kind", ["suspension", "reactivation"])
@pytest.mark.parametrize("silent", ["/v1/invoiceitems$", "/v1/invoices$", "/v1/subscriptions/"])
def test_a_call_that_was_never_answered_credits_and_charges_once(
    begin: Begin, address: str, kind: str, silent: str
) -> None:
    story = monthly(begin)
    if kind == "reactivation":
        says(story, "suspension", MID)
    story.live_until(date(2026, 6, 5))
    wanted, today = change(story.contract, kind, on=date(2026, 6, 5)), date(2026, 6, 5)
    failing = {"internal_errors": {"times": 1, "path": silent, "commit": True}}
    httpx.patch(f"{address}/_sandbox/settings", json=failing).raise_for_status()
    with pytest.raises(OutcomeUnknown):
        story.put(wanted, today=today)
    again = replace(story.parcel(wanted, today=today), request_key=f"{story.billing.clock}-again")
    assert story.billing.deliver(again).version == wanted.version
    story.advance(story.now + timedelta(minutes=5))
    billed = TEN - days(9, 31) if kind == "suspension" else TEN - days(13, 31) + days(9, 31)
    assert story.billed() == billed

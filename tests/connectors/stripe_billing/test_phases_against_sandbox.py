"""Prices and seats by year and free months against the Stripe sandbox: each stretch is billed at exactly its price."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import money
from connectors.canonical import NO_END, ContractLine, SubscriptionContract
from connectors.errors import OutcomeUnknown, Rejected
from connectors.segments import months_later
from connectors.stripe_billing import amounts, listing, phases
from tests.connectors.stripe_billing.changing import (
    CURRENCIES,
    CUSTOMER,
    ONE_DAY,
    STARTS,
    ZONE,
    Story,
    change,
    part_of_year,
    rounded,
    sells,
    sold,
)
from tests.connectors.stripe_billing.changing import address as address
from tests.connectors.stripe_billing.changing import begin as begin

Begin = Callable[..., Story]


def line(
    amount: str, *, months: tuple[int, int | None], quantity: str = "1", product: str = "prod_a", currency: str = "USD"
) -> ContractLine:
    """A line over some months of the contract, counted from its first day; None runs to no end."""
    (one,) = sells(currency, **{product: (quantity, amount)})
    first, last = months
    return replace(
        one, line_id=f"{product}-{first}", own_dates=True, starts_on=months_later(STARTS, first),
        ends_on=NO_END if last is None else months_later(STARTS, last) - ONE_DAY,
    )  # fmt: skip


def over(months: int, *lines: ContractLine, **values: Any) -> SubscriptionContract:
    """A contract over so many months."""
    ends = NO_END if not months else months_later(STARTS, months) - ONE_DAY
    return sold(*lines, **{"term_months": months, "ends_on": ends, **values})


def agreed(story: Story) -> Decimal:
    """What the control reads of the contract in billing."""
    pages = story.billing.api.pages(
        "/v1/subscriptions", customer=story.customer, status="all", expand=["data.schedule.phases.items.price"]
    )
    (row,) = [row for page in pages for row in page]
    found = listing.contract_line(row, day=STARTS, zone=ZONE)
    assert found is not None
    return found.net


def after(months: int) -> date:
    """The day after so many months have begun."""
    return months_later(STARTS, months) + ONE_DAY


# -- prices and seats by year -----------------------------------------------------------------------------
def test_each_year_is_billed_at_its_own_price_and_seats(begin: Begin) -> None:
    # given three years, the second dearer, the third with more seats
    story = begin(
        over(
            36,
            line("1000.00", months=(0, 12)),
            line("1200.00", months=(12, 24)),
            line("2400.00", months=(24, 36), quantity="2"),
        )
    )
    # then leg one counts all of it from the first day on
    assert (story.billed(), agreed(story)) == (Decimal(1000), Decimal(4600))
    story.live_until(after(12))
    assert (story.billed(), agreed(story)) == (Decimal(2200), Decimal(4600))
    story.live_until(after(24))
    assert story.billed() == Decimal(4600)
    assert story.subscription()["items"]["data"][0]["quantity"] == 2
    story.live_until(after(36))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(4600), "canceled")
    assert agreed(story) == Decimal(4600)


def test_what_is_sold_all_along_and_what_joins_later_are_billed_side_by_side(begin: Begin) -> None:
    (base,) = sells(prod_b=("1", "200.00"))
    story = begin(over(24, base, line("70.00", months=(0, 12)), line("130.00", months=(12, 24))))
    assert (story.billed(), agreed(story)) == (Decimal(170), Decimal(400))
    story.live_until(after(12))
    assert story.billed() == Decimal(400)


def test_a_price_that_changes_within_the_year_is_billed_month_by_month(begin: Begin) -> None:
    story = begin(over(12, line("60.00", months=(0, 6)), line("120.00", months=(6, 12)), billing_frequency="monthly"))
    assert story.billed() == Decimal(10)
    story.live_until(after(6))
    assert story.billed() == Decimal(80)
    story.live_until(after(12))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(180), "canceled")


def test_the_last_price_of_a_contract_without_an_end_goes_on(begin: Begin) -> None:
    story = begin(over(0, line("100.00", months=(0, 12)), line("150.00", months=(12, None))))
    assert agreed(story) == Decimal(250)
    story.live_until(after(36))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(550), "active")


# -- free months ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("frequency", "months", "first", "whole"),
    [
        # fifteen months, three of them free: one year in advance
        ("annual_in_advance", 15, "900.00", "900.00"),
        # a year, three months of it free: nine months in advance
        ("annual_in_advance", 12, "900.00", "900.00"),
        ("prepaid", 27, "900.00", "900.00"),
        ("quarterly", 12, "300.00", "900.00"),
        ("monthly", 12, "100.00", "900.00"),
    ],
)
def test_nothing_is_billed_in_free_months_and_then_exactly_the_price(
    begin: Begin, frequency: str, months: int, first: str, whole: str
) -> None:
    story = begin(over(months, *sells(prod_a=("1", "900.00")), free_months=3, billing_frequency=frequency))
    assert (story.billed(), agreed(story)) == (Decimal(0), Decimal(900))
    story.live_until(months_later(STARTS, 3) - ONE_DAY)
    assert story.billed() == Decimal(0)
    story.live_until(after(3))
    assert story.billed() == Decimal(first)
    story.live_until(after(months))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(whole), "canceled")


def test_free_months_may_come_last(begin: Begin) -> None:
    story = begin(over(14, line("900.00", months=(0, 12)), line("0.00", months=(12, 14))))
    assert (story.billed(), agreed(story)) == (Decimal(900), Decimal(900))
    story.live_until(after(14))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(900), "canceled")


# -- what cannot be billed --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("contract", "reason", "words"),
    [
        (over(24, line("1.00", months=(0, 12))), "PRICES_OVER_TIME_NOT_BILLABLE", "nothing is sold from 2027-05-14"),
        (over(12, line("1.00", months=(0, 24))), "PRICES_OVER_TIME_NOT_BILLABLE", "the contract runs from"),
        (over(36, line("1.00", months=(0, 18)), line("1.00", months=(18, 36))), "PRICES_OVER_TIME_NOT_BILLABLE",
         "are 18 months, which cannot be billed annual in advance"),
        (over(24, line("1.00", months=(0, 12)), line("2.00", months=(12, 24)), billing_frequency="prepaid"),
         "PRICES_OVER_TIME_NOT_BILLABLE", "what is prepaid has one price"),
        (over(12, *sells(prod_a=("1", "1.00")), free_months=12), "PRICES_OVER_TIME_NOT_BILLABLE", "the whole contract"),
        (over(12, *sells(prod_a=("1", "1.00")), free_months=5, billing_frequency="monthly"), "ROUNDING",
         "is not 7 equal amounts"),
        (over(12, *(line("1.00", months=(n, n + 1)) for n in range(12)), billing_frequency="monthly"),
         "PRICES_OVER_TIME_NOT_BILLABLE", "its prices change 11 times; billing takes 9"),
    ],
)  # fmt: skip
def test_what_cannot_be_billed_exactly_is_refused_with_its_dates(
    begin: Begin, contract: SubscriptionContract, reason: str, words: str
) -> None:
    with pytest.raises(Rejected) as refused:
        begin(contract)
    assert refused.value.reason == reason
    assert words in refused.value.text


def test_a_contract_that_comes_after_its_first_price_is_over_is_refused(begin: Begin) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(after(12))
    story.held = ""
    late = over(24, line("1.00", months=(0, 12)), line("2.00", months=(12, 24)))
    with pytest.raises(Rejected) as refused:
        story.billing.deliver(story.parcel(late, today=after(12)))
    assert refused.value.reason == "PRICES_OVER_TIME_NOT_BILLABLE"


# -- silence ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("silent", ["/v1/subscriptions$", "/v1/subscription_schedules$", "/v1/subscription_schedules/"])
def test_what_was_begun_and_never_answered_is_found_unfinished_and_gone_on_with(
    begin: Begin, address: str, silent: str
) -> None:
    # given a customer, and a contract whose set-up goes silent after Stripe took a part of it
    story = begin(sold(*sells(prod_b=("1", "365.00"))))
    story.held = ""
    contract = over(24, line("100.00", months=(0, 12)), line("200.00", months=(12, 24)))
    failing = {"internal_errors": {"times": 1, "path": silent, "commit": True}}
    httpx.patch(f"{address}/_sandbox/settings", json=failing).raise_for_status()
    with pytest.raises(OutcomeUnknown):
        story.put(contract, today=STARTS)
    # then the look-up shows no version of it, or one that is not whole
    found = story.billing.find(kind="contract", reference=contract.reference, known={CUSTOMER: story.customer})
    assert [receipt.version for receipt in found] == [0]
    # when it is handed over again under another key, as after such a look-up
    parcel = replace(story.parcel(contract, today=STARTS), request_key=f"{story.billing.clock}-again")
    receipt = story.billing.deliver(parcel)
    # then there is one subscription and one schedule, whole
    found = story.billing.find(kind="contract", reference=contract.reference, known={CUSTOMER: story.customer})
    assert [(one.external_id, one.version) for one in found] == [(receipt.external_id, 1)]
    story.advance(story.now + timedelta(minutes=5))
    assert story.billed() == Decimal(465)
    pages = story.billing.api.pages("/v1/subscription_schedules", customer=story.customer)
    (schedule,) = [row for page in pages for row in page]
    assert schedule["metadata"] == {"q2c_reference": contract.reference, "q2c_version": "1"}
    assert [phase["end_date"] for phase in schedule["phases"]] == [
        phases.stretches(contract, zone=ZONE)[n].ends for n in (0, 1)
    ]


@pytest.mark.parametrize("silent", ["/v1/subscriptions/", "/v1/subscription_schedules/"])
def test_a_change_that_was_never_answered_half_way_is_gone_on_with(begin: Begin, address: str, silent: str) -> None:
    story = begin(over(24, line("365.00", months=(0, 12)), line("500.00", months=(12, 24))))
    story.live_until(date(2026, 7, 1))
    lines = (line("730.00", months=(0, 12)), line("1000.00", months=(12, 24)))
    bigger = change(story.contract, "upsell", *lines, on=date(2026, 7, 1))
    failing = {"internal_errors": {"times": 1, "path": silent, "commit": True}}
    httpx.patch(f"{address}/_sandbox/settings", json=failing).raise_for_status()
    with pytest.raises(OutcomeUnknown):
        story.put(bigger, today=date(2026, 7, 1))
    (found,) = story.billing.find(kind="contract", reference=bigger.reference, known={CUSTOMER: story.customer})
    assert found.version == 1
    again = replace(story.parcel(bigger, today=date(2026, 7, 1)), request_key=f"{story.billing.clock}-again")
    assert story.billing.deliver(again).version == 2
    story.advance(story.now + timedelta(minutes=5))
    left = part_of_year(date(2026, 7, 1))
    first = Decimal(365) + rounded(Decimal(730), left, "USD") - rounded(Decimal(365), left, "USD")
    assert (story.billed(), agreed(story)) == (first, Decimal(1730))
    story.live_until(after(12))
    assert story.billed() == first + Decimal(1000)


def test_an_end_with_the_term_leaves_all_that_was_agreed_on_leg_one(begin: Begin) -> None:
    story = begin(over(24, line("100.00", months=(0, 12)), line("300.00", months=(12, 24))))
    ends = date(2028, 5, 14)
    story.put(change(story.contract, "cancellation", on=ends, ends_on=ends - ONE_DAY), today=STARTS)
    assert agreed(story) == Decimal(400)
    story.live_until(after(24))
    assert (story.billed(), story.subscription()["status"], agreed(story)) == (Decimal(400), "canceled", Decimal(400))


def test_a_schedule_changed_in_billing_shows_on_leg_one(begin: Begin) -> None:
    story = begin(over(24, line("100.00", months=(0, 12)), line("200.00", months=(12, 24))))
    schedule = story.subscription()["schedule"]
    read = story.billing.api.get(f"/v1/subscription_schedules/{schedule}", expand=["phases.items.price"])
    stated = [phases.as_parameters(phase) for phase in read["phases"]]
    stated[1]["items"][0]["quantity"] = 2
    story.billing.api.post(f"/v1/subscription_schedules/{schedule}", {"phases": stated}, key=f"{schedule}-by-hand")
    assert agreed(story) == Decimal(500)
    # and one that somebody released leaves the first price running
    story.billing.api.post(f"/v1/subscription_schedules/{schedule}/release", {}, key=f"{schedule}-released")
    assert agreed(story) == Decimal(200)


# -- changes of what changes over time --------------------------------------------------------------------
def test_an_upsell_bills_the_rest_of_the_year_and_the_later_years_anew(begin: Begin) -> None:
    story = begin(over(24, line("365.00", months=(0, 12)), line("500.00", months=(12, 24))))
    story.live_until(date(2026, 7, 1))
    bigger = change(
        story.contract, "upsell", line("730.00", months=(0, 12), quantity="2"),
        line("1000.00", months=(12, 24), quantity="2"), on=date(2026, 7, 1),
    )  # fmt: skip
    receipt = story.put(bigger, today=date(2026, 7, 1))
    left = part_of_year(date(2026, 7, 1))
    first = Decimal(365) + rounded(Decimal(730), left, "USD") - rounded(Decimal(365), left, "USD")
    assert (receipt.version, story.billed(), agreed(story)) == (2, first, Decimal(1730))
    story.live_until(after(12))
    assert story.billed() == first + Decimal(1000)
    story.live_until(after(24))
    assert (story.billed(), story.subscription()["status"]) == (first + Decimal(1000), "canceled")


def test_an_upsell_in_the_second_year_leaves_the_first_and_changes_the_third(begin: Begin) -> None:
    years = (line("365.00", months=(0, 12)), line("366.00", months=(12, 24)), line("400.00", months=(24, 36)))
    story = begin(over(36, *years))
    on = date(2028, 2, 14)
    story.live_until(on)
    assert story.billed() == Decimal(731)
    bigger = (years[0], line("732.00", months=(12, 24)), line("800.00", months=(24, 36)))
    story.put(change(story.contract, "upsell", *bigger, on=on), today=on)
    # 90 days and the hour the clocks go ahead are left of the 366 days of the second year
    left = Fraction(90 * 24 - 1, 366 * 24)
    second = Decimal(731) + rounded(Decimal(732), left, "USD") - rounded(Decimal(366), left, "USD")
    assert (story.billed(), agreed(story)) == (second, Decimal(365 + 732 + 800))
    story.live_until(after(36))
    assert (story.billed(), story.subscription()["status"]) == (second + Decimal(800), "canceled")


def test_a_contract_of_one_price_gets_others_for_later_years(begin: Begin) -> None:
    story = begin(over(24, *sells(prod_a=("1", "200.00"))))
    story.live_until(date(2026, 7, 1))
    ramp = (line("100.00", months=(0, 12)), line("300.00", months=(12, 24)))
    story.put(change(story.contract, "amendment", *ramp, on=date(2026, 7, 1)), today=date(2026, 7, 1))
    assert (story.billed(), agreed(story)) == (Decimal(100), Decimal(400))
    story.live_until(after(24))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(400), "canceled")


def test_a_contract_of_several_prices_gets_one(begin: Begin) -> None:
    story = begin(over(24, line("100.00", months=(0, 12)), line("300.00", months=(12, 24))))
    story.live_until(date(2026, 7, 1))
    flat = sells(prod_a=("1", "200.00"))
    story.put(change(story.contract, "downsell", *flat, on=date(2026, 7, 1)), today=date(2026, 7, 1))
    assert agreed(story) == Decimal(200)
    story.live_until(after(24))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(200), "canceled")


def test_a_renewal_may_have_a_price_for_each_year(begin: Begin) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2027, 4, 1))
    starts = date(2027, 5, 14)
    renewed = change(
        story.contract, "renewal", line("400.00", months=(12, 24)), line("500.00", months=(24, 36)), on=starts,
        starts_on=starts, ends_on=date(2029, 5, 13), term_months=24,
    )  # fmt: skip
    story.put(renewed, today=date(2027, 4, 1))
    assert (story.billed(), agreed(story)) == (Decimal(365), Decimal(900))
    story.live_until(after(12))
    assert story.billed() == Decimal(765)
    story.live_until(after(36))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(1265), "canceled")


def test_a_contract_of_several_prices_is_renewed_at_one(begin: Begin) -> None:
    story = begin(over(24, line("100.00", months=(0, 12)), line("300.00", months=(12, 24))))
    starts = date(2028, 5, 14)
    renewed = change(
        story.contract, "renewal", *sells(prod_a=("1", "350.00")), on=starts, starts_on=starts,
        ends_on=date(2029, 5, 13), term_months=12,
    )  # fmt: skip
    # told in its first year
    story.put(renewed, today=STARTS)
    story.live_until(after(24))
    assert story.billed() == Decimal(750)
    story.live_until(after(36))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(750), "canceled")


@pytest.mark.parametrize(
    ("ends", "billed"),
    [
        # told in the first year: it ends with that year, in the middle of the second, and at once
        (date(2027, 5, 14), Decimal(100)),
        (date(2028, 1, 14), None),
        (date(2026, 7, 1), Decimal(100) - rounded(Decimal(100), part_of_year(date(2026, 7, 1)), "USD")),
    ],
)
def test_a_contract_of_several_prices_is_ended_on_the_day_agreed(
    begin: Begin, ends: date, billed: Decimal | None
) -> None:
    story = begin(over(24, line("100.00", months=(0, 12)), line("300.00", months=(12, 24))))
    story.live_until(date(2026, 7, 1))
    over_ = change(story.contract, "cancellation", on=ends, ends_on=ends - ONE_DAY)
    story.put(over_, today=date(2026, 7, 1))
    assert agreed(story) == 0
    story.live_until(after(24))
    if billed is None:
        # the last year is billed for its days only
        year = (date(2028, 5, 14) - date(2027, 5, 14)).days
        # an hour is lost in between: standard time on that day, daylight time at the start of the year
        seconds = (date(2028, 1, 14) - date(2027, 5, 14)).days * 86_400 + 3600
        billed = Decimal(100) + (Decimal(300) * seconds / (year * 86_400)).quantize(Decimal("0.01"))
    assert (story.billed(), story.subscription()["status"]) == (billed, "canceled")


def test_a_suspended_contract_of_several_prices_goes_on_where_it_would_be(begin: Begin) -> None:
    story = begin(over(12, line("60.00", months=(0, 6)), line("120.00", months=(6, 12)), billing_frequency="monthly"))
    story.live_until(date(2026, 10, 1))
    story.put(change(story.contract, "suspension", on=date(2026, 10, 1)), today=date(2026, 10, 1))
    story.live_until(date(2026, 12, 1))
    # 13 days of September's period are at rest, and of November's first one at the new price 13 are not; it is an hour
    # off at its end, where the clocks have changed
    rested = rounded(Decimal(10), Fraction(13, 30), "USD")
    assert story.billed() == Decimal(50) - rested
    story.put(change(story.contract, "reactivation", on=date(2026, 12, 1)), today=date(2026, 12, 1))
    served = rounded(Decimal(20), Fraction(13 * 24 - 1, 30 * 24), "USD")
    assert story.billed() == Decimal(50) - rested + served
    story.live_until(date(2026, 12, 20))
    assert story.billed() == Decimal(70) - rested + served


# -- any ramp, in six currencies --------------------------------------------------------------------------
@st.composite
def ramps(draw: Any) -> tuple[str, int, list[tuple[int, Decimal]]]:
    """A currency, free months, and for each year how many are sold and for how much."""
    currency = draw(st.sampled_from(CURRENCIES))
    step = 10 if currency in amounts.LAST_DIGIT_ZERO else 1
    years = []
    for _ in range(draw(st.integers(1, 3))):
        quantity, unit = draw(st.integers(1, 9)), draw(st.integers(0, 99_999)) * step
        years.append((quantity, Decimal(quantity * unit).scaleb(-money.minor_units(currency))))
    return currency, draw(st.integers(0, 4)), years


@given(ramp=ramps())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_ramp_bills_exactly_the_price_of_each_year_in_six_currencies(begin: Begin, ramp: Any) -> None:
    currency, free, years = ramp
    lines = [
        line(
            format(amount, "f"), months=(free + 12 * n if n else 0, free + 12 * n + 12), quantity=str(quantity),
            currency=currency,
        )
        for n, (quantity, amount) in enumerate(years)
    ]  # fmt: skip
    months = free + 12 * len(years)
    story = begin(over(months, *lines, currency=currency, free_months=free))
    whole = sum((amount for _, amount in years), Decimal(0))
    assert agreed(story) == whole
    expected = Decimal(0)
    for n, (_, amount) in enumerate(years):
        if free and not n:
            assert story.billed() == 0
        expected += amount
        story.live_until(after(free + 12 * n))
        assert story.billed() == expected
    story.live_until(after(months))
    assert (story.billed(), story.subscription()["status"]) == (expected, "canceled")
    assert agreed(story) == whole

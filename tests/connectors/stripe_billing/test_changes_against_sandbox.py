"""Changes of contracts against the Stripe sandbox: what is billed in the end is what an independent sum says, exactly.

The sum knows nothing of the connector: it walks through the agreed contents by seconds of the billing period, as
Stripe documents its prorations (docs.stripe.com/billing/subscriptions/prorations), item by item, half away from zero.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import money
from connectors.canonical import NO_END, ContractLine
from connectors.errors import Rejected
from connectors.stripe_billing import amounts, contracts
from tests.connectors.stripe_billing.changing import (
    CURRENCIES,
    CUSTOMER,
    ONE_DAY,
    PRODUCTS,
    STARTS,
    Story,
    change,
    part_of_year,
    rounded,
    sells,
    sold,
)
from tests.connectors.stripe_billing.changing import address as address
from tests.connectors.stripe_billing.changing import begin as begin


# -- single changes ---------------------------------------------------------------------------------------
def test_an_upsell_bills_the_rest_of_the_year(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 7, 1))
    bigger = change(
        story.contract, "upsell", *sells(prod_a=("2", "730.00"), prod_b=("1", "365.00")), on=date(2026, 7, 1)
    )
    receipt = story.put(bigger, today=date(2026, 7, 1))
    left = part_of_year(date(2026, 7, 1))
    more = rounded(Decimal(730), left, "USD") - rounded(Decimal(365), left, "USD") + rounded(Decimal(365), left, "USD")
    assert story.billed() == Decimal(365) + more
    assert receipt.version == 2 and receipt.external_id == story.held


def test_a_change_that_was_taken_already_is_not_written_again(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 6, 1))
    bigger = change(story.contract, "upsell", *sells(prod_a=("2", "730.00")), on=date(2026, 6, 1))
    story.put(bigger, today=date(2026, 6, 1))
    billed = story.billed()
    # under the same key and, as after a look-up, under another one
    story.put(bigger, today=date(2026, 6, 1))
    again = replace(story.parcel(bigger, today=date(2026, 6, 1)), request_key=f"{story.billing.clock}-again")
    story.billing.deliver(again)
    assert story.billed() == billed
    (found,) = story.billing.find(kind="contract", reference=bigger.reference, known={CUSTOMER: story.customer})
    assert (found.version, found.external_id) == (2, story.held)


def test_an_end_now_credits_what_is_left_and_bills_nothing_more(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    over = change(story.contract, "cancellation", on=date(2026, 8, 20), ends_on=date(2026, 8, 19))
    story.put(over, today=date(2026, 8, 20))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2026, 8, 20)), "USD")
    assert story.subscription()["status"] == "canceled"
    story.live_until(date(2027, 6, 20))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2026, 8, 20)), "USD")


def test_an_end_agreed_without_credit_credits_nothing(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    over = change(story.contract, "cancellation", on=date(2026, 8, 20), ends_on=date(2026, 8, 19), credits_unused=False)
    story.put(over, today=date(2026, 8, 20))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(365), "canceled")


def test_an_end_agreed_for_later_is_told_at_once_and_credited_from_its_day(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    over = change(story.contract, "cancellation", on=date(2026, 11, 3), ends_on=date(2026, 11, 2))
    story.put(over, today=date(2026, 8, 20))
    assert story.subscription()["status"] == "active"
    story.live_until(date(2026, 11, 4))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2026, 11, 3)), "USD")
    assert story.subscription()["status"] == "canceled"


def test_a_renewal_bills_its_new_price_from_the_new_term_on(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2027, 4, 1))
    renewed = change(
        story.contract, "renewal", *sells(prod_a=("1", "400.00")), on=date(2027, 5, 14),
        starts_on=date(2027, 5, 14), ends_on=date(2028, 5, 13),
    )  # fmt: skip
    story.put(renewed, today=date(2027, 4, 1))
    assert story.billed() == Decimal(365)
    story.live_until(date(2027, 5, 15))
    assert story.billed() == Decimal(765)
    story.live_until(date(2028, 6, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(765), "canceled")


def test_a_contract_cut_to_another_ones_end_is_credited_from_there(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "365.00"))))
    story.live_until(date(2026, 8, 20))
    cut = change(story.contract, "co_term", on=date(2026, 8, 20), ends_on=date(2026, 12, 31))
    story.put(cut, today=date(2026, 8, 20))
    assert story.billed() == Decimal(365) - rounded(Decimal(365), part_of_year(date(2027, 1, 1)), "USD")
    story.live_until(date(2027, 6, 1))
    assert story.subscription()["status"] == "canceled"


def test_months_are_billed_one_by_one_until_the_term_ends(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("3", "360.00")), billing_frequency="monthly"))
    assert story.billed() == Decimal(30)
    story.live_until(date(2026, 7, 15))
    assert story.billed() == Decimal(90)
    story.live_until(date(2027, 7, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(360), "canceled")


@pytest.mark.parametrize(
    ("months", "frequency", "ends_on", "after_a_year"),
    [
        (36, "prepaid", date(2029, 5, 13), "3600.00"),
        (36, "annual_in_advance", date(2029, 5, 13), "2400.00"),
        (15, "prepaid", date(2027, 8, 13), "3600.00"),
        (24, "quarterly", date(2028, 5, 13), "2250.00"),
    ],
)
def test_terms_of_other_lengths(
    begin: Callable[..., Story], months: int, frequency: str, ends_on: date, after_a_year: str
) -> None:
    story = begin(
        sold(*sells(prod_a=("1", "3600.00")), term_months=months, billing_frequency=frequency, ends_on=ends_on)
    )
    story.live_until(date(2027, 5, 15))
    assert story.billed() == Decimal(after_a_year)
    story.live_until(ends_on + timedelta(days=3))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(3600), "canceled")


def test_a_contract_without_an_end_goes_on_until_it_is_ended(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), term_months=0, ends_on=NO_END))
    story.live_until(date(2028, 6, 1))
    assert story.billed() == Decimal(360)
    over = change(story.contract, "cancellation", on=date(2029, 5, 14), ends_on=date(2029, 5, 13))
    story.put(over, today=date(2028, 6, 1))
    story.live_until(date(2029, 7, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(360), "canceled")


def test_the_term_a_subscription_shows_follows_its_changes(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly"))

    def shown() -> list[str]:
        pages = story.billing.list_day(kind="contract_term", entity="US01", day=date(2020, 1, 1))
        return [line.status for page in pages for line in page.lines]

    assert shown() == ["2027-05-13 v1"]
    story.live_until(date(2026, 6, 1))
    over = change(story.contract, "cancellation", on=date(2026, 8, 14), ends_on=date(2026, 8, 13))
    story.put(over, today=date(2026, 6, 1))
    assert shown() == ["2026-08-13 v2"]
    story.live_until(date(2026, 9, 1))
    assert shown() == ["ended v2"]
    story = begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly", term_months=0, ends_on=NO_END))
    assert shown() == ["no end v1"]


def test_a_contract_co_termed_at_its_sale_bills_its_own_price_once(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "77.77")), ends_on=date(2026, 12, 31)))
    story.live_until(date(2027, 3, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal("77.77"), "canceled")


def test_a_change_dated_before_the_billed_period_stops(begin: Callable[..., Story]) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly"))
    story.live_until(date(2026, 8, 1))
    with pytest.raises(Rejected) as refused:
        story.put(
            change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 1)),
            today=date(2026, 8, 1),
        )
    assert refused.value.reason == "BACKDATED_CHANGE"


# -- the clocks change ------------------------------------------------------------------------------------
#: a contract that begins in one time of the year, and the first day of a period in the other
OVER_THE_CHANGE = [(date(2026, 5, 14), date(2026, 12, 14), 7), (date(2026, 1, 14), date(2026, 6, 14), 5)]


@pytest.mark.parametrize(("starts", "on", "months"), OVER_THE_CHANGE)
def test_a_change_on_a_periods_first_day_bills_the_whole_period_also_after_the_clocks_changed(
    begin: Callable[..., Story], starts: date, on: date, months: int
) -> None:
    ends = date(starts.year + 1, starts.month, 13)
    year = {"starts_on": starts, "effective_on": starts, "ends_on": ends, "billing_frequency": "monthly"}
    story = begin(sold(*sells(prod_a=("1", "120.00")), **year))
    story.live_until(on)
    assert story.billed() == 10 * (months + 1)
    story.put(change(story.contract, "upsell", *sells(prod_a=("3", "360.00")), on=on), today=on)
    assert story.billed() == 10 * months + 30
    # and an end on such a day, told before it, charges and credits no hour
    later = date(on.year, on.month, 14) + timedelta(days=31)
    later = later.replace(day=14)
    over = change(story.contract, "cancellation", on=later, ends_on=later - ONE_DAY)
    story.put(over, today=on)
    story.live_until(later + ONE_DAY)
    assert (story.billed(), story.subscription()["status"]) == (10 * months + 30, "canceled")


@pytest.mark.parametrize(("starts", "on", "months"), OVER_THE_CHANGE)
def test_an_end_on_a_periods_first_day_credits_the_whole_period_also_after_the_clocks_changed(
    begin: Callable[..., Story], starts: date, on: date, months: int
) -> None:
    ends = date(starts.year + 1, starts.month, 13)
    year = {"starts_on": starts, "effective_on": starts, "ends_on": ends, "billing_frequency": "monthly"}
    story = begin(sold(*sells(prod_a=("1", "120.00")), **year))
    story.live_until(on)
    story.put(change(story.contract, "cancellation", on=on, ends_on=on - ONE_DAY), today=on)
    assert story.billed() == 10 * months


def test_twenty_lines_are_one_subscription_and_one_more_is_refused_before_and_by_stripe(
    begin: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a contract of as many lines as a subscription takes
    (line,) = sells(prod_a=("1", "12.00"))
    many = [replace(line, line_id=f"line-{number}") for number in range(21)]
    assert len(begin(sold(*many[:20])).subscription()["items"]["data"]) == 20
    # when there is one more, it is refused with both numbers, and Stripe is not asked
    with pytest.raises(Rejected) as refused:
        begin(sold(*many))
    assert (refused.value.reason, refused.value.value) == ("TOO_MANY_LINES", "21 of 20")
    # then Stripe itself would not have taken it either
    monkeypatch.setattr(contracts, "MOST_ITEMS", 10_001)
    with pytest.raises(Rejected) as refused:
        begin(sold(*many))
    assert refused.value.field == "items"


# -- any sequence -----------------------------------------------------------------------------------------
@st.composite
def contents(draw: Any, currency: str) -> dict[str, tuple[int, Decimal]]:
    """Quantity and amount by product; whole per unit, and as Stripe takes the currency."""
    chosen = draw(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=3, unique=True))
    step = 10 if currency in amounts.LAST_DIGIT_ZERO else 1
    found = {}
    for product in chosen:
        quantity, unit = draw(st.integers(1, 7)), draw(st.integers(1, 99_999)) * step
        found[product] = (quantity, Decimal(quantity * unit).scaleb(-money.minor_units(currency)))
    return found


@st.composite
def histories(draw: Any) -> tuple[str, dict[str, tuple[int, Decimal]], list[tuple[int, str, Any]], int | None]:
    """A currency, what is sold first, changes on rising days of the year, and perhaps an end."""
    currency = draw(st.sampled_from(CURRENCIES))
    days = sorted(draw(st.lists(st.integers(1, 350), max_size=3, unique=True)))
    changes = [(day, "amendment", draw(contents(currency))) for day in days]
    end = draw(st.none() | st.integers((days[-1] if days else 0) + 1, 360))
    return currency, draw(contents(currency)), changes, end


@given(history=histories())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sequence_of_changes_is_billed_to_the_last_minor_unit(begin: Callable[..., Story], history: Any) -> None:
    currency, first, changes, end = history

    def lines(content: dict[str, tuple[int, Decimal]]) -> tuple[ContractLine, ...]:
        return sells(currency, **{name: (str(n), format(amount, "f")) for name, (n, amount) in content.items()})

    story = begin(sold(*lines(first), currency=currency))
    expected, held = sum((amount for _, amount in first.values()), Decimal(0)), first
    for day, kind, content in changes:
        on = STARTS + timedelta(days=day)
        story.live_until(on)
        story.put(change(story.contract, kind, *lines(content), on=on), today=on)
        left = part_of_year(on)
        for product in {*held, *content}:
            if held.get(product) != content.get(product):
                expected -= rounded(held.get(product, (0, Decimal(0)))[1], left, currency)
                expected += rounded(content.get(product, (0, Decimal(0)))[1], left, currency)
        held = content
        assert story.billed() == expected
    if end is not None:
        on = STARTS + timedelta(days=end)
        story.live_until(on)
        story.put(change(story.contract, "cancellation", on=on, ends_on=on - ONE_DAY), today=on)
        expected -= sum((rounded(amount, part_of_year(on), currency) for _, amount in held.values()), Decimal(0))
        assert story.billed() == expected

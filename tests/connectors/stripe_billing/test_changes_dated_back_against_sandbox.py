"""Changes dated before the running period against the Stripe sandbox: what each policy makes of them, exactly.

The expected sums walk through the periods by their seconds and know nothing of the connector.
"""

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
from connectors.canonical import ContractLine
from connectors.errors import OutcomeUnknown, Rejected
from connectors.segments import months_later
from connectors.stripe_billing import amounts
from tests.connectors.stripe_billing.changing import (
    CURRENCIES,
    ONE_DAY,
    PRODUCTS,
    STARTS,
    Story,
    change,
    noon,
    rounded,
    sells,
    sold,
)
from tests.connectors.stripe_billing.changing import address as address
from tests.connectors.stripe_billing.changing import begin as begin

Begin = Callable[..., Story]
TODAY = date(2026, 8, 1)
REBILL, FROM_TODAY = {"backdating": "credit_and_rebill"}, {"backdating": "from_today"}


def part(month: int, on: date) -> Fraction:
    """What is left of a month of the contract (all of it runs within daylight time) from noon of a day."""
    first, last = months_later(STARTS, month), months_later(STARTS, month + 1)
    day = max(first, on)
    return Fraction(noon(last) - noon(day), noon(last) - noon(first))


def monthly(begin: Begin, *lines: ContractLine, **values: Any) -> Story:
    """A contract billed by the month, on 1 August: three months are billed."""
    story = begin(sold(*(lines or sells(prod_a=("1", "120.00"))), billing_frequency="monthly", **values))
    story.live_until(TODAY)
    return story


def corrected(story: Story) -> list[dict[str, Any]]:
    """The invoice lines that correct earlier periods, by period and text."""
    pages = story.billing.api.pages("/v1/invoices", customer=story.customer)
    rows = [line for page in pages for invoice in page for line in invoice["lines"]["data"]]
    named = [line for line in rows if "q2c_change" in line["metadata"]]
    return sorted(named, key=lambda line: (line["period"]["start"], line["amount"]))


def test_it_is_billed_from_today_where_the_company_says_so(begin: Begin) -> None:
    story = monthly(begin)
    bigger = change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 1), **FROM_TODAY)
    story.put(bigger, today=TODAY)
    left = part(2, TODAY)
    assert story.billed() == Decimal(30) + rounded(Decimal(20), left, "USD") - rounded(Decimal(10), left, "USD")
    assert corrected(story) == []


def test_earlier_periods_are_credited_and_billed_again_where_the_company_says_so(begin: Begin) -> None:
    # given three months billed at 10
    story = monthly(begin)
    # when 20 were agreed from 1 June on
    on = date(2026, 6, 1)
    story.put(change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=on, **REBILL), today=TODAY)
    # then the rest of the first month, the whole second and the running one are billed at 20
    first = rounded(Decimal(20), part(0, on), "USD") - rounded(Decimal(10), part(0, on), "USD")
    assert story.billed() == Decimal(30) + first + Decimal(10) + Decimal(10)
    # and each line names its period and its product
    assert [(line["amount"], line["description"]) for line in corrected(story)[2:]] == [
        (-1000, "Credit of what was billed: prod_a, 2026-06-14 to 2026-07-13 (change 2)"),
        (2000, "Billed again as agreed: prod_a, 2026-06-14 to 2026-07-13 (change 2)"),
    ]
    assert {line["period"]["start"] for line in corrected(story)} == {noon(on), noon(date(2026, 6, 14))}
    assert {line["metadata"]["q2c_product"] for line in corrected(story)} == {"prod_a"}
    # all of it on one invoice, with the change of the running period
    pages = story.billing.api.pages("/v1/invoices", customer=story.customer)
    assert len([row for page in pages for row in page]) == 4
    # and from then on nothing but the new price
    before = story.billed()
    story.live_until(date(2026, 9, 15))
    assert story.billed() == before + 40


def test_an_end_dated_back_credits_everything_from_its_day(begin: Begin) -> None:
    story = monthly(begin)
    over = change(story.contract, "cancellation", on=date(2026, 6, 14), ends_on=date(2026, 6, 13), **REBILL)
    story.put(over, today=TODAY)
    assert (story.billed(), story.subscription()["status"]) == (Decimal(10), "canceled")


def test_an_end_dated_back_without_credit_credits_nothing(begin: Begin) -> None:
    story = monthly(begin)
    over = change(
        story.contract, "cancellation", on=date(2026, 6, 14), ends_on=date(2026, 6, 13), credits_unused=False, **REBILL
    )
    story.put(over, today=TODAY)
    assert (story.billed(), story.subscription()["status"]) == (Decimal(30), "canceled")


def test_what_is_added_and_what_is_taken_away_is_corrected_product_by_product(begin: Begin) -> None:
    story = monthly(begin, *sells(prod_a=("1", "120.00"), prod_b=("1", "60.00")))
    content = sells(prod_a=("1", "120.00"), prod_c=("2", "240.00"))
    story.put(change(story.contract, "amendment", *content, on=date(2026, 6, 14), **REBILL), today=TODAY)
    # two months at 10 + 20 instead of 10 + 5
    assert story.billed() == 3 * Decimal(15) + 2 * (Decimal(20) - Decimal(5))
    assert [(line["metadata"]["q2c_product"], line["amount"]) for line in corrected(story)] == [
        ("prod_b", -500), ("prod_c", 2000),
    ]  # fmt: skip


def test_a_change_of_nothing_but_earlier_periods_is_billed_by_an_invoice_of_its_own(begin: Begin) -> None:
    # given a price that was raised from today, and nothing before
    story = monthly(begin)
    twice = sells(prod_a=("1", "240.00"))
    story.put(change(story.contract, "upsell", *twice, on=date(2026, 7, 14)), today=TODAY)
    assert story.billed() == Decimal(40)
    # when the same price is agreed for the month before as well
    story.put(change(story.contract, "amendment", *twice, on=date(2026, 6, 14), **REBILL), today=TODAY)
    story.advance(story.now + timedelta(minutes=5))
    assert story.billed() == Decimal(50)


def test_a_second_change_dated_back_starts_from_what_the_first_one_made_of_it(begin: Begin) -> None:
    story = monthly(begin)
    story.put(
        change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 14), **REBILL), today=TODAY
    )
    assert story.billed() == Decimal(50)
    story.put(
        change(story.contract, "upsell", *sells(prod_a=("1", "360.00")), on=date(2026, 6, 14), **REBILL), today=TODAY
    )
    assert story.billed() == Decimal(70)


def test_suspended_days_stay_unbilled(begin: Begin) -> None:
    story = begin(sold(*sells(prod_a=("1", "120.00")), billing_frequency="monthly"))
    story.live_until(date(2026, 6, 1))
    story.put(change(story.contract, "suspension", on=date(2026, 6, 1)), today=date(2026, 6, 1))
    story.live_until(date(2026, 7, 1))
    story.put(change(story.contract, "reactivation", on=date(2026, 7, 1)), today=date(2026, 7, 1))
    story.live_until(TODAY)
    # eighteen days of May's period, thirteen of June's, and July's
    credit, charge = (rounded(Decimal(10), Fraction(13, of), "USD") for of in (31, 30))
    assert story.billed() == Decimal(20) - credit + charge
    story.put(change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=STARTS, **REBILL), today=TODAY)
    assert story.billed() == sum(rounded(Decimal(20), Fraction(*part), "USD") for part in ((18, 31), (13, 30), (1, 1)))


def test_an_earlier_invoice_that_was_credited_by_hand_is_left_to_people(begin: Begin) -> None:
    story = monthly(begin)
    pages = story.billing.api.pages("/v1/invoices", customer=story.customer)
    oldest = [row for page in pages for row in page][-1]
    story.billing.api.post("/v1/credit_notes", {"invoice": oldest["id"], "amount": "100"}, key=f"{oldest['id']}-less")
    bigger = change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 1), **REBILL)
    with pytest.raises(Rejected) as refused:
        story.put(bigger, today=TODAY)
    assert (refused.value.reason, refused.value.value) == ("BACKDATED_CHANGE", oldest["number"])
    # one dated after what was credited goes on
    story.contract = replace(story.contract, version=1)
    later = change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 14), **REBILL)
    story.put(later, today=TODAY)
    assert story.billed() == Decimal(50)


def test_tax_goes_back_at_the_rate_it_was_charged_and_is_charged_as_decided_now(begin: Begin) -> None:
    story = begin(sold(*sells(prod_b=("1", "120.00"))))
    rates = []
    for percent in ("10", "20"):
        wanted = {"display_name": "VAT", "percentage": percent, "inclusive": "false"}
        rates.append(story.billing.api.post("/v1/tax_rates", wanted, key=f"{story.billing.clock}-{percent}")["id"])
    (line,) = sells(prod_a=("1", "1200.00"))
    story.held = ""
    taxed = sold(replace(line, tax_code=rates[0]), billing_frequency="monthly", version=7)
    story.put(taxed, today=STARTS)
    story.live_until(TODAY)
    before = story.billed()
    other = replace(line, tax_code=rates[1], amount=Decimal("2400.00"))
    story.put(change(story.contract, "upsell", other, on=date(2026, 6, 14), **REBILL), today=TODAY)
    charged = {line["amount"]: line["taxes"][0]["amount"] for line in corrected(story)}
    assert charged == {-10000: -1000, 20000: 4000}
    # the running month the same: back at the old rate, on at the new
    assert story.billed() - before == 2 * (Decimal(240) - Decimal(110))


@pytest.mark.parametrize("silent", ["/v1/invoiceitems$", "/v1/subscriptions/"])
def test_a_correction_that_was_never_answered_is_made_once(begin: Begin, address: str, silent: str) -> None:
    story = monthly(begin)
    bigger = change(story.contract, "upsell", *sells(prod_a=("1", "240.00")), on=date(2026, 6, 14), **REBILL)
    failing = {"internal_errors": {"times": 1, "path": silent, "commit": True}}
    httpx.patch(f"{address}/_sandbox/settings", json=failing).raise_for_status()
    with pytest.raises(OutcomeUnknown):
        story.put(bigger, today=TODAY)
    again = replace(story.parcel(bigger, today=TODAY), request_key=f"{story.billing.clock}-again")
    assert story.billing.deliver(again).version == 2
    story.advance(story.now + timedelta(minutes=5))
    assert story.billed() == Decimal(50)


def test_a_change_that_is_refused_leaves_no_correction_behind(begin: Begin) -> None:
    # given a change over a product that is not there
    story = monthly(begin)
    (line,) = sells(prod_a=("1", "240.00"))
    wrong = change(
        story.contract, "upsell", line, replace(line, line_id="x", billing_product="prod_x"), on=date(2026, 6, 14),
        **REBILL,
    )  # fmt: skip
    with pytest.raises(Rejected) as refused:
        story.put(wrong, today=TODAY)
    assert refused.value.reason == "PRODUCT_UNMAPPED"
    # then nothing waits for the next invoice, and once it is there the change goes through under another key
    pages = story.billing.api.pages("/v1/invoiceitems", customer=story.customer)
    assert [row for page in pages for row in page] == []
    story.billing.api.post("/v1/products", {"id": "prod_x", "name": "x"}, key=f"{story.billing.clock}-x")
    again = replace(story.parcel(wrong, today=TODAY), request_key=f"{story.billing.clock}-again")
    assert story.billing.deliver(again).version == 2
    story.advance(story.now + timedelta(minutes=5))
    assert story.billed() == Decimal(30) + 2 * (Decimal(40) - Decimal(10))


def test_prices_by_date_are_corrected_at_the_price_of_each_month(begin: Begin) -> None:
    def line(amount: str, first: int, last: int) -> ContractLine:
        (one,) = sells(prod_a=("1", amount))
        dates = {"starts_on": months_later(STARTS, first), "ends_on": months_later(STARTS, last) - ONE_DAY}
        return replace(one, line_id=f"from-{first}", own_dates=True, **dates)

    story = monthly(begin, line("20.00", 0, 2), line("200.00", 2, 12))
    assert story.billed() == Decimal(40)
    dearer = (line("40.00", 0, 2), line("300.00", 2, 12))
    story.put(change(story.contract, "upsell", *dearer, on=STARTS, **REBILL), today=TODAY)
    assert story.billed() == Decimal(20) + Decimal(20) + Decimal(30)
    story.live_until(date(2027, 6, 1))
    assert (story.billed(), story.subscription()["status"]) == (Decimal(340), "canceled")


# -- any change, in six currencies ------------------------------------------------------------------------
@st.composite
def rebilled(draw: Any) -> tuple[str, dict[str, tuple[int, Decimal]], dict[str, tuple[int, Decimal]], int]:
    """A currency, what was sold and what is agreed instead (quantity and amount a month by product), from which day."""
    currency = draw(st.sampled_from(CURRENCIES))
    step = 10 if currency in amounts.LAST_DIGIT_ZERO else 1

    def content() -> dict[str, tuple[int, Decimal]]:
        found = {}
        for product in draw(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=3, unique=True)):
            quantity, unit = draw(st.integers(1, 5)), draw(st.integers(1, 9_999)) * step
            found[product] = (quantity, Decimal(quantity * unit).scaleb(-money.minor_units(currency)))
        return found

    return currency, content(), content(), draw(st.integers(0, 60))


@given(case=rebilled())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_dated_back_is_billed_as_agreed_from_its_day_in_six_currencies(begin: Begin, case: Any) -> None:
    currency, then, now, days = case

    def lines(content: dict[str, tuple[int, Decimal]]) -> tuple[ContractLine, ...]:
        return sells(currency, **{name: (str(n), format(amount * 12, "f")) for name, (n, amount) in content.items()})

    on = STARTS + timedelta(days=days)
    story = monthly(begin, *lines(then), currency=currency)
    expected = 3 * sum((amount for _, amount in then.values()), Decimal(0))
    story.put(change(story.contract, "amendment", *lines(now), on=on, **REBILL), today=TODAY)
    for month in range(3):
        if months_later(STARTS, month + 1) <= on:
            continue
        left = part(month, on)
        for product in {*then, *now}:
            nothing = (0, Decimal(0))
            if then.get(product) != now.get(product):
                expected -= rounded(then.get(product, nothing)[1], left, currency)
                expected += rounded(now.get(product, nothing)[1], left, currency)
    assert story.billed() == expected

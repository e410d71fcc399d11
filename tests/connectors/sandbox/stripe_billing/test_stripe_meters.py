"""Meters and metered prices, driven by the official SDK over a real socket."""

from typing import Any

import pytest
import stripe

from tests.connectors.sandbox.stripe_billing.running import Running, at


def metered(running: Running, **meter: Any) -> tuple[str, str]:
    """A meter and a monthly price of half a cent on it."""
    made = running.client.billing.meters.create(
        {
            "display_name": "API calls",
            "event_name": "api_calls",
            "default_aggregation": {"formula": "sum"},
            **meter,
        }
    )
    running.product()
    price = running.client.prices.create(
        {
            "product": "GTX-PRO",
            "currency": "usd",
            "unit_amount_decimal": "0.5",
            "recurring": {"interval": "month", "usage_type": "metered", "meter": made.id},
        }
    )
    return made.id, price.id


def use(running: Running, customer: str, value: int, moment: int, *, identifier: str) -> Any:
    return running.client.billing.meter_events.create(
        {
            "event_name": "api_calls",
            "identifier": identifier,
            "timestamp": moment,
            "payload": {"stripe_customer_id": customer, "value": str(value)},
        }
    )


def test_a_month_is_billed_in_arrears_for_what_was_counted_and_its_grace_hour(running: Running) -> None:
    # given a customer on a metered price since the first of March
    clock = running.clock(at(2026, 3, 1, 13))
    customer = running.customer(test_clock=clock)
    _, price = metered(running)
    deal = running.client.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price}],
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "backdate_start_date": at(2026, 3, 1, 12),
            "billing_cycle_anchor_config": {"day_of_month": 1, "hour": 12},
        }
    )
    first = running.client.invoices.retrieve(deal.latest_invoice)
    assert (first.total, [line.quantity for line in first.lines.data]) == (0, [0])
    # when usage is reported, some of it while the invoice is a draft
    running.advance(clock, at(2026, 3, 20))
    use(running, customer, 1000, at(2026, 3, 2), identifier="one")
    running.advance(clock, at(2026, 4, 1, 12) + 60)
    use(running, customer, 21, at(2026, 4, 1, 11), identifier="two")
    use(running, customer, 500, at(2026, 4, 1, 12) + 30, identifier="three")
    running.advance(clock, at(2026, 4, 1, 14))
    # then the month has all of it and nothing of the next, half a cent rounded up
    newest = running.client.invoices.list({"subscription": deal.id}).data[0]
    (line,) = newest.lines.data
    assert (newest.status, line.quantity, line.amount) == ("open", 1021, 511)
    assert (line.period.start, line.period.end) == (at(2026, 3, 1, 12), at(2026, 4, 1, 12))


def test_an_hourly_meter_counts_what_came_last_and_takes_no_identifier_twice(running: Running) -> None:
    clock = running.clock(at(2026, 3, 2, 13))
    customer = running.customer(test_clock=clock)
    meter, _ = metered(running, event_time_window="hour")
    use(running, customer, 10, at(2026, 3, 2, 9), identifier="one")
    use(running, customer, 7, at(2026, 3, 2, 9) + 1800, identifier="two")
    use(running, customer, 5, at(2026, 3, 2, 10), identifier="three")
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier two"):
        use(running, customer, 7, at(2026, 3, 2, 9), identifier="two")
    found = running.client.billing.meters.event_summaries.list(
        meter,
        {
            "customer": customer,
            "start_time": at(2026, 3, 2),
            "end_time": at(2026, 3, 3),
            "value_grouping_window": "hour",
        },
    )
    assert [(row.start_time, row.aggregated_value) for row in found.data] == [
        (at(2026, 3, 2, 10), 5),
        (at(2026, 3, 2, 9), 7),
    ]
    # a cancelled event counts no more: the one before it does
    running.client.billing.meter_event_adjustments.create(
        {"event_name": "api_calls", "type": "cancel", "cancel": {"identifier": "two"}}
    )
    (sum_,) = running.client.billing.meters.event_summaries.list(
        meter, {"customer": customer, "start_time": at(2026, 3, 2), "end_time": at(2026, 3, 3)}
    ).data
    assert sum_.aggregated_value == 15


@pytest.mark.parametrize(
    ("value", "moment", "said"),
    [
        (1, at(2026, 1, 20), "past 35 calendar days"),
        (1, at(2026, 3, 2, 14), "5 minutes in the future"),
        ("0.5", at(2026, 3, 2), "whole number"),
    ],
)
def test_what_the_vendor_refuses_is_refused(running: Running, value: Any, moment: int, said: str) -> None:
    customer = running.customer(test_clock=running.clock(at(2026, 3, 2, 13)))
    metered(running)
    with pytest.raises(stripe.InvalidRequestError, match=said):
        use(running, customer, value, moment, identifier="one")


def test_less_than_nothing_is_billed_as_nothing_and_a_metered_price_needs_its_meter(running: Running) -> None:
    clock = running.clock(at(2026, 3, 1, 13))
    customer = running.customer(test_clock=clock)
    _, price = metered(running)
    deal = running.client.subscriptions.create({"customer": customer, "items": [{"price": price}],
        "collection_method": "send_invoice", "days_until_due": 30})  # fmt: skip
    use(running, customer, -5, at(2026, 3, 1, 12), identifier="one")
    running.advance(clock, at(2026, 4, 1, 16))
    newest = running.client.invoices.list({"subscription": deal.id}).data[0]
    assert (newest.total, newest.lines.data[0].quantity) == (0, 0)
    with pytest.raises(stripe.InvalidRequestError, match="backed by a meter"):
        running.client.prices.create({"product": "GTX-PRO", "currency": "usd", "unit_amount": 1,
            "recurring": {"interval": "month", "usage_type": "metered"}})  # fmt: skip

"""Subscription schedules in the sandbox: phases that begin and end with the clock, and what is refused."""

from typing import Any

import pytest
import stripe

from tests.connectors.sandbox.stripe_billing.running import Running, at

START = at(2026, 3, 1, 12)


@pytest.fixture
def clock(running: Running) -> str:
    running.settings(draft_seconds=60)
    running.product()
    return running.clock(START)


@pytest.fixture
def customer(running: Running, clock: str) -> str:
    return running.customer(test_clock=clock)


def item(amount: int, quantity: int = 1, *, interval: str = "year", count: int = 1) -> dict[str, Any]:
    rhythm = {"interval": interval, "interval_count": count}
    price = {"currency": "usd", "product": "GTX-PRO", "recurring": rhythm, "unit_amount": amount}
    return {"price_data": price, "quantity": quantity}


def subscription(running: Running, customer: str, amount: int, **more: Any) -> Any:
    return running.client.subscriptions.create(
        {
            "customer": customer, "collection_method": "send_invoice", "days_until_due": 30,
            "items": [item(amount, **more)],
        }
    )  # fmt: skip


def billed(running: Running, customer: str) -> list[int]:
    """Totals of all invoices, oldest first."""
    rows = running.client.invoices.list({"customer": customer, "limit": 100}).data
    return [row.total for row in reversed(rows)]


def kinds(running: Running) -> list[str]:
    rows = running.http.get("/v1/events?limit=100&types[]=subscription_schedule.*").json()["data"]
    return [row["type"].partition(".")[2] for row in reversed(rows)]


def test_each_year_is_billed_at_the_price_of_its_phase_and_the_last_one_ends_it(
    running: Running, clock: str, customer: str
) -> None:
    # given a subscription that is put under a schedule
    made = subscription(running, customer, 10_000)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    (phase,) = schedule.phases
    assert (phase.start_date, phase.end_date, schedule.end_behavior) == (START, at(2027, 3, 1, 12), "release")
    assert running.client.subscriptions.retrieve(made.id).schedule == schedule.id
    # when two more years are planned, each at another price
    years = [at(2027 + n, 3, 1, 12) for n in range(3)]
    phases = [
        {"start_date": START, "end_date": years[0], "items": [{"price": phase["items"][0].price, "quantity": 1}]},
        {"end_date": years[1], "items": [item(12_000)]},
        {"end_date": years[2], "items": [item(12_000, 2)]},
    ]
    changed = running.client.subscription_schedules.update(
        schedule.id,
        {"phases": phases, "end_behavior": "cancel", "proration_behavior": "none", "metadata": {"a": "b"}},
    )
    assert [one.end_date for one in changed.phases] == years and changed.metadata.to_dict() == {"a": "b"}
    assert billed(running, customer) == [10_000]
    # then each year is billed at its own, and nothing beside it
    running.advance(clock, at(2027, 3, 2))
    assert billed(running, customer) == [10_000, 12_000]
    now = running.client.subscription_schedules.retrieve(schedule.id)
    assert (now.current_phase.start_date, now.current_phase.end_date) == (years[0], years[1])
    running.advance(clock, at(2028, 3, 2))
    assert billed(running, customer) == [10_000, 12_000, 24_000]
    assert running.client.subscriptions.retrieve(made.id).cancel_at == years[2]
    running.advance(clock, at(2029, 3, 2))
    assert billed(running, customer) == [10_000, 12_000, 24_000]
    ended = running.client.subscriptions.retrieve(made.id)
    assert (ended.status, ended.ended_at, ended.schedule) == ("canceled", years[2], None)
    assert running.client.subscription_schedules.retrieve(schedule.id).status == "completed"
    assert kinds(running) == ["created", "updated", "updated", "updated", "completed"]


def test_a_phase_may_begin_a_billing_cycle_of_its_own(running: Running, clock: str, customer: str) -> None:
    # given a schedule that begins later, with three months at no charge
    begins = at(2026, 4, 1, 12)
    schedule = running.client.subscription_schedules.create({
        "customer": customer, "start_date": begins, "end_behavior": "release", "metadata": {"ours": "1"},
        "default_settings": {"collection_method": "send_invoice", "invoice_settings": {"days_until_due": 14}},
        "phases": [
            {"items": [item(0, interval="month", count=3)], "metadata": {"free": "yes"}},
            {
                "items": [item(9_000)], "billing_cycle_anchor": "phase_start", "proration_behavior": "none",
                "duration": {"interval": "year", "interval_count": 1}, "metadata": {"free": ""},
            },
        ],
    })  # fmt: skip
    assert (schedule.status, schedule.subscription) == ("not_started", None)
    listed = running.client.subscription_schedules.list({"customer": customer, "scheduled": True})
    assert [one.id for one in listed.data] == [schedule.id]
    # when it has begun
    running.advance(clock, at(2026, 4, 2))
    started = running.client.subscription_schedules.retrieve(schedule.id)
    made = running.client.subscriptions.retrieve(started.subscription)
    assert (started.status, made.start_date, made.metadata.to_dict()) == ("active", begins, {"free": "yes"})
    assert billed(running, customer) == [0]
    # then the year is billed from the day the free months end, on a cycle of its own, and goes on by itself
    running.advance(clock, at(2026, 7, 2))
    assert billed(running, customer) == [0, 9_000]
    made = running.client.subscriptions.retrieve(made.id)
    assert made.billing_cycle_anchor == at(2026, 7, 1, 12) and made.metadata.to_dict() == {}
    running.advance(clock, at(2027, 7, 2))
    assert billed(running, customer) == [0, 9_000, 9_000]
    assert running.client.subscriptions.retrieve(made.id).schedule is None
    assert running.client.subscription_schedules.retrieve(schedule.id).status == "completed"


@pytest.mark.parametrize(
    ("behaviour", "after"),
    # the year has 365 days, of which 184 are left on 29 August
    [("none", [36_500]), ("always_invoice", [36_500, 18_400]), ("create_prorations", [36_500])],
)
def test_a_phase_within_a_period_is_prorated_as_it_says(
    running: Running, clock: str, customer: str, behaviour: str, after: list[int]
) -> None:
    made = subscription(running, customer, 36_500)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    held = {"price": schedule.phases[0]["items"][0].price}
    middle = at(2026, 8, 29, 12)
    running.client.subscription_schedules.update(
        schedule.id,
        {
            "phases": [
                {"start_date": START, "end_date": middle, "items": [{**held, "quantity": 1}]},
                {
                    "end_date": at(2027, 3, 1, 12), "items": [{**held, "quantity": 2}],
                    "proration_behavior": behaviour,
                },
            ]
        },
    )  # fmt: skip
    running.advance(clock, at(2026, 8, 30))
    assert billed(running, customer) == after
    pending = running.client.invoice_items.list({"customer": customer, "pending": True}).data
    assert [one.amount for one in pending] == ([18_400] * 0 if behaviour != "create_prorations" else [36_800, -18_400])


def test_a_change_of_the_running_phase_is_prorated_as_the_request_says(
    running: Running, clock: str, customer: str
) -> None:
    made = subscription(running, customer, 36_500)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    running.advance(clock, at(2026, 8, 29, 12))
    twice = {"start_date": START, "end_date": at(2027, 3, 1, 12), "items": [item(73_000)]}
    running.client.subscription_schedules.update(schedule.id, {"phases": [twice], "proration_behavior": "none"})
    assert billed(running, customer) == [36_500]
    thrice = {**twice, "items": [item(109_500)]}
    running.client.subscription_schedules.update(
        schedule.id, {"phases": [thrice], "proration_behavior": "always_invoice"}
    )
    assert billed(running, customer) == [36_500, 18_400]


def test_items_changed_beside_the_schedule_hold_for_the_running_phase(
    running: Running, clock: str, customer: str
) -> None:
    made = subscription(running, customer, 10_000)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    held = {"price": schedule.phases[0]["items"][0].price}
    phases = [
        {"start_date": START, "end_date": at(2027, 3, 1, 12), "items": [{**held, "quantity": 1}]},
        {"end_date": at(2028, 3, 1, 12), "items": [{**held, "quantity": 5}]},
    ]
    running.client.subscription_schedules.update(schedule.id, {"phases": phases})
    own = made["items"].data[0].id
    running.client.subscriptions.update(made.id, {"items": [{"id": own, "quantity": 3}], "proration_behavior": "none"})
    read = running.client.subscription_schedules.retrieve(schedule.id)
    assert [phase["items"][0].quantity for phase in read.phases] == [3, 5]


@pytest.mark.parametrize(("keeps", "ends"), [(False, None), (True, at(2027, 3, 1, 12))])
def test_a_released_subscription_goes_on_by_itself(
    running: Running, clock: str, customer: str, keeps: bool, ends: int | None
) -> None:
    made = subscription(running, customer, 10_000)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    running.client.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})
    released = running.client.subscription_schedules.release(schedule.id, {"preserve_cancel_date": keeps})
    assert (released.status, released.subscription, released.released_subscription) == ("released", None, made.id)
    after = running.client.subscriptions.retrieve(made.id)
    assert (after.schedule, after.cancel_at) == (None, ends)


def test_a_schedule_is_canceled_with_its_subscription(running: Running, clock: str, customer: str) -> None:
    made = subscription(running, customer, 36_500)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    running.advance(clock, at(2026, 8, 29, 12))
    assert running.client.subscription_schedules.cancel(schedule.id).status == "canceled"
    assert running.client.subscriptions.retrieve(made.id).status == "canceled"
    # by default what is left is given back at once
    assert billed(running, customer) == [36_500, -18_400]


def test_what_stripe_refuses(running: Running, clock: str, customer: str) -> None:
    made = subscription(running, customer, 10_000)
    schedules = running.client.subscription_schedules
    refused: list[tuple[str | None, str]] = []

    def refuse(call: Any) -> None:
        with pytest.raises(stripe.InvalidRequestError) as error:
            call()
        assert error.value.http_status == 400 or error.value.code == "resource_missing"
        refused.append((error.value.param, str(error.value.user_message)))

    phase = {"items": [item(1)]}
    refuse(lambda: schedules.create({"from_subscription": made.id, "phases": [phase]}))
    schedule = schedules.create({"from_subscription": made.id})
    refuse(lambda: schedules.create({"from_subscription": made.id}))
    refuse(lambda: running.client.subscriptions.update(made.id, {"cancel_at_period_end": True}))
    refuse(lambda: schedules.update(schedule.id, {"phases": [phase]}))
    refuse(lambda: schedules.update(schedule.id, {"phases": [{**phase, "start_date": START + 1}]}))
    both = {"end_date": START + 9, "duration": {"interval": "year"}}
    refuse(lambda: schedules.update(schedule.id, {"phases": [{**phase, **both, "start_date": START}]}))
    refuse(lambda: schedules.create({"customer": customer, "start_date": START, "phases": [phase] * 11}))
    schedules.release(schedule.id)
    refuse(lambda: schedules.release(schedule.id))
    refuse(lambda: schedules.retrieve("sub_sched_none"))
    assert [words for _, words in refused] == [
        "You cannot set `phases` if `from_subscription` is set.",
        f"You cannot migrate a subscription that is already attached to a schedule: `{schedule.id}`.",
        f"The subscription is managed by the subscription schedule `{schedule.id}`, and updating any cancelation "
        "behavior directly is not allowed. Please update the schedule instead.",
        "The subscription schedule update is missing at least one phase with a `start_date` to anchor end dates to.",
        "You can not modify the start date of a phase that has begun.",
        "You may only specify one of these parameters: duration, end_date.",
        "You may only specify up to 10 phases.",
        "A subscription schedule can only be released if its status is `not_started` or `active`; this one is "
        "`released`.",
        "No such subscription_schedule: 'sub_sched_none'",
    ]


def test_a_server_that_was_stopped_goes_on_with_its_phases(running: Running, clock: str, customer: str) -> None:
    made = subscription(running, customer, 10_000)
    schedule = running.client.subscription_schedules.create({"from_subscription": made.id})
    held = {"price": schedule.phases[0]["items"][0].price}
    phases = [
        {"start_date": START, "end_date": at(2027, 3, 1, 12), "items": [{**held, "quantity": 1}]},
        {"end_date": at(2028, 3, 1, 12), "items": [{**held, "quantity": 5}]},
    ]
    running.client.subscription_schedules.update(schedule.id, {"phases": phases})
    # what is due when is worked out anew, as after a start
    running.settings(pays_after_days=None)
    running.advance(clock, at(2027, 3, 2))
    assert billed(running, customer) == [10_000, 50_000]

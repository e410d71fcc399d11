"""Subscription schedules as time passes: phases begin one after the other, and the last one ends."""

from fractions import Fraction
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import subscriptions
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.periods import boundary
from connectors.sandbox.stripe_billing.schedule_links import KIND, schedule_of
from connectors.sandbox.stripe_billing.shapes import render
from connectors.sandbox.stripe_billing.subscription_changes import cut_short, move_end, prorate

Moved = list[tuple[int, Document, Document]]


def period_due(account: Account, key: str) -> None:
    """A period ended: a phase that ends at the same moment gives way first, so that the next one is what is billed."""
    subscription = account.get("subscription", key)
    schedule = schedule_of(account, subscription) if subscription else None
    if schedule is not None:
        catch_up(account, schedule)
    subscriptions.period_due(account, key)


def phase_due(account: Account, key: str) -> None:
    """The moment came at which a schedule starts or goes on to its next phase."""
    schedule = account.get(KIND, key)
    if schedule is not None:
        catch_up(account, schedule)


def catch_up(account: Account, schedule: Document) -> None:
    """Begin and end what is due by now."""
    now = account.now(schedule["test_clock"])
    if schedule["status"] == "not_started" and schedule["phases"][0]["start_date"] <= now:
        start(account, schedule)
    while schedule["status"] == "active" and schedule["phases"][schedule["_phase"]]["end_date"] <= now:
        following = schedule["_phase"] + 1
        if following < len(schedule["phases"]):
            enter(account, schedule, following)
        else:
            _complete(account, schedule)


def watch(account: Account, schedule: Document) -> None:
    """Remember when something next happens to a schedule."""
    if schedule["status"] == "not_started":
        account.owe(schedule["test_clock"], schedule["phases"][0]["start_date"], "phase", schedule["id"])
    elif schedule["status"] == "active":
        end = schedule["phases"][schedule["_phase"]]["end_date"]
        account.owe(schedule["test_clock"], end, "phase", schedule["id"])


def start(account: Account, schedule: Document) -> None:
    """Make the subscription of the first phase; one that began in the past is billed from there, on its own beat."""
    phase, now = schedule["phases"][0], account.now(schedule["test_clock"])
    begins = phase["start_date"]
    price = account.need("price", phase["items"][0]["price"])
    recurring = price["recurring"]
    values: dict[str, Any] = {
        "customer": schedule["customer"], "metadata": dict(phase["metadata"]),
        "collection_method": _setting(schedule, phase, "collection_method"),
        "items": [
            {
                "price": item["price"], "metadata": item["metadata"], "tax_rates": item["tax_rates"],
                **({} if item["quantity"] is None else {"quantity": str(item["quantity"])}),
            }
            for item in phase["items"]
        ],
    }  # fmt: skip
    days = (phase["invoice_settings"] or {}).get("days_until_due")
    days = schedule["default_settings"]["invoice_settings"]["days_until_due"] if days is None else days
    if days is not None:
        values["days_until_due"] = str(days)
    if begins < now:
        anchor = boundary(begins, recurring["interval"], recurring["interval_count"], after=now)
        values |= {"backdate_start_date": str(begins), "billing_cycle_anchor": str(anchor)}
    made = subscriptions.create_subscription(account, Call(values), by_schedule=True)
    subscription = account.need("subscription", made["id"])
    account.change("subscription", subscription, schedule=schedule["id"])
    account.change(KIND, schedule, status="active", subscription=subscription["id"], _phase=0)
    settle_end(account, schedule, proration="none")
    watch(account, schedule)


def enter(account: Account, schedule: Document, index: int) -> None:
    """The next phase begins: its items, its metadata, and where asked for a billing cycle of its own."""
    phase = schedule["phases"][index]
    account.change(KIND, schedule, _phase=index)
    subscription = account.need("subscription", schedule["subscription"])
    if phase["metadata"]:
        merged = {**subscription["metadata"], **phase["metadata"]}
        account.change("subscription", subscription, metadata={k: v for k, v in merged.items() if v != ""})
    take_items(account, schedule, phase, proration=phase["proration_behavior"], at=phase["start_date"])
    watch(account, schedule)
    emit(account, f"{KIND}.updated", KIND, schedule, previous={})


def take_items(account: Account, schedule: Document, phase: Document, *, proration: str, at: int) -> None:
    """Give the subscription the items of a phase; what that changes within the period is prorated as asked."""
    subscription = account.need("subscription", schedule["subscription"])
    customer = account.need("customer", subscription["customer"])
    before, (start_, end) = render(account, "subscription", subscription), subscriptions.period_of(subscription)
    items, moved = _items(account, phase, subscription)
    recurring = account.need("price", items[0]["price"])["recurring"]
    beat = [recurring["interval"], recurring["interval_count"]]
    anchored = _setting(schedule, phase, "billing_cycle_anchor") == "phase_start" and phase["start_date"] == at
    over, resets = at >= end, anchored or beat != subscription["_interval"]
    old_items = subscription["items"]
    subscription["items"] = items
    if resets:
        moved = [(-1, item, account.need("price", item["price"])) for item in old_items]
        subscription.update(_interval=beat, billing_cycle_anchor=at)
    account.put("subscription", subscription)
    if not over and proration != "none":
        for sign, item, price in moved:
            prorate(account, customer, subscription, item, price, at=at, sign=sign, period=(start_, end))
    if resets:
        _begin_period(account, schedule, subscription, customer, at=at, before=(start_, end))
    elif not over:
        settle_end(account, schedule, proration=proration)
        if proration == "always_invoice" and moved:
            subscriptions.bill(account, customer, subscription, [], reason="subscription_update", period=(at, at))
    else:
        # the period that begins now is billed by its own renewal, up to the end this phase may set
        account.change("subscription", subscription, **_end_of(schedule, subscription))
    after = render(account, "subscription", subscription)
    previous = {name: value for name, value in before.items() if after.get(name) != value}
    if previous:
        emit(account, "customer.subscription.updated", "subscription", subscription, previous=previous)


def _begin_period(
    account: Account,
    schedule: Document,
    subscription: Document,
    customer: Document,
    *,
    at: int,
    before: tuple[int, int],
) -> None:
    """A period that starts with its phase, billed at once."""
    account.change("subscription", subscription, **_end_of(schedule, subscription))
    interval, size = subscription["_interval"]
    following = boundary(at, interval, size, after=at)
    end = following if subscription["cancel_at"] is None else min(following, subscription["cancel_at"])
    subscriptions.set_period(subscription, at, end)
    factor = Fraction(1) if end == following else Fraction(end - at, following - at)
    lines = [
        subscriptions.line_for(
            account, subscription, item, account.need("price", item["price"]), (at, end), factor
        )
        for item in subscription["items"]
    ]  # fmt: skip
    subscriptions.bill(account, customer, subscription, lines, reason="subscription_cycle", period=before)
    account.put("subscription", subscription)
    subscriptions.watch(account, subscription)


def settle_end(account: Account, schedule: Document, *, proration: str) -> None:
    """Note on the subscription the end that its schedule sets or no longer sets; a period cut short is prorated."""
    subscription = account.need("subscription", schedule["subscription"])
    customer = account.need("customer", subscription["customer"])
    period = subscriptions.period_of(subscription)
    values = _end_of(schedule, subscription)
    if values["cancel_at"] == subscription["cancel_at"]:
        return
    move_end(account, subscription, values["cancel_at"])
    moved = cut_short(account, subscription, *period)
    account.change("subscription", subscription, **values)
    if proration != "none":
        for _, item, price in moved:
            begins = subscriptions.period_of(subscription)[1]
            prorate(account, customer, subscription, item, price, at=begins, sign=-1, period=period)
        if proration == "always_invoice" and moved:
            now = account.now(subscription["test_clock"])
            subscriptions.bill(account, customer, subscription, [], reason="subscription_update", period=(now, now))
    if subscriptions.period_of(subscription)[1] != period[1]:
        subscriptions.watch(account, subscription)


def _end_of(schedule: Document, subscription: Document) -> dict[str, Any]:
    """The end a schedule sets: that of its last phase once it runs, where the schedule cancels then."""
    last = schedule["_phase"] == len(schedule["phases"]) - 1
    cancels = last and schedule["end_behavior"] == "cancel"
    return {"cancel_at": schedule["phases"][-1]["end_date"] if cancels else None, "cancel_at_period_end": False}


def _complete(account: Account, schedule: Document) -> None:
    """The last phase is over: the subscription goes on by itself, or ends at this moment."""
    end = schedule["phases"][-1]["end_date"]
    account.change(KIND, schedule, status="completed", completed_at=end)
    if schedule["end_behavior"] != "cancel":
        subscription = account.need("subscription", schedule["subscription"])
        account.change("subscription", subscription, schedule=None)
    emit(account, f"{KIND}.completed", KIND, schedule)


def _items(account: Account, phase: Document, subscription: Document) -> tuple[list[Document], Moved]:
    """The subscription's items in a phase, and what moved as (-1 old | +1 new, item, price). An item of the same price
    stays the item it is.
    """
    now = account.now(subscription["test_clock"])
    start_, end = subscriptions.period_of(subscription)
    left = list(subscription["items"])
    items: list[Document] = []
    moved: Moved = []
    for wanted in phase["items"]:
        old = next((item for item in left if item["price"] == wanted["price"]), None)
        if old is not None:
            left.remove(old)
        new = {
            **(old or {"id": account.numbered("si"), "created": now, "subscription": subscription["id"]}),
            "price": wanted["price"], "metadata": dict(wanted["metadata"]), "tax_rates": list(wanted["tax_rates"]),
            "current_period_start": start_, "current_period_end": end,
        }  # fmt: skip
        if wanted["quantity"] is not None:
            new["quantity"] = wanted["quantity"]
        price = account.need("price", new["price"])
        if old is None or old.get("quantity") != new.get("quantity"):
            moved += [(-1, old, price)] if old is not None else []
            moved.append((1, new, price))
        items.append(new)
    moved = [*((-1, item, account.need("price", item["price"])) for item in left), *moved]
    return items, moved


def _setting(schedule: Document, phase: Document, name: str) -> Any:
    """What a phase says itself, else what the schedule says by default."""
    return phase[name] if phase[name] is not None else schedule["default_settings"][name]

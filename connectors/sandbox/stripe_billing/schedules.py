"""Subscription schedules as clients ask for them: created, read in phases, changed, released, canceled."""

from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing import subscriptions, taxes
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.customers import need_owner, owner
from connectors.sandbox.stripe_billing.errors import StripeError, missing
from connectors.sandbox.stripe_billing.events import emit
from connectors.sandbox.stripe_billing.invoice_calls import METHODS, check_terms
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.periods import INTERVALS, add_intervals
from connectors.sandbox.stripe_billing.schedule_links import KIND, RUNNING, items_as_phase
from connectors.sandbox.stripe_billing.schedule_phases import catch_up, settle_end, take_items, watch
from connectors.sandbox.stripe_billing.shapes import render
from connectors.sandbox.stripe_billing.subscription_changes import cancel_subscription
from connectors.sandbox.stripe_billing.subscriptions import MOST_ITEMS, PRORATIONS, check_alike

#: docs.stripe.com/billing/subscriptions/subscription-schedules
MOST_PHASES = 10
ENDS, ANCHORS = ("cancel", "none", "release", "renew"), ("automatic", "phase_start")
#: end behaviours the API reference still describes
DESCRIBED = ("cancel", "release")
PHASE = (
    "billing_cycle_anchor", "collection_method", "currency", "description", "duration", "end_date", "invoice_settings",
    "items", "metadata", "proration_behavior",
)  # fmt: skip
ITEM = ("metadata", "price", "price_data", "quantity", "tax_rates")
SETTINGS = ("billing_cycle_anchor", "collection_method", "description", "invoice_settings")


def create_schedule(account: Account, call: Call) -> dict[str, Any]:
    """From phases, whose subscription is made when the first one starts, or around a subscription that is there."""
    params = Params(call.values, {
        "billing_mode", "customer", "default_settings", "end_behavior", "from_subscription", "metadata", "phases",
        "start_date",
    })  # fmt: skip
    if "from_subscription" in params:
        return _from_subscription(account, params)
    customer = owner(account, params)
    mode = params.child("billing_mode", ("type",))
    if mode and mode.choice("type", ("classic", "flexible"), "flexible") != "flexible":
        raise StripeError("This sandbox bills in flexible mode only.", param="billing_mode[type]")
    now = account.now(customer.get("test_clock"))
    given = params.text("start_date")
    if given is None:
        raise missing("start_date")
    start = now if given == "now" else params.timestamp("start_date") or 0
    phases = _phases(account, params, starts=start, known=())
    if not phases:
        raise missing("phases")
    if phases[0]["end_date"] <= now:
        raise StripeError("This sandbox does not begin a schedule whose first phase is over.", param="start_date")
    schedule = _new(account, customer, params, phases=phases, settings=_settings(params, {}))
    account.put(KIND, schedule)
    emit(account, f"{KIND}.created", KIND, schedule)
    catch_up(account, schedule)
    if schedule["status"] == "not_started":
        watch(account, schedule)
    return render(account, KIND, schedule)


def _from_subscription(account: Account, params: Params) -> dict[str, Any]:
    """The one phase is the subscription's current period; documented: nothing else can be said in the same call."""
    others = sorted(set(params.values) - {"from_subscription", "expand", "billing_mode"})
    if others:
        raise StripeError(
            f"You cannot set `{others[0]}` if `from_subscription` is set.", param=others[0]
        )  # fmt: skip
    subscription = account.need("subscription", params.required("from_subscription"), param="from_subscription")
    customer = need_owner(account, subscription)
    if subscription.get("schedule"):
        raise StripeError(
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['schedule']}`.",
            param="from_subscription",
        )
    if subscription["status"] not in subscriptions.LIVE:
        raise StripeError(
            f"You cannot create a subscription schedule from a subscription that is {subscription['status']}.",
            param="from_subscription",
        )
    start, end = subscriptions.period_of(subscription)
    ends = subscription["cancel_at"]
    phase = _phase(
        items=items_as_phase(subscription), start=start, end=ends or end, currency=subscription["currency"],
        collection_method=subscription["collection_method"], days=subscription["days_until_due"],
    )  # fmt: skip
    settings = {
        "billing_cycle_anchor": "automatic", "collection_method": subscription["collection_method"],
        "description": None, "invoice_settings": {"days_until_due": subscription["days_until_due"]},
    }  # fmt: skip
    schedule = _new(account, customer, params, phases=[phase], settings=settings)
    schedule.update(
        status="active", subscription=subscription["id"], _phase=0, end_behavior="cancel" if ends else "release"
    )
    account.put(KIND, schedule)
    account.change("subscription", subscription, schedule=schedule["id"])
    emit(account, f"{KIND}.created", KIND, schedule)
    watch(account, schedule)
    return render(account, KIND, schedule)


def update_schedule(account: Account, call: Call) -> dict[str, Any]:
    """Phases are stated anew from the one that runs; proration_behavior is for what changes in that one."""
    params = Params(
        call.values, {"default_settings", "end_behavior", "metadata", "phases", "proration_behavior"}
    )  # fmt: skip
    schedule = _running(account, call, "updated")
    proration = params.choice("proration_behavior", PRORATIONS, "create_prorations") or "create_prorations"
    values: dict[str, Any] = {
        "end_behavior": _end_behavior(params, schedule["end_behavior"]),
        "metadata": params.metadata(schedule["metadata"]),
        "default_settings": _settings(params, schedule["default_settings"]),
    }
    if "phases" in params:
        values["phases"] = _stated_anew(account, params, schedule)
    before = render(account, KIND, schedule)
    account.change(KIND, schedule, **values)
    if schedule["status"] == "active":
        running, now = schedule["phases"][schedule["_phase"]], account.now(schedule["test_clock"])
        subscription = account.need("subscription", schedule["subscription"])
        if _content(running["items"]) != _content(items_as_phase(subscription)):
            take_items(account, schedule, running, proration=proration, at=now)
        settle_end(account, schedule, proration=proration)
    watch(account, schedule)
    after = render(account, KIND, schedule)
    previous = {name: value for name, value in before.items() if after.get(name) != value}
    emit(account, f"{KIND}.updated", KIND, schedule, previous=previous)
    return render(account, KIND, schedule)


def release_schedule(account: Account, call: Call) -> dict[str, Any]:
    """The subscription goes on by itself; an end the schedule had set goes with the schedule unless it is to stay."""
    params = Params(call.values, {"preserve_cancel_date"})
    schedule = _running(account, call, "released")
    subscription = account.get("subscription", schedule["subscription"])
    now = account.now(schedule["test_clock"])
    if subscription is not None and not params.boolean("preserve_cancel_date"):
        account.change(KIND, schedule, end_behavior="release")
        settle_end(account, schedule, proration="none")
    released = schedule["subscription"]
    account.change(
        KIND, schedule, status="released", released_at=now, subscription=None, released_subscription=released
    )
    if subscription is not None:
        account.change("subscription", subscription, schedule=None)
    emit(account, f"{KIND}.released", KIND, schedule)
    return render(account, KIND, schedule)


def cancel_schedule(account: Account, call: Call) -> dict[str, Any]:
    """Cancel the schedule and its subscription; by default with the unused time credited and billed at once."""
    params = Params(call.values, {"invoice_now", "prorate"})
    schedule = _running(account, call, "canceled")
    if schedule["subscription"]:
        words = {name: str(params.boolean(name, True)).lower() for name in ("invoice_now", "prorate")}
        path = {"id": schedule["subscription"]}
        cancel_subscription(account, Call(words, path, call.request_id, call.idempotency_key))
    else:
        now = account.now(schedule["test_clock"])
        account.change(KIND, schedule, status="canceled", canceled_at=now)
        emit(account, f"{KIND}.canceled", KIND, schedule)
    return render(account, KIND, account.need(KIND, schedule["id"]))


def _running(account: Account, call: Call, done: str) -> Document:
    schedule = account.need(KIND, call.path["id"])
    account.at_rest(schedule["test_clock"])
    if schedule["status"] not in RUNNING:
        raise StripeError(
            f"A subscription schedule can only be {done} if its status is `not_started` or `active`; this one is "
            f"`{schedule['status']}`."
        )
    return schedule


# -- what a schedule is made of ---------------------------------------------------------------------
def _new(
    account: Account, customer: Document, params: Params, *, phases: list[Document], settings: dict[str, Any]
) -> Document:
    clock = customer.get("test_clock")
    return {
        "id": account.new_id(KIND), "created": account.now(clock), "customer": customer["id"], "test_clock": clock,
        "status": "not_started", "subscription": None, "end_behavior": _end_behavior(params, "release"),
        "metadata": params.metadata(), "phases": phases, "default_settings": settings, "_phase": None,
    }  # fmt: skip


def _end_behavior(params: Params, default: str) -> str:
    found = params.choice("end_behavior", ENDS, default) or default
    if found not in DESCRIBED:
        raise StripeError(f"This sandbox does not know the end_behavior {found}.", param="end_behavior")
    return found


def _settings(params: Params, old: dict[str, Any]) -> dict[str, Any]:
    child = params.child("default_settings", SETTINGS)
    found = old or {
        "billing_cycle_anchor": "automatic", "collection_method": "charge_automatically", "description": None,
        "invoice_settings": {"days_until_due": None},
    }  # fmt: skip
    if child is None:
        return found
    days = _days(child, found["invoice_settings"]["days_until_due"])
    method = child.choice("collection_method", METHODS, found["collection_method"])
    check_terms(str(method), days)
    return {
        "billing_cycle_anchor": child.choice("billing_cycle_anchor", ANCHORS, found["billing_cycle_anchor"]),
        "collection_method": method,
        "description": child.text("description", found["description"]),
        "invoice_settings": {"days_until_due": days},
    }


def _days(params: Params, old: int | None = None) -> int | None:
    child = params.child("invoice_settings", ("days_until_due",))
    return child.integer("days_until_due", old, least=0) if child else old


def _phase(
    *, items: list[Document], start: int, end: int, currency: str, days: int | None = None, **values: Any
) -> Document:
    return {
        "billing_cycle_anchor": None, "collection_method": None, "description": None, "metadata": {},
        "proration_behavior": "create_prorations", "items": items, "start_date": start, "end_date": end,
        "currency": currency, "invoice_settings": None if days is None else {"days_until_due": days}, **values,
    }  # fmt: skip


def _phases(account: Account, params: Params, *, starts: int, known: tuple[str, ...]) -> list[Document]:
    """The phases as they follow each other; without an end of its own a phase lasts one interval of its price.

    `known` are prices a subscription has already, which may be named although they take no new subscribers.
    """
    # only an update says where phases start
    fields = (*PHASE, "start_date") if known else PHASE
    children = params.children("phases", fields)
    if len(children) > MOST_PHASES:
        raise StripeError(f"You may only specify up to {MOST_PHASES} phases.", param="phases")
    found = []
    for child in children:
        items, recurring, currency = _items(account, child, known)
        end = _end_date(child, starts, recurring)
        if end <= starts:
            raise StripeError("A phase must end after it starts.", param=child.name("end_date"))
        metadata = child.values.get("metadata")
        found.append(
            _phase(
                items=items, start=starts, end=end, currency=currency, days=_days(child),
                billing_cycle_anchor=child.choice("billing_cycle_anchor", ANCHORS),
                collection_method=child.choice("collection_method", METHODS), description=child.text("description"),
                # an empty value takes a key off the subscription when the phase begins, so it is kept
                metadata=dict(metadata) if isinstance(metadata, dict) else child.metadata(),
                proration_behavior=child.choice("proration_behavior", PRORATIONS, "create_prorations"),
            )
        )  # fmt: skip
        starts = end
    return found


def _end_date(child: Params, starts: int, recurring: Document) -> int:
    duration = child.child("duration", ("interval", "interval_count"))
    if duration is not None and "end_date" in child:
        raise StripeError(
            "You may only specify one of these parameters: duration, end_date.", param=child.name("end_date")
        )
    if duration is not None:
        duration.required("interval")
        interval = duration.choice("interval", INTERVALS) or "month"
        return add_intervals(starts, interval, duration.integer("interval_count", 1, least=1) or 1)
    end = child.timestamp("end_date")
    return add_intervals(starts, recurring["interval"], recurring["interval_count"]) if end is None else end


def _items(account: Account, child: Params, known: tuple[str, ...]) -> tuple[list[Document], Document, str]:
    """A phase's items, the rhythm they share, and their currency. Prices made inline are stored with the phase."""
    wanted = child.children("items", ITEM)
    if not wanted:
        raise missing(child.name("items"))
    if len(wanted) > MOST_ITEMS:
        raise StripeError(f"You may only specify up to {MOST_ITEMS} items.", param=child.name("items"))
    items, prices = [], {}
    for one in wanted:
        held = account.get("price", one.text("price")) if one.text("price") in known else None
        price = held or subscriptions.read_item_price(account, one)
        prices[price["id"]] = price
        items.append({
            "price": price["id"], "quantity": one.integer("quantity", 1, least=0), "metadata": one.metadata(),
            "tax_rates": taxes.read_rates(account, one),
        })  # fmt: skip
    check_alike(items, prices)
    for price in prices.values():
        if account.get("price", price["id"]) is None:
            account.put("price", price)
            emit(account, "price.created", "price", price)
    first = prices[items[0]["price"]]
    return items, first["recurring"], first["currency"]


def _stated_anew(account: Account, params: Params, schedule: Document) -> list[Document]:
    """The phases of an update put behind those that are over; the one that runs keeps its start."""
    children = params.children("phases", (*PHASE, "start_date"))
    starts = children[0].timestamp("start_date") if children else None
    if starts is None:
        raise StripeError(
            "The subscription schedule update is missing at least one phase with a `start_date` to anchor end dates "
            "to.",
            param="phases",
        )
    known = tuple(item["price"] for phase in schedule["phases"] for item in phase["items"])
    if schedule["subscription"]:
        subscription = account.need("subscription", schedule["subscription"])
        known += tuple(item["price"] for item in subscription["items"])
    place = schedule["_phase"] or 0
    running = schedule["phases"][place]
    if (
        starts not in [phase["start_date"] for phase in schedule["phases"][: place + 1]]
        and schedule["_phase"] is not None
    ):
        raise StripeError(
            "You can not modify the start date of a phase that has begun.", param="phases[0][start_date]"
        )  # fmt: skip
    phases = _phases(account, params, starts=starts, known=known)
    if schedule["_phase"] is None:
        return phases
    ahead = [phase for phase in phases if phase["start_date"] >= running["start_date"]]
    if not ahead or ahead[0]["start_date"] != running["start_date"]:
        raise StripeError("The phase that runs must be among those of the update.", param="phases")
    if ahead[0]["end_date"] <= account.now(schedule["test_clock"]):
        raise StripeError("The phase that runs must end in the future.", param="phases[0][end_date]")
    return [*schedule["phases"][:place], *ahead]


def _content(items: list[Document]) -> list[tuple[Any, ...]]:
    return sorted((item["price"], item["quantity"] or 0, tuple(item["tax_rates"])) for item in items)

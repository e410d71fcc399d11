"""Meters: usage events by name and customer, their sums per hour or day, and what a billing period makes of them.

After docs.stripe.com/billing/subscriptions/usage-based/recording-usage-api: whole numbers only, also below zero; an
identifier once in at least 24 hours; a moment at most 35 days back and 5 minutes ahead; cancelled within 24 hours; a
meter with an hourly window counts only what was received last for that hour; a period that comes out below zero is
billed as zero. Sums show at once here, some minutes later at the vendor.
"""

from collections import defaultdict
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.books import Document
from connectors.sandbox.stripe_billing.account import Account, Call
from connectors.sandbox.stripe_billing.errors import StripeError, missing, no_such
from connectors.sandbox.stripe_billing.params import Params
from connectors.sandbox.stripe_billing.shapes import listed, render

HOUR, DAY = 3_600, 86_400
OLDEST, AHEAD = 35 * DAY, 300
WINDOWS = {"hour": HOUR, "day": DAY}
METER_FIELDS = {"customer_mapping", "default_aggregation", "display_name", "event_name", "event_time_window",
                "value_settings"}  # fmt: skip
EVENT_FIELDS = {"event_name", "identifier", "payload", "timestamp"}


def create_meter(account: Account, call: Call) -> dict[str, Any]:
    """A meter; its event name belongs to no other active one."""
    params = Params(call.values, METER_FIELDS)
    name = params.required("event_name")
    if any(row["event_name"] == name and row["status"] == "active" for row in account.books.rows("billing.meter")):
        raise StripeError(
            f"There is already an active meter with the event name {name}.",
            code="resource_already_exists",
            param="event_name",
        )
    aggregation = params.child("default_aggregation", ("formula",))
    if aggregation is None:
        raise missing("default_aggregation")
    mapping = params.child("customer_mapping", ("event_payload_key", "type"))
    value = params.child("value_settings", ("event_payload_key",))
    now = account.machine_now()
    meter = account.put("billing.meter", {
        "id": account.new_id("billing.meter"), "created": now, "updated": now, "event_name": name,
        "display_name": params.required("display_name"), "status": "active",
        "default_aggregation": {"formula": aggregation.choice("formula", ("count", "last", "sum"), "sum")},
        "event_time_window": params.choice("event_time_window", ("day", "hour")),
        "customer_mapping": {
            "event_payload_key": mapping.required("event_payload_key") if mapping else "stripe_customer_id",
            "type": "by_id",
        },
        "value_settings": {"event_payload_key": value.required("event_payload_key") if value else "value"},
    })  # fmt: skip
    return render(account, "billing.meter", meter)


def create_event(account: Account, call: Call) -> dict[str, Any]:
    """One usage event. What the payload holds is checked here; the vendor tells of some of it only later."""
    params = Params(call.values, EVENT_FIELDS)
    meter = _by_name(account, params.required("event_name"))
    payload = call.values.get("payload")
    if not isinstance(payload, dict):
        raise missing("payload")
    key = meter["customer_mapping"]["event_payload_key"]
    customer = account.live_customer(str(payload.get(key) or ""), param=f"payload[{key}]")
    value = _whole(payload.get(meter["value_settings"]["event_payload_key"]))
    now = account.now(customer.get("test_clock"))
    at = params.timestamp("timestamp")
    at = now if at is None else at
    if not now - OLDEST <= at <= now + AHEAD:
        raise StripeError(
            "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.",
            code="timestamp_invalid",
            param="timestamp",
        )
    received = account.machine_now()
    identifier = params.text("identifier") or account.numbered("mtrevt")
    for same in account.by("billing.meter_event", "identifier", identifier):
        if received - same["created"] < DAY:
            raise StripeError(f"An event already exists with identifier {identifier}.", param="identifier")
    account.put("billing.meter_event", {
        "id": account.new_id("billing.meter_event"), "created": received, "identifier": identifier,
        "event_name": meter["event_name"], "payload": {str(k): str(v) for k, v in payload.items()}, "timestamp": at,
        "_slot": f"{meter['id']}:{customer['id']}", "_value": value, "_cancelled": False,
    })  # fmt: skip
    return {
        "object": "billing.meter_event", "created": received, "event_name": meter["event_name"],
        "identifier": identifier, "livemode": False, "payload": payload, "timestamp": at,
    }  # fmt: skip


def adjust(account: Account, call: Call) -> dict[str, Any]:
    """Cancel one event, within a day of receiving it."""
    params = Params(call.values, {"event_name", "type", "cancel"})
    meter = _by_name(account, params.required("event_name"))
    params.choice("type", ("cancel",))
    cancel = params.child("cancel", ("identifier",))
    if cancel is None:
        raise missing("cancel")
    identifier = cancel.required("identifier")
    found = [e for e in account.by("billing.meter_event", "identifier", identifier) if not e["_cancelled"]]
    if not found or account.machine_now() - found[0]["created"] >= DAY:
        raise StripeError(f"No event to cancel with identifier {identifier}.", param="cancel[identifier]")
    account.change("billing.meter_event", found[0], _cancelled=True)
    return {
        "object": "billing.meter_event_adjustment", "livemode": False, "status": "pending", "type": "cancel",
        "event_name": meter["event_name"], "cancel": {"identifier": identifier},
    }  # fmt: skip


def list_summaries(account: Account, call: Call) -> dict[str, Any]:
    """What a customer used between two minutes: as one sum, or per hour or day that has any; newest first."""
    params = Params(
        call.values,
        {"customer", "start_time", "end_time", "value_grouping_window", "limit", "starting_after", "ending_before"},
    )
    meter = account.need("billing.meter", call.path["id"])
    customer = account.live_customer(params.required("customer"), param="customer")
    bounds = [params.timestamp(name) for name in ("start_time", "end_time")]
    window = params.choice("value_grouping_window", tuple(WINDOWS))
    step = WINDOWS[window] if window else 60
    for name, bound in zip(("start_time", "end_time"), bounds, strict=True):
        if bound is None:
            raise missing(name)
        if bound % step:
            raise StripeError(f"{name} must be aligned with {window or 'minute'} boundaries.", param=name)
    start, end = (int(bound or 0) for bound in bounds)
    sums: dict[int, int] = {}
    for at, value in _counted(account, meter, customer["id"], start, end):
        slot = at // step * step if window else start
        sums[slot] = sums.get(slot, 0) + value
    rows = [
        {"id": f"mtrusg_{meter['id'][5:]}{customer['id'][4:]}{slot}", "object": "billing.meter_event_summary",
         "aggregated_value": value, "end_time": slot + step if window else end, "livemode": False,
         "meter": meter["id"], "start_time": slot}
        for slot, value in sorted(sums.items(), reverse=True)
    ]  # fmt: skip
    after = params.text("starting_after")
    if after:
        places = [place for place, row in enumerate(rows) if row["id"] == after]
        if not places:
            raise no_such("billing.meter_event_summary", after, param="starting_after")
        rows = rows[places[0] + 1 :]
    limit = params.integer("limit", 10, least=1) or 10
    url = f"/v1/billing/meters/{meter['id']}/event_summaries"
    return listed(url, rows[:limit], more=len(rows) > limit)


def used(account: Account, meter_id: str, customer: str, start: int, end: int) -> int:
    """What a period comes to; below zero is billed as zero."""
    meter = account.need("billing.meter", meter_id)
    return max(sum(value for _, value in _counted(account, meter, customer, start, end)), 0)


def _counted(account: Account, meter: Document, customer: str, start: int, end: int) -> list[tuple[int, int]]:
    """(moment, value) of what counts in [start, end): everything, or the last received of each window."""
    rows = [
        event
        for event in reversed(account.by("billing.meter_event", "_slot", f"{meter['id']}:{customer}"))
        if start <= event["timestamp"] < end and not event["_cancelled"]
    ]
    if meter["default_aggregation"]["formula"] == "count":
        return [(event["timestamp"], 1) for event in rows]
    if meter["event_time_window"]:
        size = WINDOWS[meter["event_time_window"]]
        last: dict[int, Document] = defaultdict(dict)
        for event in rows:
            last[event["timestamp"] // size] = event
        rows = list(last.values())
    if meter["default_aggregation"]["formula"] == "last":
        rows = sorted(rows, key=lambda event: event["timestamp"])[-1:]
    return [(event["timestamp"], event["_value"]) for event in rows]


def _by_name(account: Account, name: str) -> Document:
    for meter in account.books.rows("billing.meter"):
        if meter["event_name"] == name and meter["status"] == "active":
            return meter
    raise StripeError(f"No active meter found for event name {name}.", code="resource_missing", param="event_name")


def _whole(value: Any) -> int:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number != number.to_integral_value():
        raise StripeError("The value in the payload must be a whole number.", param="payload[value]")
    return int(number)

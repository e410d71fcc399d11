"""What a contract asks of the schedule that manages its subscription: the phases from the one that runs on; pure."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import NO_END, SubscriptionContract
from connectors.stripe_billing import changes, contracts, phases
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import ONE_DAY

#: how a subscription is read together with its schedule, prices included
WHOLE = ("schedule.phases.items.price",)
#: kinds of change that leave the phases as they are, or end them by calls of their own
LEAVES_PHASES = contracts.ENDS | {"suspension", "reactivation"}


def is_needed(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> bool:
    """Whether a schedule has something to say: one manages the subscription, or a later stretch has other prices."""
    if contract.modification_kind in LEAVES_PHASES:
        return False
    if record.get("schedule"):
        return True
    if not phases.is_scheduled(contract):
        return False
    if contract.modification_kind == "renewal":
        return True
    found = phases.stretches(contract, zone=zone)
    return phases.in_force(found, at=_period_start(record)) < len(found) - 1


def parameters(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> dict[str, Any] | None:
    """What the schedule is told, once; None where it was told already. Nothing is prorated by it: what changes in the
    running period was changed on the subscription itself.
    """
    schedule = record["schedule"]
    if (schedule.get("metadata") or {}).get("q2c_version") == str(contract.version):
        return None
    plan = _renewed(contract, record, zone=zone) if contract.modification_kind == "renewal" else _changed(
        contract, record, zone=zone
    )  # fmt: skip
    return {
        "phases": plan,
        "end_behavior": "release" if contract.ends_on == NO_END else "cancel",
        "proration_behavior": "none",
        "metadata": {"q2c_reference": contract.reference, "q2c_version": str(contract.version)},
    }


def _changed(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The running phase with the items the subscription has now, and the stretches that come."""
    running = record["schedule"]["current_phase"]
    if phases.is_scheduled(contract):
        found = phases.stretches(contract, zone=zone)
        place = phases.in_force(found, at=_period_start(record))
        ends, later = found[place].ends, phases.ahead(found, place + 1)
    elif contract.ends_on == NO_END:
        ends, later = record["items"]["data"][0]["current_period_end"], []
    else:
        ends, later = changes.moment_on(contract.ends_on + ONE_DAY, record, zone), []
    held = [one for one in record["items"]["data"] if one.get("quantity")]
    first = {
        "items": [phases.held_item(one) for one in held],
        "start_date": running["start_date"],
        "end_date": ends,
        "proration_behavior": "none",
    }
    return [first, *later]


def _renewed(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What was planned until the new term begins, and the stretches of the new term."""
    schedule = record["schedule"]
    running, last = schedule["current_phase"], schedule["phases"][-1]
    begins = last["end_date"]
    if local_date(begins, zone) != contract.starts_on:
        begins = changes.moment_on(contract.starts_on, record, zone)
    kept = [
        phases.as_parameters({**one, "end_date": min(one["end_date"], begins)})
        for one in schedule["phases"]
        if one["end_date"] > running["start_date"] and one["start_date"] < begins
    ]
    kept[-1]["end_date"] = begins
    found = phases.stretches(contract, zone=zone, begins=begins)
    new = phases.ahead(found, 0)
    if _beat(kept[-1]) != _beat(new[0]):
        new[0]["billing_cycle_anchor"] = "phase_start"
    return [*kept, *new]


def _period_start(record: Mapping[str, Any]) -> int:
    return int(record["items"]["data"][0]["current_period_start"])


def _beat(phase: Mapping[str, Any]) -> tuple[str, int]:
    recurring = phase["items"][0]["price_data"]["recurring"]
    return recurring["interval"], int(recurring.get("interval_count", 1))

"""What a numbered change of a contract asks of the subscription that bills it: calls in order; pure functions.

Each call is worked out from what Stripe holds at that moment, so a plan that was carried half way is carried on from
there. Only the last call names the version: Stripe shows it once all is done. Phases of a schedule that are still to
come are stated anew before that last call, see `connectors.stripe_billing.arranging`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import NO_END, SubscriptionContract
from connectors.stripe_billing import phases
from connectors.stripe_billing.amounts import from_sent, to_sent
from connectors.stripe_billing.contracts import ENDS, billed_lines, change_metadata, subscription_amount
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import ONE_DAY, Rhythm, item, noon, refused, rhythm, seconds

ITEMS_CHANGE = frozenset({"amendment", "upsell", "downsell", "co_term"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One write on the subscription, or on the schedule that manages it."""

    #: post or delete on the subscription; release or schedule on what manages it
    method: str = "post"
    params: dict[str, Any] = field(default_factory=dict)


def calls(
    contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo, today: date | None
) -> list[Call]:
    """What is left to be written. Raises Rejected where Stripe cannot bill what was agreed."""
    kind = contract.modification_kind
    note = {"metadata": change_metadata(contract, zone=zone)}
    if kind in ENDS:
        return [*_ending(contract, record, zone=zone, today=today), Call(params=note)]
    if record.get("status") == "canceled":
        ended = f"the subscription {record['id']} has ended; a {kind} needs a contract that runs"
        raise refused(contract, reason="CONTRACT_ENDED", field="status", value="canceled", text=ended)
    match kind:
        case "suspension":
            return [Call(params={"pause_collection": {"behavior": "void"}, **note})]
        case "reactivation":
            # what is billed for the rest of the period must not rest itself
            return [
                *([Call(params={"pause_collection": ""})] if rests(record) else ()),
                Call(params=note),
            ]
        case "renewal" if record.get("schedule") or phases.is_scheduled(contract):
            # the new term is one more phase
            return [Call(params=note)]
        case "renewal":
            items = _difference(contract, record)
            # nothing is billed now: the new content is billed from the next period on, which is the new term's first
            changed = {"items": items, "proration_behavior": "none"} if items else {}
            return [Call(params={**changed, "cancel_at": _end(contract, record, zone), **note})]
        case _ if kind in ITEMS_CHANGE:
            found = _changed_items(contract, record, zone=zone, today=today)
            if kind == "co_term" and not (record.get("schedule") or phases.is_scheduled(contract)):
                behaviour = _behaviour(contract, record)
                found.append(Call(params={"cancel_at": _end(contract, record, zone), "proration_behavior": behaviour}))
            if record.get("schedule") or phases.is_scheduled(contract) or not found:
                # the note comes after the phases
                return [*found, Call(params=note)]
            found[-1] = Call(params={**found[-1].params, **note})
            return found
    raise refused(contract, field="modification_kind", value=kind, text=f"a {kind} is not billed here")


def _changed_items(
    contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo, today: date | None
) -> list[Call]:
    terms = _terms_now(contract, record, zone=zone)
    items = _difference(terms, record)
    if not items:
        return []
    at = _proration_date(contract, record, zone=zone, today=today)
    lowers = _per_period(terms) < subscription_amount(record)
    behaviour = _behaviour(contract, record) if lowers or rests(record) else "always_invoice"
    return [Call(params={"items": items, "proration_behavior": behaviour, "proration_date": at})]


def _terms_now(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> SubscriptionContract:
    """What the contract says of the period that is billed now."""
    found = phases.stretches(contract, zone=zone) if phases.is_scheduled(contract) else ()
    if not found:
        return contract
    return found[phases.in_force(found, at=record["items"]["data"][0]["current_period_start"])].terms


def _per_period(terms: SubscriptionContract) -> Decimal:
    sent = sum(to_sent(line.amount, terms.currency) for line in billed_lines(terms))
    return from_sent(sent // rhythm(terms).periods, terms.currency)


def _ending(
    contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo, today: date | None
) -> list[Call]:
    """The end on the day agreed: unused service is credited from there, unless agreed otherwise."""
    effective = contract.effective_on or contract.starts_on
    at = moment_on(effective, record, zone)
    schedule = record.get("schedule")
    ends = None if schedule else record.get("cancel_at")
    if record.get("status") == "canceled" or (ends is not None and ends <= at):
        return []
    # with the running period ends what was billed: nothing is credited, and no invoice over nothing is made for it
    if (today is not None and effective > today) or at == record["items"]["data"][0]["current_period_end"]:
        if schedule:
            return _ending_later(contract, record, schedule, at=at)
        return [Call(params={"cancel_at": at, "proration_behavior": _behaviour(contract, record)})]
    found = [Call(method="release")] if schedule else []
    # everything at quantity 0 credits from a day in the past; a cancellation itself credits from this moment only
    left = [{"id": one["id"], "quantity": 0} for one in record["items"]["data"] if one.get("quantity")]
    if left and contract.credits_unused and not rests(record):
        at = _proration_date(contract, record, zone=zone, today=today)
        found.append(Call(params={"items": left, "proration_behavior": "always_invoice", "proration_date": at}))
    return [*found, Call(method="delete")]


def _ending_later(
    contract: SubscriptionContract, record: Mapping[str, Any], schedule: Mapping[str, Any], *, at: int
) -> list[Call]:
    """What a schedule manages ends by its schedule; within the phase that runs it is released, and told its end."""
    running, last = schedule["current_phase"], schedule["phases"][-1]
    if schedule["end_behavior"] == "cancel" and last["end_date"] <= at:
        return []
    if at <= running["end_date"]:
        ends = Call(params={"cancel_at": at, "proration_behavior": _behaviour(contract, record)})
        return [Call(method="release"), ends]
    kept = [
        phases.as_parameters({**one, "end_date": min(one["end_date"], at)})
        for one in schedule["phases"]
        if one["end_date"] > running["start_date"] and one["start_date"] < at
    ]
    return [Call(method="schedule", params={"phases": kept, "end_behavior": "cancel", "proration_behavior": "none"})]


def rests(record: Mapping[str, Any]) -> bool:
    """Whether service is suspended: nothing is billed, and a proration would credit or charge what never was."""
    return bool(record.get("pause_collection"))


def _behaviour(contract: SubscriptionContract, record: Mapping[str, Any]) -> str:
    return "always_invoice" if contract.credits_unused and not rests(record) else "none"


def _proration_date(
    contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo, today: date | None
) -> int:
    """The day agreed, which Stripe takes within the current period only. One that lies before is billed from today or
    from the period's start, where the company's policy says so; earlier periods are `rebilling`'s.

    Raises Rejected BACKDATED_CHANGE where it says nothing.
    """
    at = moment_on(contract.effective_on or contract.starts_on, record, zone)
    return within_running(contract, record, at=at, zone=zone, today=today)


def within_running(
    contract: SubscriptionContract, record: Mapping[str, Any], *, at: int, zone: ZoneInfo, today: date | None
) -> int:
    """A moment, or where it lies before the running period the one that the company's policy puts in its place.

    Raises Rejected BACKDATED_CHANGE where it says nothing.
    """
    effective, periods = contract.effective_on or contract.starts_on, record["items"]["data"][0]
    begins, ends = int(periods["current_period_start"]), int(periods["current_period_end"])
    if at < begins:
        if contract.backdating == "from_today" and today is not None:
            at = max(moment_on(today, record, zone), begins)
        elif contract.backdating == "credit_and_rebill":
            at = begins
        else:
            raise refused(
                contract,
                reason="BACKDATED_CHANGE",
                field="effective_on",
                value=effective.isoformat(),
                text=f"{effective} lies before the period that is billed now",
            )
    return min(at, ends)


def moment_on(day: date, record: Mapping[str, Any], zone: ZoneInfo) -> int:
    """The moment of a day at which a subscription changes: where one of its periods begins that day, that very moment
    (an hour from noon once the clocks have changed, since Stripe counts in UTC), else noon.
    """
    held = record["items"]["data"][0]
    recurring = held["price"]["recurring"]
    beat = Rhythm(interval=recurring["interval"], count=recurring["interval_count"], periods=1)
    anchor = datetime.fromtimestamp(record["billing_cycle_anchor"], UTC)
    at = noon(day, zone)
    steps = beat.between(anchor, at)
    for boundary in (
        held["current_period_start"],
        *(seconds(beat.after(anchor, n)) for n in (steps - 1, steps, steps + 1)),
    ):
        if local_date(boundary, zone) == day:
            return int(boundary)
    return seconds(at)


def _end(contract: SubscriptionContract, record: Mapping[str, Any], zone: ZoneInfo) -> int | str:
    """Where service ends; an empty text takes an end away."""
    return "" if contract.ends_on == NO_END else moment_on(contract.ends_on + ONE_DAY, record, zone)


def _difference(contract: SubscriptionContract, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What turns the items held into those agreed: same product and price stay, others change, new ones come, the
    rest goes. Raises Rejected where the rhythm differs, which Stripe cannot change half way.
    """
    held = [dict(one) for one in record["items"]["data"]]
    beat = rhythm(contract)
    for one in held:
        recurring = one["price"]["recurring"]
        if (recurring["interval"], recurring["interval_count"]) != (beat.interval, beat.count):
            value = f"{recurring['interval_count']} {recurring['interval']}"
            text = f"it is billed every {value}; another rhythm needs a new contract"
            raise refused(contract, field="billing_frequency", value=value, text=text)
    wanted = [item(line, contract, index=index) for index, line in enumerate(billed_lines(contract))]
    pairs, left = _paired(wanted, held)
    changed = []
    for want, have in pairs:
        if have is None:
            changed.append(want)
        elif not _same(want, have):
            changed.append({"id": have["id"], **want})
    return [*changed, *({"id": one["id"], "deleted": True} for one in left)]


def _paired(
    wanted: Sequence[dict[str, Any]], held: list[dict[str, Any]]
) -> tuple[list[tuple[dict[str, Any], dict[str, Any] | None]], list[dict[str, Any]]]:
    """Each wanted item with the held one it continues: the very same first, else one of the same product."""
    left = list(held)
    partner: dict[int, dict[str, Any]] = {}
    for fits in (_same, _same_product):
        for place, want in enumerate(wanted):
            have = next((one for one in left if fits(want, one)), None) if place not in partner else None
            if have is not None:
                partner[place] = have
                left.remove(have)
    return [(want, partner.get(place)) for place, want in enumerate(wanted)], left


def _same_product(want: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    return bool(want["price_data"]["product"] == have["price"]["product"])


def _same(want: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    price = want["price_data"]
    unit = Decimal(price.get("unit_amount") or price.get("unit_amount_decimal") or "0")
    return _same_product(want, have) and (unit, want["quantity"]) == (_unit(have), have.get("quantity", 1))


def _unit(have: Mapping[str, Any]) -> Decimal:
    price = have["price"]
    return Decimal(str(price["unit_amount"] if price.get("unit_amount") is not None else price["unit_amount_decimal"]))

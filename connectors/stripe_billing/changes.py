"""What a numbered change of a contract asks of the subscription that bills it: calls in order; pure functions.

Each call is worked out from what Stripe holds at that moment, so a plan that was carried half way is carried on from
there. Only the last call names the version: Stripe shows it once all is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import NO_END, SubscriptionContract
from connectors.stripe_billing.contracts import ENDS, billed_lines, change_metadata, contracted_amount
from connectors.stripe_billing.terms import ONE_DAY, item, noon, refused, rhythm, seconds

ITEMS_CHANGE = frozenset({"amendment", "upsell", "downsell", "co_term"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One write on the subscription."""

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
            return [Call(params={"pause_collection": "", **note})]
        case "renewal":
            items = _difference(contract, record)
            # nothing is billed now: the new content is billed from the next period on, which is the new term's first
            changed = {"items": items, "proration_behavior": "none"} if items else {}
            return [Call(params={**changed, "cancel_at": _end(contract, zone), **note})]
        case _ if kind in ITEMS_CHANGE:
            found = _changed_items(contract, record, zone=zone)
            if kind == "co_term":
                behaviour = _behaviour(contract)
                found.append(Call(params={"cancel_at": _end(contract, zone), "proration_behavior": behaviour}))
            if not found:
                return [Call(params=note)]
            found[-1] = Call(params={**found[-1].params, **note})
            return found
    raise refused(contract, field="modification_kind", value=kind, text=f"a {kind} is not billed here")


def _changed_items(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> list[Call]:
    items = _difference(contract, record)
    if not items:
        return []
    at = _proration_date(contract, record, zone=zone)
    lowers = contract.amount < contracted_amount(record)
    behaviour = _behaviour(contract) if lowers else "always_invoice"
    return [Call(params={"items": items, "proration_behavior": behaviour, "proration_date": at})]


def _ending(
    contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo, today: date | None
) -> list[Call]:
    """The end on the day agreed: unused service is credited from there, unless agreed otherwise."""
    effective = contract.effective_on or contract.starts_on
    at = seconds(noon(effective, zone))
    if record.get("status") == "canceled" or (record.get("cancel_at") is not None and record["cancel_at"] <= at):
        return []
    if today is not None and effective > today:
        return [Call(params={"cancel_at": at, "proration_behavior": _behaviour(contract)})]
    found: list[Call] = []
    # everything at quantity 0 credits from a day in the past; a cancellation itself credits from this moment only
    left = [{"id": one["id"], "quantity": 0} for one in record["items"]["data"] if one.get("quantity")]
    if left and contract.credits_unused:
        at = _proration_date(contract, record, zone=zone)
        found.append(Call(params={"items": left, "proration_behavior": "always_invoice", "proration_date": at}))
    return [*found, Call(method="delete")]


def _behaviour(contract: SubscriptionContract) -> str:
    return "always_invoice" if contract.credits_unused else "none"


def _proration_date(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo) -> int:
    """The day agreed, which Stripe takes within the current period only. Raises Rejected BACKDATED_CHANGE before it."""
    effective = contract.effective_on or contract.starts_on
    at = seconds(noon(effective, zone))
    periods = record["items"]["data"][0]
    if at < periods["current_period_start"]:
        raise refused(
            contract,
            reason="BACKDATED_CHANGE",
            field="effective_on",
            value=effective.isoformat(),
            text=f"{effective} lies before the period that is billed now",
        )
    return min(at, int(periods["current_period_end"]))


def _end(contract: SubscriptionContract, zone: ZoneInfo) -> int | str:
    """Where service ends; an empty text takes an end away."""
    return "" if contract.ends_on == NO_END else seconds(noon(contract.ends_on + ONE_DAY, zone))


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

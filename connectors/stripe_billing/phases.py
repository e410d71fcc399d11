"""Contracts whose content changes over time: each stretch billed on its own terms, as phases of a schedule; pure.

A stretch is a contract of its own to the rest of this package. A free one is a single period over nothing, and where
the rhythm differs from the one before, its billing cycle begins with it (docs.stripe.com/api/subscription_schedules).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors import segments
from connectors.canonical import EVERGREEN, NO_END, ContractLine, SubscriptionContract
from connectors.errors import Rejected
from connectors.money import AmountError
from connectors.segments import Segment, SegmentError
from connectors.stripe_billing.amounts import from_sent, to_sent
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import MONTHS, ONE_DAY, Rhythm, item, noon, refused, rhythm, seconds

#: docs.stripe.com/billing/subscriptions/subscription-schedules: "You can have up to 10 phases"
MOST_PHASES = 10
#: boundaries a change of the clocks apart are the same boundary
HALF_A_DAY = 43_200
NOT_BILLABLE = "PRICES_OVER_TIME_NOT_BILLABLE"


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of a contract over which nothing changes, and when Stripe begins and ends it (seconds since 1970)."""

    terms: SubscriptionContract
    begins: int
    ends: int

    @property
    def rhythm(self) -> Rhythm:
        return rhythm(self.terms)

    @property
    def items(self) -> list[dict[str, Any]]:
        return [item(line, self.terms, index=index) for index, line in enumerate(self.terms.lines)]

    @property
    def per_period(self) -> Decimal:
        """What one period costs, in major units."""
        sent = sum(to_sent(line.amount, self.terms.currency) for line in self.terms.lines)
        return from_sent(sent // self.rhythm.periods, self.terms.currency)


def is_scheduled(contract: SubscriptionContract) -> bool:
    """Whether its content changes while it runs. Raises Rejected for dates that cannot be billed."""
    return len(terms_of(contract)) > 1


def terms_of(contract: SubscriptionContract) -> tuple[SubscriptionContract, ...]:
    """The contract as contracts over one stretch each, whose amounts sum to it; one that never changes is itself.

    Raises Rejected where no stretch of whole periods bills exactly what was agreed.
    """
    if not segments.changes_over_time(contract):
        return (contract,)
    billed = replace(contract, lines=tuple(line for line in contract.lines if line.destination == "billing"))
    try:
        cut = segments.segments(billed)
    except SegmentError as error:
        raise not_billable(contract, str(error)) from error
    if len(cut) == 1:
        return (contract,)
    if contract.continues_reference:
        raise not_billable(contract, "a contract that was assigned goes on at one price only")
    if len(cut) > MOST_PHASES:
        raise not_billable(contract, f"its prices change {len(cut) - 1} times; billing takes {MOST_PHASES - 1}")
    if contract.billing_frequency == "prepaid" and sum(not one.is_free for one in cut) > 1:
        raise not_billable(contract, "what is prepaid has one price for its whole term")
    shaped = [replace(billed, **_shape(contract, one)) for one in cut]
    amounts = _amounts(contract, list(zip(cut, shaped, strict=True)))
    return tuple(
        replace(
            terms,
            lines=tuple(replace(line, amount=amounts[index, line.line_id]) for line in one.lines),
            amount=sum((amounts[index, line.line_id] for line in one.lines), contract.amount - contract.amount),
        )
        for index, (one, terms) in enumerate(zip(cut, shaped, strict=True))
    )


def stretches(contract: SubscriptionContract, *, zone: ZoneInfo, begins: int | None = None) -> tuple[Stretch, ...]:
    """The stretches with their moments, one after the other in Stripe's own counting from the first day's noon (or
    from `begins`). Raises Rejected where that leads to another day than the one agreed.
    """
    at = seconds(noon(contract.starts_on, zone)) if begins is None else begins
    found = []
    for terms in terms_of(contract):
        beat = rhythm(terms)
        ends = seconds(beat.after(datetime.fromtimestamp(at, UTC), beat.periods))
        agreed = terms.ends_on
        if agreed != NO_END and abs(local_date(ends, zone) - ONE_DAY - agreed) > ONE_DAY:
            raise not_billable(contract, f"what is billed until {agreed} would be billed to another day")
        found.append(Stretch(terms=terms, begins=at, ends=ends))
        at = ends
    return tuple(found)


def in_force(found: Sequence[Stretch], *, at: int) -> int:
    """The place of the stretch that holds at a moment: the last one that has begun, else the first."""
    return max((place for place, one in enumerate(found) if one.begins <= at), default=0)


def ahead(found: Sequence[Stretch], place: int) -> list[dict[str, Any]]:
    """Parameters of the phases from a place on; those before are Stripe's already."""
    phases = []
    for index in range(place, len(found)):
        one = found[index]
        phase: dict[str, Any] = {"items": one.items, "end_date": one.ends, "proration_behavior": "none"}
        if index and _beat(found[index - 1]) != _beat(one):
            phase["billing_cycle_anchor"] = "phase_start"
        phases.append(phase)
    return phases


def _shape(contract: SubscriptionContract, one: Segment) -> dict[str, Any]:
    """Dates and rhythm of a stretch: the contract's own where whole periods fit, one period where it is shorter."""
    frequency, period = contract.billing_frequency, MONTHS.get(contract.billing_frequency, one.months)
    if one.months != EVERGREEN and (one.is_free or one.months < period):
        frequency, period = "prepaid", one.months
    if one.months != EVERGREEN and one.months % period:
        words = f"{one.starts_on} to {one.ends_on} are {one.months} months, which cannot be billed {frequency}"
        raise not_billable(contract, words.replace("_", " "))
    return {
        "starts_on": one.starts_on, "ends_on": one.ends_on, "term_months": one.months, "billing_frequency": frequency,
        "free_months": 0,
    }  # fmt: skip


def _amounts(
    contract: SubscriptionContract, cut: Sequence[tuple[Segment, SubscriptionContract]]
) -> dict[tuple[int, str], Decimal]:
    """What each line costs in each stretch: nothing while free, else the same in each of its periods.

    Raises Rejected where the periods differ in length or the amount cannot be divided into them.
    """
    nothing = contract.amount - contract.amount
    found: dict[tuple[int, str], Decimal] = {}
    lines: dict[str, ContractLine] = {line.line_id: line for one, _ in cut for line in one.lines}
    for line_id, line in lines.items():
        places = [index for index, (one, _) in enumerate(cut) if any(held.line_id == line_id for held in one.lines)]
        charged = [index for index in places if not cut[index][0].is_free]
        found |= {(index, line_id): nothing for index in places}
        if not charged:
            if line.amount:
                raise not_billable(contract, f"{line.crm_product} has a price and is sold in free months only")
            continue
        if len(charged) > 1 and cut[charged[-1]][0].months == EVERGREEN:
            raise not_billable(contract, f"{line.crm_product} goes on without an end while other prices change")
        beats = {index: rhythm(cut[index][1]) for index in charged}
        if len({(beat.interval, beat.count) for beat in beats.values()}) > 1:
            raise not_billable(contract, f"{line.crm_product} runs over periods of different length at one price")
        periods = sum(beat.periods for beat in beats.values())
        try:
            each, rest = divmod(to_sent(line.amount, contract.currency), periods)
            if rest:
                raise AmountError(f"amount: {line.amount} {contract.currency} is not {periods} equal amounts")
        except AmountError as error:
            field, value = f"{line.crm_product} amount", str(line.amount)
            raise refused(contract, reason="ROUNDING", field=field, value=value, text=str(error)) from error
        for index in charged:
            found[index, line_id] = from_sent(each * beats[index].periods, contract.currency)
    return found


def not_billable(contract: SubscriptionContract, why: str) -> Rejected:
    return refused(contract, reason=NOT_BILLABLE, field="dates", value=why, text=why)


def _beat(one: Stretch) -> tuple[str, int]:
    return one.rhythm.interval, one.rhythm.count


# -- what Stripe holds ------------------------------------------------------------------------------
def note(found: Sequence[Stretch]) -> str:
    """The stretches as they are kept on the subscription: when each begins, what a period costs, how many there are."""
    return " ".join(f"{one.begins}:{one.per_period:f}*{one.rhythm.periods}" for one in found)


def noted(record: Mapping[str, Any]) -> list[tuple[int, Decimal, int]]:
    """The stretches kept on a subscription; none where its content does not change."""
    found = []
    for part in ((record.get("metadata") or {}).get("q2c_phases") or "").split():
        begins, _, rest = part.partition(":")
        each, _, periods = rest.partition("*")
        if begins.isascii() and begins.isdigit() and periods.isascii() and periods.isdigit():
            found.append((int(begins), Decimal(each), int(periods)))
    return found


def contracted(record: Mapping[str, Any], *, now: Decimal) -> Decimal:
    """What is billed for the whole term: what a period costs in each stretch, times its periods.

    `now` is what Stripe bills in the stretch that runs. Later ones are read from the schedule where it is shown whole;
    without a schedule what runs goes on. What is over, and what nobody sees, is as it was noted.
    """
    found, total = noted(record), now - now
    running = int(record["items"]["data"][0]["current_period_start"])
    # before the first stretch of a renewal nothing of it runs yet
    place = max((index for index, (begins, _, _) in enumerate(found) if begins <= running + HALF_A_DAY), default=-1)
    for index, (begins, each, periods) in enumerate(found):
        if index == place:
            each = now
        elif index > place:
            each = _later(record, begins=begins, noted=each, now=now)
        total += each * periods
    return total


def _later(record: Mapping[str, Any], *, begins: int, noted: Decimal, now: Decimal) -> Decimal:
    schedule = record.get("schedule")
    if record.get("status") == "canceled" or isinstance(schedule, str):
        return noted
    if not isinstance(schedule, Mapping):
        return now
    phases, at = schedule["phases"], begins + HALF_A_DAY
    if at >= phases[-1]["end_date"]:
        return now - now if schedule["end_behavior"] == "cancel" else _price_of(phases[-1], noted)
    return _price_of(next(one for one in phases if at < one["end_date"]), noted)


def _price_of(phase: Mapping[str, Any], noted: Decimal) -> Decimal:
    """What a period costs in a phase; as noted where its prices are not shown."""
    minor = Decimal(0)
    for one in phase["items"]:
        price = one["price"]
        if not isinstance(price, Mapping):
            return noted
        unit = price["unit_amount"] if price.get("unit_amount") is not None else price["unit_amount_decimal"]
        minor += Decimal(str(unit)) * (one.get("quantity") or 0)
    return from_sent(int(minor), str(phase["currency"]).upper())


def as_parameters(phase: Mapping[str, Any]) -> dict[str, Any]:
    """A phase as Stripe shows it, with its prices, as the parameters that state it again."""
    stated: dict[str, Any] = {
        "items": [held_item(one) for one in phase["items"]],
        "start_date": phase["start_date"],
        "end_date": phase["end_date"],
        "proration_behavior": phase["proration_behavior"],
    }
    if phase.get("billing_cycle_anchor"):
        stated["billing_cycle_anchor"] = phase["billing_cycle_anchor"]
    return stated


def held_item(one: Mapping[str, Any]) -> dict[str, Any]:
    """An item of a subscription or a phase as the parameters of an equal one."""
    price = one["price"]
    recurring = {name: price["recurring"][name] for name in ("interval", "interval_count")}
    amount = "unit_amount" if price.get("unit_amount") is not None else "unit_amount_decimal"
    rates = [rate["id"] if isinstance(rate, Mapping) else rate for rate in one.get("tax_rates") or ()]
    product = price["product"]
    return {
        "price_data": {
            "currency": price["currency"],
            "product": product["id"] if isinstance(product, Mapping) else product,
            "recurring": recurring,
            amount: str(price[amount]),
        },
        "quantity": one.get("quantity") or 0,
        **({"tax_rates": rates} if rates else {}),
    }

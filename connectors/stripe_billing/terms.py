"""When and how often a contract is billed: its rhythm in Stripe's intervals, its moments, its price per period; pure.

Contracts start and end at local noon, so that no zone or daylight rule moves a date; in between Stripe counts calendar
intervals in UTC from there (docs.stripe.com/billing/subscriptions/billing-cycle).
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import EVERGREEN, NO_END, ContractLine, SubscriptionContract
from connectors.errors import Rejected
from connectors.money import AmountError
from connectors.stripe_billing.amounts import from_sent, to_sent, unit_price
from connectors.stripe_billing.reading import SYSTEM

ONE_DAY = timedelta(days=1)
#: months of one billing period; what is prepaid has one, its term
MONTHS = {"monthly": 1, "quarterly": 3, "annual_in_advance": 12}
#: Stripe bills no interval longer than three years (docs.stripe.com/api/prices/create)
LONGEST_MONTHS, LONGEST_DAYS = 36, 1095


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """One billing period, and how many of them the agreed amount is for."""

    interval: str
    count: int
    periods: int

    def after(self, moment: datetime, times: int) -> datetime:
        """So many periods later (earlier, below zero), by the calendar in UTC."""
        if self.interval == "day":
            return moment + timedelta(days=self.count * times)
        month = moment.month - 1 + self.count * times * (12 if self.interval == "year" else 1)
        year, month = moment.year + month // 12, month % 12 + 1
        return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))

    def between(self, first: datetime, last: datetime) -> int:
        """How many periods lie between two moments, to about one."""
        if self.interval == "day":
            return (last - first).days // self.count
        months = (last.year - first.year) * 12 + last.month - first.month
        return months // (self.count * (12 if self.interval == "year" else 1))


def rhythm(contract: SubscriptionContract) -> Rhythm:
    """Raises Rejected for a rhythm or term that Stripe does not bill in whole periods."""
    frequency, term = contract.billing_frequency, contract.term_months
    if frequency not in (*MONTHS, "prepaid"):
        raise refused(contract, field="billing_frequency", value=frequency, text=f"{frequency!r} is not billed here")
    if _has_odd_term(contract):
        days = (contract.ends_on - contract.starts_on).days + 1
        if frequency in ("monthly", "quarterly") or days > LONGEST_DAYS:
            text = "a term that is no whole number of months is billed once, in advance, for at most three years"
            raise refused(contract, field="ends_on", value=contract.ends_on.isoformat(), text=text)
        return Rhythm(interval="day", count=days, periods=1)
    months = MONTHS.get(frequency, term)
    if months == EVERGREEN or months > LONGEST_MONTHS or term % months:
        text = f"a term of {term} months is not billed {frequency}"
        raise refused(contract, field="term_months", value=str(term), text=text)
    periods = 1 if term == EVERGREEN else term // months
    if months % 12 == 0:
        return Rhythm(interval="year", count=months // 12, periods=periods)
    return Rhythm(interval="month", count=months, periods=periods)


def _has_odd_term(contract: SubscriptionContract) -> bool:
    """A new contract that ends on another contract's day. A continued one keeps the rhythm of the one it continues."""
    if contract.continues_reference or contract.modification_kind != "new" or contract.term_months == EVERGREEN:
        return False
    if contract.ends_on == NO_END:
        return False
    whole = Rhythm(interval="month", count=contract.term_months, periods=1)
    after = whole.after(datetime.combine(contract.starts_on, time(12), UTC), 1).date()
    # 29 February may stand one day apart
    return abs(after - ONE_DAY - contract.ends_on) > ONE_DAY


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Seconds since 1970: where service begins, where a period next begins, where service ends (None: never)."""

    starts: int
    anchor: int
    ends: int | None


def moments(contract: SubscriptionContract, *, zone: ZoneInfo, today: date | None) -> Moments:
    """Of a contract that billing is to begin. The anchor is the first boundary after today; without a today, after the
    first day. Raises Rejected.
    """
    beat, starts = rhythm(contract), noon(contract.starts_on, zone)
    counted_from, step = starts, 1
    if contract.ends_on == NO_END:
        ends = None
    elif contract.continues_reference:
        # continued: boundaries lie where they lay before, counted back from the common end
        ends = noon(contract.ends_on + ONE_DAY, zone)
        counted_from, step = ends, -beat.periods
        # and it begins at the boundary of its first day, where there is one: its noon may be an hour beside it
        on_the_day = (beat.after(ends, times) for times in range(-beat.periods, 0))
        starts = next((one for one in on_the_day if one.astimezone(zone).date() == contract.starts_on), starts)
    else:
        ends = beat.after(starts, beat.periods)
        if beat.interval != "day" and abs(ends.astimezone(zone).date() - ONE_DAY - contract.ends_on) > ONE_DAY:
            value, text = contract.ends_on.isoformat(), "the last day is not the one the term leads to"
            raise refused(contract, field="ends_on", value=value, text=text)
    day = max(today or contract.starts_on, contract.starts_on)
    while beat.after(counted_from, step).astimezone(zone).date() <= day:
        step += 1
    anchor = beat.after(counted_from, step)
    if ends is not None:
        anchor = min(anchor, ends)
    return Moments(starts=seconds(starts), anchor=seconds(anchor), ends=None if ends is None else seconds(ends))


def noon(day: date, zone: ZoneInfo) -> datetime:
    """The local noon of a day, in UTC."""
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def item(line: ContractLine, contract: SubscriptionContract, *, index: int) -> dict[str, Any]:
    """A line as a subscription item with its own price per period. Raises Rejected where nothing exact is possible."""
    field, beat = f"lines[{index}]", rhythm(contract)
    if line.quantity != line.quantity.to_integral_value() or line.quantity < 1:
        text = "Stripe bills whole quantities from 1"
        raise refused(contract, field=f"{field}.quantity", value=str(line.quantity), text=text)
    try:
        sent = to_sent(line.amount, contract.currency)
        each, rest = divmod(sent, beat.periods)
        if rest:
            raise AmountError(f"amount: {line.amount} {contract.currency} is not {beat.periods} equal amounts")
        price = unit_price(from_sent(each, contract.currency), int(line.quantity), contract.currency)
    except AmountError as error:
        value = str(line.amount)
        raise refused(contract, reason="ROUNDING", field=f"{field}.amount", value=value, text=str(error)) from error
    recurring: dict[str, Any] = {"interval": beat.interval}
    if beat.count != 1:
        recurring["interval_count"] = beat.count
    return {
        "price_data": {
            "currency": contract.currency.lower(),
            "product": line.billing_product,
            "recurring": recurring,
            **price,
        },
        "quantity": int(line.quantity),
        # the tax that was decided for this line, charged by billing and by nobody else
        **({"tax_rates": [line.tax_code]} if line.tax_code else {}),
    }


def refused(
    contract: SubscriptionContract, *, field: str, text: str, value: str = "", reason: str = "UNCLASSIFIED"
) -> Rejected:
    return Rejected(f"{contract.reference}: {text}", reason=reason, field=field, value=value, system=SYSTEM)

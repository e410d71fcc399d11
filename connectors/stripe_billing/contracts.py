"""Contracts as subscriptions: what a new one is made of, what we write on it, what it says it bills; pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import NO_END, ContractLine, SubscriptionContract
from connectors.money import AmountError
from connectors.stripe_billing import phases
from connectors.stripe_billing.amounts import from_sent, to_sent
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import ONE_DAY, item, moments, refused, rhythm

#: the version of a subscription whose schedule is still missing
UNFINISHED = "0"
#: kinds that end the contract: what was agreed before stays noted beside the end
ENDS = frozenset({"cancellation", "assignment"})


def subscription_parameters(
    contract: SubscriptionContract,
    *,
    billing_customer: str,
    days_until_due: int,
    zone: ZoneInfo,
    today: date | None = None,
) -> dict[str, Any]:
    """Parameters of the subscription a contract becomes, billed in advance by invoice.

    Backdated to the start and anchored at a boundary of its own rhythm, a contract that comes late is billed for
    exactly its full periods. One whose content changes over time begins with its first stretch and is named as not
    wholly set up: its schedule comes next. Raises Rejected.
    """
    billed, scheduled = billed_lines(contract), phases.is_scheduled(contract)
    metadata = contract_metadata(contract, zone=zone)
    if scheduled:
        planned = phases.stretches(contract, zone=zone)
        if today is not None and local_date(planned[1].begins, zone) <= today:
            words = f"the price of {planned[0].terms.starts_on} to {planned[0].terms.ends_on} is over already"
            raise phases.not_billable(contract, words)
        contract = planned[0].terms
        billed, metadata = contract.lines, metadata | {"q2c_version": UNFINISHED}
    when = moments(contract, zone=zone, today=today)
    wanted = {
        "customer": billing_customer,
        "items": [item(line, contract, index=index) for index, line in enumerate(billed)],
        "collection_method": "send_invoice",
        "days_until_due": days_until_due,
        "backdate_start_date": when.starts,
        "billing_cycle_anchor": when.anchor,
        "proration_behavior": "create_prorations",
        "metadata": metadata,
    }
    # what is scheduled ends with its schedule
    if when.ends is not None and not scheduled:
        wanted["cancel_at"] = when.ends
    return wanted


def contract_metadata(contract: SubscriptionContract, *, zone: ZoneInfo) -> dict[str, str]:
    """What we write on a subscription, and read again on its invoices."""
    terms = _agreed_terms(contract, zone)
    return {**_names(contract), **{name: value for name, value in terms.items() if value}}


def change_metadata(contract: SubscriptionContract, *, zone: ZoneInfo) -> dict[str, str]:
    """What a change writes: its version, its kind, and the terms it agrees on. An end keeps those it cuts short."""
    # the first deal's own id stays what invoices name
    named = {name: value for name, value in _names(contract).items() if name != "q2c_deal"}
    agreed = {} if contract.modification_kind in ENDS else _agreed_terms(contract, zone)
    return {**named, "q2c_kind": contract.modification_kind, **agreed}


def _names(contract: SubscriptionContract) -> dict[str, str]:
    return {
        "q2c_reference": contract.reference,
        "q2c_customer": contract.customer_reference,
        "q2c_correlation": contract.correlation_id,
        "q2c_version": str(contract.version),
        "q2c_deal": contract.crm_opportunity_id,
    }


def _agreed_terms(contract: SubscriptionContract, zone: ZoneInfo) -> dict[str, str]:
    """How many periods the amount is for, or what each stretch costs, and the last day; an empty text takes a note
    away.
    """
    several = phases.is_scheduled(contract)
    return {
        "q2c_periods": "" if several else str(rhythm(contract).periods),
        "q2c_phases": phases.note(phases.stretches(contract, zone=zone)) if several else "",
        "q2c_ends": _agreed_end(contract, zone),
    }


def _agreed_end(contract: SubscriptionContract, zone: ZoneInfo) -> str:
    """The last day of service as it will stand in Stripe."""
    if phases.is_scheduled(contract):
        last = phases.stretches(contract, zone=zone)[-1]
        return (contract.ends_on if contract.ends_on == NO_END else local_date(last.ends, zone) - ONE_DAY).isoformat()
    if contract.modification_kind != "new":
        return contract.ends_on.isoformat()
    ends = moments(contract, zone=zone, today=None).ends
    return contract.ends_on.isoformat() if ends is None else (local_date(ends, zone) - ONE_DAY).isoformat()


#: docs.stripe.com/api/subscriptions/create: "a list of up to 20 subscription items"
MOST_ITEMS = 20


def billed_lines(contract: SubscriptionContract) -> tuple[ContractLine, ...]:
    """The lines that billing bills. Raises Rejected where there are none, too many, or one has no product here."""
    billed = tuple(line for line in contract.lines if line.destination == "billing")
    if not billed:
        raise refused(contract, reason="CONTRACT_INCOMPLETE", field="lines", text="there is no line to bill")
    if len(billed) > MOST_ITEMS:
        raise refused(
            contract,
            reason="TOO_MANY_LINES",
            field="lines",
            value=f"{len(billed)} of {MOST_ITEMS}",
            text=f"{len(billed)} lines are to be billed; a subscription in Stripe takes {MOST_ITEMS}",
        )
    for index, line in enumerate(billed):
        if not line.billing_product:
            raise refused(
                contract,
                reason="PRODUCT_UNMAPPED",
                field=f"lines[{index}].billing_product",
                value=line.crm_product,
                text=f"{line.crm_product!r} has no product in Stripe",
            )
    return billed


# -- what Stripe holds ------------------------------------------------------------------------------
def subscription_amount(record: Mapping[str, Any]) -> Decimal:
    """Sum of unit amount x quantity over the items: one period, in major units."""
    currency = str(record["currency"]).upper()
    minor = Decimal(0)
    for one in record["items"]["data"]:
        price = one["price"]
        unit = price["unit_amount"] if price.get("unit_amount") is not None else price["unit_amount_decimal"]
        minor += Decimal(str(unit)) * one.get("quantity", 1)
    # A unit price with 12 digits times its quantity is whole again; anything else must not look equal to ours.
    if minor != minor.to_integral_value():
        raise AmountError(f"amount: {minor} minor units of {currency} are no whole number")
    return from_sent(int(minor), currency)


def contracted_amount(record: Mapping[str, Any]) -> Decimal:
    """What the subscription bills for the term that was agreed, in major units: its periods are noted on it, or its
    stretches where its content changes over time.
    """
    if phases.noted(record):
        return phases.contracted(record, now=subscription_amount(record))
    periods = (record.get("metadata") or {}).get("q2c_periods", "1")
    return subscription_amount(record) * (int(periods) if periods.isascii() and periods.isdigit() else 1)


def version_of(record: Mapping[str, Any]) -> int | None:
    """The last version that was wholly written; None where nothing of ours is noted."""
    text = (record.get("metadata") or {}).get("q2c_version", "")
    return int(text) if text.isascii() and text.isdigit() else None


def ends_early(record: Mapping[str, Any], *, zone: ZoneInfo) -> bool:
    """Whether it ended, or is set to end, before the day that was agreed. What a schedule manages ends with it."""
    agreed, ends = (record.get("metadata") or {}).get("q2c_ends", ""), service_ends(record)
    if not agreed or ends is None:
        return False
    return (local_date(ends, zone) - ONE_DAY).isoformat() < agreed


def service_ends(record: Mapping[str, Any]) -> int | None:
    """When it ended or is set to end, in seconds since 1970; None where it goes on. Its schedule is shown whole."""
    ends, schedule = record.get("ended_at") or record.get("cancel_at"), record.get("schedule")
    if not record.get("ended_at") and schedule:
        whole = schedule if isinstance(schedule, Mapping) else {}
        ends = whole["phases"][-1]["end_date"] if whole.get("end_behavior") == "cancel" else None
    return None if ends is None else int(ends)


def same_terms(record: Mapping[str, Any], contract: SubscriptionContract, *, zone: ZoneInfo) -> bool:
    """Whether a subscription bills exactly what the contract says."""
    agreed = sum((to_sent(line.amount, contract.currency) for line in billed_lines(contract)), 0)
    return (
        str(record["currency"]).upper() == contract.currency
        and to_sent(contracted_amount(record), contract.currency) == agreed
        and local_date(record["start_date"], zone) == contract.starts_on
    )

"""Contracts as subscriptions: what a new one is made of, what we write on it, what it says it bills; pure."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import ContractLine, SubscriptionContract
from connectors.money import AmountError
from connectors.stripe_billing.amounts import from_sent, to_sent
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import ONE_DAY, item, moments, refused, rhythm

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
    exactly its full periods. Raises Rejected.
    """
    billed, when = billed_lines(contract), moments(contract, zone=zone, today=today)
    wanted = {
        "customer": billing_customer,
        "items": [item(line, contract, index=index) for index, line in enumerate(billed)],
        "collection_method": "send_invoice",
        "days_until_due": days_until_due,
        "backdate_start_date": when.starts,
        "billing_cycle_anchor": when.anchor,
        "proration_behavior": "create_prorations",
        "metadata": contract_metadata(contract, zone=zone),
    }
    if when.ends is not None:
        wanted["cancel_at"] = when.ends
    return wanted


def contract_metadata(contract: SubscriptionContract, *, zone: ZoneInfo) -> dict[str, str]:
    """What we write on a subscription, and read again on its invoices."""
    return {
        "q2c_reference": contract.reference,
        "q2c_customer": contract.customer_reference,
        "q2c_correlation": contract.correlation_id,
        "q2c_version": str(contract.version),
        "q2c_deal": contract.crm_opportunity_id,
        "q2c_periods": str(rhythm(contract).periods),
        "q2c_ends": _agreed_end(contract, zone),
    }


def change_metadata(contract: SubscriptionContract, *, zone: ZoneInfo) -> dict[str, str]:
    """What a change writes: its version, its kind, and the terms it agrees on. An end keeps those it cuts short."""
    wanted = contract_metadata(contract, zone=zone) | {"q2c_kind": contract.modification_kind}
    # the first deal's own id stays what invoices name
    without = {"q2c_deal", *({"q2c_periods", "q2c_ends"} if contract.modification_kind in ENDS else ())}
    return {name: value for name, value in wanted.items() if name not in without}


def _agreed_end(contract: SubscriptionContract, zone: ZoneInfo) -> str:
    """The last day of service as it will stand in Stripe."""
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
    """What the subscription bills for the term that was agreed, in major units: its periods are noted on it."""
    periods = (record.get("metadata") or {}).get("q2c_periods", "1")
    return subscription_amount(record) * (int(periods) if periods.isascii() and periods.isdigit() else 1)


def version_of(record: Mapping[str, Any]) -> int | None:
    """The last version that was wholly written; None where nothing of ours is noted."""
    text = (record.get("metadata") or {}).get("q2c_version", "")
    return int(text) if text.isascii() and text.isdigit() else None


def ends_early(record: Mapping[str, Any], *, zone: ZoneInfo) -> bool:
    """Whether it ended, or is set to end, before the day that was agreed."""
    agreed = (record.get("metadata") or {}).get("q2c_ends", "")
    ends = record.get("ended_at") or record.get("cancel_at")
    if not agreed or ends is None:
        return False
    return (local_date(ends, zone) - ONE_DAY).isoformat() < agreed


def same_terms(record: Mapping[str, Any], contract: SubscriptionContract, *, zone: ZoneInfo) -> bool:
    """Whether a subscription bills exactly what the contract says."""
    agreed = sum((to_sent(line.amount, contract.currency) for line in billed_lines(contract)), 0)
    return (
        str(record["currency"]).upper() == contract.currency
        and to_sent(contracted_amount(record), contract.currency) == agreed
        and record["start_date"] == moments(contract, zone=zone, today=None).starts
    )

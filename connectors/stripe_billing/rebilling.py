"""What was billed for time that a change makes otherwise and Stripe does not prorate by itself: credited and billed
again as invoice items that name their period; pure functions.

That is time before the running period for a change dated back, and any time for which service rests or goes on again.

What was billed is read from Stripe's own invoice lines, so that it does not matter which changes came in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from connectors.canonical import SubscriptionContract
from connectors.stripe_billing import changes, phases
from connectors.stripe_billing.amounts import to_sent
from connectors.stripe_billing.contracts import ENDS, billed_lines
from connectors.stripe_billing.reading import local_date
from connectors.stripe_billing.terms import ONE_DAY, Rhythm, refused, rhythm, seconds

REBILL = "credit_and_rebill"
CREDIT, CHARGE = "credit", "charge"
#: kinds after which service rests, or goes on again
RESTS = frozenset({"suspension", "reactivation"})


@dataclass(frozen=True, kw_only=True)
class Billed:
    """A line of an invoice of the subscription: minor units before tax, moments in seconds since 1970."""

    product: str
    starts: int
    ends: int
    amount: int
    rates: tuple[str, ...]
    #: the credit of a suspension: its time is at rest
    rests: bool = False

    def share(self, first: int, last: int) -> Fraction:
        """What of it is for a stretch of time, evenly by the second."""
        overlap = min(self.ends, last) - max(self.starts, first)
        return Fraction(self.amount * overlap, self.ends - self.starts) if overlap > 0 else Fraction(0)


def is_due(contract: SubscriptionContract, record: Mapping[str, Any], *, since: int) -> bool:
    """Whether anything is to be corrected: of periods before the running one, where the policy says so, or of time at
    rest.
    """
    if record.get("status") == "canceled":
        return False
    running = record["items"]["data"][0]
    if _counts_running(contract, record):
        return bool(since < running["current_period_end"])
    if contract.backdating != REBILL or contract.modification_kind not in changes.ITEMS_CHANGE | ENDS:
        return False
    return bool(since < running["current_period_start"])


def begins(contract: SubscriptionContract, record: Mapping[str, Any], *, zone: ZoneInfo, today: date | None) -> int:
    """From which moment on a change corrects. Raises Rejected BACKDATED_CHANGE where a rest lies before the running
    period and no policy says what becomes of that.
    """
    at = changes.moment_on(contract.effective_on or contract.starts_on, record, zone)
    if _counts_running(contract, record) and contract.backdating != REBILL:
        return changes.within_running(contract, record, at=at, zone=zone, today=today)
    return at


def tag(contract: SubscriptionContract) -> str:
    """What the items of one change carry, so that a repeat makes none twice."""
    return f"{contract.reference}@{contract.version}"


def read(
    contract: SubscriptionContract, invoice: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], *, since: int
) -> list[Billed]:
    """What an invoice charges for the time since a moment; of a voided one and of this very change nothing.

    Raises Rejected BACKDATED_CHANGE where it was credited already: what is right then, only people can say.
    """
    if invoice["status"] == "void":
        return []
    found = []
    for line in lines:
        ours, period = line.get("metadata") or {}, line["period"]
        if ours.get("q2c_change") == tag(contract) or period["end"] <= max(since, period["start"]):
            continue
        priced = ((line.get("pricing") or {}).get("price_details") or {}).get("product")
        rates = [(tax.get("tax_rate_details") or {}).get("tax_rate") for tax in line.get("taxes") or ()]
        found.append(
            Billed(
                product=str(priced or ours.get("q2c_product") or ""),
                starts=int(period["start"]),
                ends=int(period["end"]),
                amount=int(line["amount"]),
                rates=tuple(rate for rate in rates if rate),
                rests=ours.get("q2c_kind") == "suspension",
            )
        )
    credited = (invoice.get("pre_payment_credit_notes_amount") or 0) + (
        invoice.get("post_payment_credit_notes_amount") or 0
    )
    if found and credited:
        number = str(invoice.get("number") or invoice["id"])
        text = f"invoice {number} of an earlier period was credited already"
        raise refused(contract, reason="BACKDATED_CHANGE", field="effective_on", value=number, text=text)
    return found


def items(
    contract: SubscriptionContract,
    record: Mapping[str, Any],
    billed: Sequence[Billed],
    *,
    since: int,
    zone: ZoneInfo,
) -> list[dict[str, Any]]:
    """Parameters of the invoice items, period by period and product by product: what was billed back, what is agreed
    charged. Time for which nothing was billed (it was at rest) stays so until service goes on; what is right already is
    left alone. `billed` is in the order in which it was billed.
    """
    found: list[dict[str, Any]] = []
    for first, last in _periods(contract, record, since=since):
        begun = max(first, since)
        held = [one for one in billed if one.share(begun, last)]
        if not held and contract.modification_kind != "reactivation":
            continue
        then = {
            one.product: sum((x.share(begun, last) for x in held if x.product == one.product), Fraction(0))
            for one in held
        }
        served = last - begun if contract.modification_kind == "reactivation" else _served(billed, begun, last)
        now = _agreed(contract, at=first, share=Fraction(served, last - first), zone=zone)
        rates = {one.product: one.rates for one in held}
        for product in sorted({*then, *now}):
            credit, (charge, charged_by) = _whole(then.get(product, Fraction(0))), now.get(product, (0, ()))
            if credit == charge:
                continue
            span = (begun, last)
            if credit:
                found.append(_item(contract, record, CREDIT, product, -credit, span, rates[product], zone=zone))
            if charge:
                found.append(_item(contract, record, CHARGE, product, charge, span, charged_by, zone=zone))
    if sum(one["amount"] for one in found) < 0 and not contract.credits_unused:
        return []
    return found


def _served(billed: Sequence[Billed], first: int, last: int) -> int:
    """Seconds of a stretch for which service was billed and did not come to rest."""
    cuts = sorted({first, last, *(at for one in billed for at in (one.starts, one.ends) if first < at < last)})
    seconds_served = 0
    for begun, ended in zip(cuts, cuts[1:], strict=False):
        said = [one for one in billed if one.starts <= begun and ended <= one.ends and (one.amount > 0 or one.rests)]
        if said and not said[-1].rests:
            seconds_served += ended - begun
    return seconds_served


def name_of(item: Mapping[str, Any]) -> tuple[str, str, int]:
    """What tells an item of a change from its others: its part, product and period."""
    ours = item.get("metadata") or {}
    return str(ours.get("q2c_part")), str(ours.get("q2c_product")), int(item["period"]["start"])


def _agreed(
    contract: SubscriptionContract, *, at: int, share: Fraction, zone: ZoneInfo
) -> dict[str, tuple[int, tuple[str, ...]]]:
    """What is agreed for a share of the period that begins at a moment, by product, and the taxes on it."""
    if contract.modification_kind in ENDS or contract.modification_kind == "suspension":
        return {}
    terms = contract
    if phases.is_scheduled(contract):
        planned = phases.stretches(contract, zone=zone)
        terms = planned[phases.in_force(planned, at=at)].terms
    sums: dict[str, Fraction] = {}
    rates: dict[str, tuple[str, ...]] = {}
    for line in billed_lines(terms):
        each = to_sent(line.amount, contract.currency) // rhythm(terms).periods
        sums[line.billing_product] = sums.get(line.billing_product, Fraction(0)) + each * share
        rates[line.billing_product] = (line.tax_code,) if line.tax_code else ()
    return {product: (_whole(amount), rates[product]) for product, amount in sums.items()}


def _periods(contract: SubscriptionContract, record: Mapping[str, Any], *, since: int) -> list[tuple[int, int]]:
    """The billing periods before the running one that end after a moment, oldest first; then the running one where that
    is for us.
    """
    held = record["items"]["data"][0]
    recurring = held["price"]["recurring"]
    beat = Rhythm(interval=recurring["interval"], count=recurring["interval_count"], periods=1)
    anchor = datetime.fromtimestamp(record["billing_cycle_anchor"], UTC)
    last = int(held["current_period_start"])
    steps = beat.between(anchor, datetime.fromtimestamp(last, UTC))
    place = next((n for n in range(steps - 2, steps + 3) if seconds(beat.after(anchor, n)) == last), None)
    found: list[tuple[int, int]] = []
    while place is not None and last > max(since, int(record["start_date"])):
        place -= 1
        first = max(seconds(beat.after(anchor, place)), int(record["start_date"]))
        found.append((first, last))
        last = first
    running = [(int(held["current_period_start"]), int(held["current_period_end"]))]
    return [*found[::-1], *(running if _counts_running(contract, record) else ())]


def _counts_running(contract: SubscriptionContract, record: Mapping[str, Any]) -> bool:
    """Whether Stripe itself credits and charges nothing of the running period: service rests, goes on, or ends at
    rest.
    """
    kind = contract.modification_kind
    return kind in RESTS or (kind in ENDS and changes.rests(record))


def _item(
    contract: SubscriptionContract,
    record: Mapping[str, Any],
    part: str,
    product: str,
    amount: int,
    span: tuple[int, int],
    rates: tuple[str, ...],
    *,
    zone: ZoneInfo,
) -> dict[str, Any]:
    words = "Credit of what was billed" if part == CREDIT else "Billed again as agreed"
    first, last = local_date(span[0], zone), local_date(span[1], zone) - ONE_DAY
    named = next((line.description for line in contract.lines if line.billing_product == product), "") or product
    return {
        "customer": record["customer"],
        "subscription": record["id"],
        "currency": contract.currency.lower(),
        "amount": amount,
        "period": {"start": span[0], "end": span[1]},
        "description": f"{words}: {named}, {first} to {last} (change {contract.modification_number})"[:400],
        "metadata": {
            "q2c_contract": contract.reference,
            "q2c_product": product,
            "q2c_change": tag(contract),
            "q2c_part": part,
            "q2c_kind": contract.modification_kind,
        },
        **({"tax_rates": list(rates)} if rates else {}),
    }


def _whole(amount: Fraction) -> int:
    """Whole minor units, half away from zero."""
    whole = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return whole if amount >= 0 else -whole

"""What a numbered change makes of the contract before it: the whole content afterwards, with nothing lost on the way.

Lines state the whole content after the change, priced for a whole term. What the version before sold and this one does
not state must be named as removed. Terms that a change does not touch are those of the version before.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from connectors.canonical import AS_BEFORE, EVERGREEN, NO_END, ContractLine, SubscriptionContract
from connectors.segments import months_later
from sync.errors import StepError, StepErrors, Waits
from sync.keys import modification
from sync.models import ContractLineRecord, ContractRecord
from sync.pipelines.commitment import SELL_NOTHING
from sync.pipelines.flow import Lookups

ONE_DAY = timedelta(days=1)
#: kinds after which a contract is over; an assignment goes on as the new customer's contract
ENDING = ("cancellation", "assignment")


def build_on_the_version_before(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """The contract as changed. Raises Waits while the version before is not stored, StepErrors for what contradicts."""
    if contract.modification_kind == "new":
        return contract
    if contract.continues_reference:
        return _continued(contract, lookups)
    before = lookups.ladders.get(contract.reference, {}).get(contract.modification_number - 1)
    if before is None:
        raise Waits(modification(contract.reference, contract.modification_number - 1))
    changed = _as_changed(contract, before)
    problems = [*_contradictions(contract, before), *_losses(contract, before), *_wrong_direction(changed, before)]
    if problems:
        raise StepErrors(problems)
    return changed


def _as_changed(contract: SubscriptionContract, before: ContractRecord) -> SubscriptionContract:
    effective, kind = contract.effective_on or contract.starts_on, contract.modification_kind
    starts, ends = before.starts_on, before.ends_on
    if kind == "renewal":
        starts, ends = effective, contract.ends_on
        if ends == NO_END and contract.term_months == AS_BEFORE and before.term_months != EVERGREEN:
            ends = months_later(starts, before.term_months) - ONE_DAY
    elif kind == "co_term":
        ends = contract.ends_on
    elif kind in ENDING:
        ends = max(starts, min(ends, effective - ONE_DAY))
    keeps_content = kind in SELL_NOTHING or kind == "assignment"
    lines = tuple(_kept(row) for row in before.lines.all()) if keeps_content else contract.lines
    dated = tuple(_dated(line, starts=starts, ends=max(starts, ends)) for line in lines)
    return replace(
        contract,
        # a contract stays with the customer it was sold to; only an assignment begins one with another
        customer_reference=before.customer_reference,
        starts_on=starts,
        ends_on=ends,
        effective_on=effective,
        term_months=before.term_months if contract.term_months == AS_BEFORE else contract.term_months,
        billing_frequency=contract.billing_frequency or before.billing_frequency,
        payment_terms_days=(
            before.payment_terms_days if contract.payment_terms_days == AS_BEFORE else contract.payment_terms_days
        ),
        po_number=contract.po_number or before.po_number,
        continues_reference=before.continues_reference,
        amount=before.amount if keeps_content else contract.amount,
        free_months=before.free_months if contract.free_months == AS_BEFORE else contract.free_months,
        lines=dated,
    )


def _dated(line: ContractLine, *, starts: date, ends: date) -> ContractLine:
    """A line with the dates of its contract; one with dates of its own keeps them."""
    if not line.own_dates:
        return replace(line, starts_on=starts, ends_on=ends)
    return replace(line, ends_on=ends) if line.ends_on == NO_END else line


def _continued(contract: SubscriptionContract, lookups: Lookups) -> SubscriptionContract:
    """The new customer's contract after an assignment: from its day to the old contract's end, on its own lines."""
    versions = lookups.ladders.get(contract.continues_reference, {})
    before = next((row for _, row in sorted(versions.items(), reverse=True) if not _is_over(row)), None)
    if before is None:
        raise Waits(contract.continues_reference)
    starts = contract.effective_on or contract.starts_on
    if not before.starts_on <= starts <= before.ends_on:
        raise StepError("CONTRACT_INCOMPLETE", field="Effective date", value=_outside(contract, before))
    if contract.currency != before.currency:
        raise StepError("CURRENCY_MISMATCH", field="Currency", value=f"{contract.currency}; it was {before.currency}")
    return replace(
        contract,
        starts_on=starts,
        ends_on=before.ends_on,
        term_months=before.term_months,
        billing_frequency=before.billing_frequency,
        payment_terms_days=(
            before.payment_terms_days if contract.payment_terms_days == AS_BEFORE else contract.payment_terms_days
        ),
        # what was free was free for the customer before
        free_months=0,
        lines=tuple(_dated(line, starts=starts, ends=before.ends_on) for line in contract.lines),
    )


def _is_over(row: ContractRecord) -> bool:
    return row.modification_kind in ENDING and row.modification_number > 1


def _contradictions(contract: SubscriptionContract, before: ContractRecord) -> list[StepError]:
    found = []
    effective, kind = contract.effective_on or contract.starts_on, contract.modification_kind
    if _is_over(before):
        found.append(StepError("CONTRACT_ENDED", field="Modification", value=f"{kind} after {before.ends_on}"))
    if contract.currency != before.currency:
        value = f"{contract.currency}; the contract is in {before.currency}"
        found.append(StepError("CURRENCY_MISMATCH", field="Currency", value=value))
    last = before.ends_on + ONE_DAY if kind in ("renewal", "cancellation") else before.ends_on
    if not before.starts_on <= effective <= last or (kind == "renewal" and effective != last):
        found.append(StepError("CONTRACT_INCOMPLETE", field="Effective date", value=_outside(contract, before)))
    if kind == "co_term" and contract.ends_on < effective:
        found.append(StepError("CONTRACT_INCOMPLETE", field="Contract end date", value=f"{contract.ends_on}"))
    if kind == "reactivation" and before.modification_kind != "suspension":
        found.append(StepError("MODIFICATION_UNCLEAR", field="Modification", value="nothing is suspended"))
    if kind not in ("assignment", "renewal") and contract.customer_reference != before.customer_reference:
        found.append(
            StepError(
                "CUSTOMER_MERGED",
                field="Account",
                value=contract.customer_reference,
                evidence={"contract_is_with": before.customer_reference},
            )
        )
    return found


def _outside(contract: SubscriptionContract, before: ContractRecord) -> str:
    effective = contract.effective_on or contract.starts_on
    ends = "without an end" if before.ends_on == NO_END else f"to {before.ends_on}"
    return f"{effective}; the contract runs from {before.starts_on} {ends}"


def _losses(contract: SubscriptionContract, before: ContractRecord) -> list[StepError]:
    """What the version before sold is stated or named as removed; what is named as removed is not stated."""
    if contract.modification_kind in SELL_NOTHING or contract.modification_kind == "assignment":
        return []
    had = {row.crm_product for row in before.lines.all()}
    has = {line.crm_product for line in contract.lines}
    removed = set(contract.removes)
    silent = [(code, "neither kept nor named as removed") for code in sorted(had - has - removed)]
    both = [(code, "kept and named as removed") for code in sorted(removed & has)]
    unknown = [(code, "named as removed, was never sold") for code in sorted(removed - had - has)]
    return [
        StepError("MODIFICATION_UNCLEAR", field="Products", value=f"{code}: {why}")
        for code, why in (*silent, *both, *unknown)
    ]


def _wrong_direction(changed: SubscriptionContract, before: ContractRecord) -> list[StepError]:
    """A change called upsell that lowers the price is not what it is called."""
    kind, now, then = changed.modification_kind, changed.amount, before.amount
    if (kind == "upsell" and now <= then) or (kind == "downsell" and now >= then):
        value = f"{kind} from {then:f} to {now:f} {changed.currency}"
        return [StepError("MODIFICATION_UNCLEAR", field="Modification", value=value)]
    return []


def _kept(row: ContractLineRecord) -> ContractLine:
    return ContractLine(
        line_id=row.line_id,
        crm_product=row.crm_product,
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        amount=row.amount,
        list_amount=row.list_amount,
        discount=row.discount,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        own_dates=row.own_dates,
    )


def accounting_kind(contract: SubscriptionContract, before: Sequence[ContractLineRecord]) -> tuple[str, str]:
    """The treatment proposed for a change, and why (ASC 606-10-25-12 and -13, IFRS 15.20 and .21); finance decides.

    Added distinct service at its standalone (list) price is a contract of its own; every other change of a
    subscription is prospective, since each day of service is distinct; both at once is mixed. Cumulative catch-up is
    for work that is not distinct, which only people can see.
    """
    if contract.modification_kind in SELL_NOTHING or contract.modification_kind in ("assignment", "co_term"):
        return "prospective", "No service is added; what is left is accounted for from the day of the change."
    if contract.modification_kind == "renewal":
        return "separate_contract", "A new term of distinct service begins when the old one has ended."
    held, stated = _content(before), _content(contract.lines)
    added = [line for line in contract.lines if line.crm_product not in held]
    changed = [product for product in stated if product in held and stated[product] != held[product]]
    gone = set(held) - set(stated)
    at_list = bool(added) and all(line.discount <= 0 for line in added)
    if at_list and not changed and not gone:
        return "separate_contract", "Only distinct service is added, at its list price or above."
    if at_list:
        return "mixed", "Distinct service is added at its list price, and what was sold before changes too."
    return "prospective", "What is left of the service is distinct from what was given; the rest is priced anew."


def _content(lines: Sequence[ContractLine | ContractLineRecord]) -> dict[str, list[tuple[Any, ...]]]:
    """What is sold of each product: how many, for how much, and when where a line says so itself."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for line in lines:
        when = (line.starts_on, line.ends_on) if line.own_dates else ()
        found.setdefault(line.crm_product, []).append((line.quantity, line.amount, when))
    return {product: sorted(content) for product, content in found.items()}

"""What a call may come to, and what it means: answers, look-ups, differences, wishes to be left alone; pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from connectors.canonical import Canonical
from connectors.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from connectors.interface import Receipt
from sync import connections

if TYPE_CHECKING:
    from sync.outbox import Claim

BACK_OFF_FIRST, BACK_OFF_LONGEST = 2.0, 3600.0


@dataclass(frozen=True)
class Adopted:
    """Found at the target before or after sending."""

    receipt: Receipt


@dataclass(frozen=True)
class NotFound:
    """Looked up after its settle time, and not there."""


@dataclass(frozen=True)
class FoundSeveral:
    """The target holds it more than once: frozen until people decide."""

    receipts: list[Receipt]


@dataclass(frozen=True)
class NotSent:
    """The call was called off before a byte left."""

    because: str


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Looked up first, as every later round does; then sent, with this outcome, under this key."""

    found: list[Receipt]
    then: Any
    generation: int
    request_key: str


#: outcomes by which a system shows that it works
ANSWERS = (Receipt, Adopted, NotFound, FoundSeveral, Rejected)


def plain(outcome: Any) -> Any:
    """What the last call of an outcome led to."""
    return outcome.then if isinstance(outcome, Looked) else outcome


def is_failure(outcome: Any) -> bool:
    """Whether the system failed us; a locked record is no failure of the system."""
    return isinstance(outcome, OutcomeUnknown) or (isinstance(outcome, Unavailable) and outcome.reason != "SF_ROW_LOCK")


def is_crash(outcome: Any) -> bool:
    """Whether a call ended by a bug of ours rather than by anything the system said or left unsaid."""
    theirs = (Misconfigured, OutcomeUnknown, Rejected, Unavailable)
    return isinstance(outcome, Exception) and not isinstance(outcome, theirs)


def asked_rest(outcome: Any) -> float | None:
    """Seconds the whole system asked to be left alone for, if it did; garbage counts as not asked."""
    asked = getattr(outcome, "retry_after", None) if is_failure(outcome) else None
    return asked if asked is not None and math.isfinite(asked) and asked > 0 else None


def difference(subject: Canonical, receipt: Receipt) -> tuple[str, str] | None:
    """What the target holds otherwise than sent, as (reason, what it holds); only documents are compared, and only in
    what the receipt shows: currency and total.
    """
    total = getattr(subject, "total", getattr(subject, "amount", None))
    if total is None or subject.state_like:
        return None
    currency, held = receipt.held.get("currency") or subject.currency, receipt.held.get("total")
    if currency != subject.currency:
        return "CURRENCY_MISMATCH", f"{currency} instead of {subject.currency}"
    if held in (None, ""):
        return None
    if _number(held) == total:
        return None
    return "AMOUNT_MISMATCH", f"{str(held)[:60]} instead of {total} {subject.currency}"


def _number(text: Any) -> Decimal | None:
    """An amount as a system wrote it; None for what is no amount, or none that any ledger could hold."""
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return None
    return number if number.is_finite() and -12 < number.adjusted() < 16 else None


def agrees(subject: Canonical, receipt: Receipt) -> bool:
    """Whether the target holds what the subject says, as far as its receipt shows: total and currency."""
    return difference(subject, receipt) is None


def judged(claim: "Claim", found: Sequence[Receipt], *, sends: bool) -> Any:
    """What a look-up means: adopted, not there (in this version, or not as corrected), or there several times.

    `sends`: a sending follows; a state-like object that shows no version is then brought up to date, not adopted.
    """
    row = claim.delivery
    if len(found) > 1:
        return FoundSeveral(list(found))
    if not found:
        return NotFound()
    held = found[0]
    numbered = hasattr(claim.parcel.subject, "modification_number")
    if (row.is_state_like or numbered) and (held.version < row.version if held.version is not None else sends):
        return NotFound()  # an older version is there; ours never arrived
    if row.is_state_like and not _same_quantity(claim.parcel.subject, held):
        return NotFound()  # what is counted there is an older sum
    if claim.parcel.operation == "correct" and not agrees(claim.parcel.subject, held):
        return NotFound()  # the correction never arrived
    return Adopted(held)


def _same_quantity(subject: Canonical, receipt: Receipt) -> bool:
    """Whether a target that shows a quantity and no version shows the subject's."""
    wanted, held = getattr(subject, "quantity", None), receipt.held.get("quantity")
    return wanted is None or held is None or _number(held) == wanted


def back_off(tries: int, *, asked: float | None = None) -> timedelta:
    """Exponential with full jitter, never earlier than the target asked, within the longest rest we grant."""
    ceiling = min(BACK_OFF_LONGEST, BACK_OFF_FIRST * 2 ** min(tries, 12))
    wait = random.uniform(0.5, ceiling)  # noqa: S311 - jitter, not a secret
    return timedelta(seconds=max(min(asked or 0.0, connections.LONGEST_REST.total_seconds()), wait))


def compared(subject: Canonical, receipt: Receipt) -> dict[str, Any]:
    """Both sides of a difference, as text; the amount between them where it is a number."""
    total = getattr(subject, "total", getattr(subject, "amount", Decimal(0)))
    sides = {"sent": f"{total} {subject.currency}", "external_id": receipt.external_id}
    sides |= {name: str(receipt.held[name])[:60] for name in ("total", "currency") if name in receipt.held}
    there = _number(receipt.held.get("total", ""))
    gap = abs(there - total) if there is not None else 0
    return {**sides, "difference": format(gap, "f")} if gap else sides

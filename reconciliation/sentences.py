"""What people read: titles, the six sentences of a case, the seller's line. Texts come from the table of reasons."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciliation.models import ExceptionCase, Problem
from sync.catalogue import reason
from sync.models import LegalEntity, WorkItem
from sync.money_text import money
from sync.reasons import Reason

SYSTEMS = {"salesforce": "Salesforce", "stripe_billing": "Stripe", "netsuite": "NetSuite", "tryton": "Tryton"}


class _Blanks(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _values(case: ExceptionCase) -> _Blanks:
    return _Blanks(
        customer=case.customer_name or "the customer",
        value=case.value or "(empty)",
        field=case.field or "a field",
        document=case.document or "the document",
        system=system_name(case.problem.system),
        entity=case.entity.name if case.entity else "The company",
        date=case.effective_on or "its date",
        amount=money(case.amount, case.currency) if case.amount is not None else "an unknown amount",
    )


def system_name(system: str) -> str:
    return SYSTEMS.get(system, system.replace("_", " ").title() or "The other system")


def title(case: ExceptionCase) -> str:
    """Short and plain; no codes."""
    words = reason(case.reason)
    return f"{words.title}: {case.value}" if case.value and case.reason in _TITLE_WITH_VALUE else words.title


def problem_title(problem: Problem) -> str:
    words = reason(problem.reason)
    return f"{words.title}: {problem.value}" if problem.value and problem.reason in _TITLE_WITH_VALUE else words.title


_TITLE_WITH_VALUE = {
    "PRODUCT_UNMAPPED",
    "COUNTRY_UNKNOWN",
    "ENTITY_ROUTE_MISSING",
    "ITEM_UNKNOWN",
    "DIMENSION_MISSING",
    "PERIOD_CLOSED",
}


def for_seller(case: ExceptionCase) -> str:
    """The case in the seller's words, for Salesforce: reason, who has it, until when."""
    words = reason(case.reason)
    if not words.seller:
        return ""
    return f"{words.seller.format_map(_values(case))} {case.get_team_display()}, due {case.due_at:%d %b %H:%M} UTC."


@dataclass(frozen=True, kw_only=True)
class Six:
    """The six answers every case page gives, in this order."""

    happened: str
    why: str
    holds_up: str
    owner: str
    press: str
    check: str


def six(case: ExceptionCase, *, fix: Any = None) -> Six:
    """What happened, why, what it holds up, who owns it, what a press does, how we check."""
    words: Reason = reason(case.reason)
    values = _values(case)
    whose = f" of {case.customer_name}" if case.customer_name else ""
    sum_ = f" over {money(case.amount, case.currency)}" if case.amount is not None and case.currency else ""
    happened = f"{case.document or 'An object'}{whose}{sum_} stopped on {case.opened_at:%d %b %Y at %H:%M} UTC."
    if case.break_row_id:
        happened = (
            f"The control of {case.effective_on} found {case.document}{whose} out of step on {case.opened_at:%d %b %Y at %H:%M}"
            f" UTC; the sides differ by {money(case.amount, case.currency)}."
        )
    if case.break_row_id and case.amount is None:
        # a listing has no second side
        happened = f"The control of {case.effective_on} found this: {case.document}."
    closes = "The next control run reads both sides again and closes the case when they agree."
    if case.reason == "EVENT_GAP":
        what = "an earlier change of" if case.work_item_id else "changes at"
        happened = (
            f"On {case.opened_at:%d %b %Y at %H:%M} UTC we found that {what} {case.document}{whose} had not reached us."
        )
        closes = (
            "The case closes by itself once the missing change is here and everything after it went through."
            if case.work_item_id
            else "The case closes by itself once nothing was missed for a whole day."
        )
    press = "There is no button for this: people in the other system must act, or ask another team."
    if case.journal_check_id:
        happened = f"The verification of the audit journal failed on {case.opened_at:%d %b %Y at %H:%M} UTC."
        press = (
            "There is no button for this. Keep the database and the anchors as they are, find out who could write to"
            " its tables since the last good verification, and compare with a backup of before."
        )
        closes = "The case closes by itself once the whole journal verifies again."
    return Six(
        happened=happened,
        why=words.cause.format_map(values),
        holds_up=f"{words.holds_up.format_map(values)}{_waiting_words(case)}",
        owner=_owner_words(case),
        press=fix.says(case) if fix else press,
        check=fix.checks(case) if fix else closes,
    )


def _owner_words(case: ExceptionCase) -> str:
    who = (
        f"; {case.assignee.get_full_name() or case.assignee.username} has taken it"
        if case.assignee
        else "; nobody has taken it yet"
    )
    return f"{case.get_team_display()} owns it until {case.due_at:%d %b %Y %H:%M} UTC{who}."


def _waiting_words(case: ExceptionCase) -> str:
    if not case.reference:
        return ""
    waiting = list(
        WorkItem.objects.filter(waits_for=case.reference, condition="waiting").values_list("amount", "currency")
    )
    if not waiting:
        return ""
    sums: dict[str, Any] = {}
    for amount, currency in waiting:
        if amount is not None:
            sums[currency] = sums.get(currency, 0) + amount
    words = " and ".join(money(total, currency) for currency, total in sorted(sums.items()))
    return f" {len(waiting)} other {'object waits' if len(waiting) == 1 else 'objects wait'} for it: {words}."


def moment(at: datetime, entity: LegalEntity) -> str:
    """A time on the clock of a company."""
    there = at.astimezone(entity.zone)
    return f"{there:%d %b %Y %H:%M} {zone_name(there)}"


def zone_name(at: datetime) -> str:
    """A zone's abbreviation; where it has none, its distance from UTC."""
    name = at.strftime("%Z")
    return f"UTC{name}" if name[:1] in ("+", "-") else name

"""What people read: titles, the six sentences of a case, the seller's line. Texts come from the table of reasons."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import dateformat, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from reconciliation.habits.languages import KEPT_IN, moment_text, spoken, written
from reconciliation.models import ExceptionCase, Problem
from sync.catalogue import reason
from sync.models import LegalEntity, WorkItem
from sync.money_text import money
from sync.reasons import Reason

SYSTEMS = {"salesforce": "Salesforce", "stripe_billing": "Stripe", "netsuite": "NetSuite", "tryton": "Tryton"}


class _Blanks(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _values(case: ExceptionCase, *, shown: Callable[[str], str] = written) -> _Blanks:
    return _Blanks(
        customer=case.customer_name or _("the customer"),
        value=case.value or _("(empty)"),
        field=case.field or _("a field"),
        document=case.document or _("the document"),
        system=system_name(case.problem.system),
        entity=case.entity.name if case.entity else _("The company"),
        date=case.effective_on or _("its date"),
        amount=shown(money(case.amount, case.currency)) if case.amount is not None else _("an unknown amount"),
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
    """The case in the seller's words, for Salesforce: reason, who has it, until when; in English whoever moved it."""
    words = reason(case.reason)
    if not words.seller:
        return ""
    with translation.override(KEPT_IN):
        said = words.seller.format_map(_values(case, shown=str))
    return f"{said} {case.get_team_display()}, due {case.due_at:%d %b %H:%M} UTC."


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
    when, closes = (
        _moment(case.opened_at),
        _("The next control run reads both sides again and closes the case when they agree."),
    )
    press = _("There is no button for this: people in the other system must act, or ask another team.")
    if case.reason == "EVENT_GAP":
        closes = (
            _("The case closes by itself once the missing change is here and everything after it went through.")
            if case.work_item_id
            else _("The case closes by itself once nothing was missed for a whole day.")
        )
    if case.journal_check_id:
        press = _(
            "There is no button for this. Keep the database and the anchors as they are, find out who could write to its tables since the last good verification, and compare with a backup of before."
        )
        closes = _("The case closes by itself once the whole journal verifies again.")
    return Six(
        happened=_happened(case, when=when),
        why=_(words.cause).format_map(values),
        holds_up=f"{_(words.holds_up).format_map(values)}{_waiting_words(case)}",
        owner=_owner_words(case),
        press=fix.says(case) if fix else press,
        check=fix.checks(case) if fix else closes,
    )


def _happened(case: ExceptionCase, *, when: str) -> str:
    """What was found, when, and over how much."""
    about = {"document": case.document or _("An object"), "customer": case.customer_name, "when": when}
    about |= {"day": str(case.effective_on), "amount": _sum(case)}
    if case.journal_check_id:
        text = _("The verification of the audit journal failed on {when} UTC.")
    elif case.reason == "EVENT_GAP" and case.work_item_id:
        text = _("On {when} UTC we found that an earlier change of {document} had not reached us.")
    elif case.reason == "EVENT_GAP":
        text = _("On {when} UTC we found that changes at {document} had not reached us.")
    elif case.reason == "STALE_VERSION":
        text = _("On {when} UTC a change came with a number that {document} has.")
    elif case.break_row_id and case.amount is None:
        # a listing has no second side
        text = _("The control of {day} found this: {document}.")
    elif case.break_row_id and case.customer_name:
        text = _(
            "The control of {day} found {document} of {customer} out of step on {when} UTC; the sides differ by {amount}."
        )
    elif case.break_row_id:
        text = _("The control of {day} found {document} out of step on {when} UTC; the sides differ by {amount}.")
    elif case.customer_name and about["amount"]:
        text = _("{document} of {customer} over {amount} stopped on {when} UTC.")
    elif case.customer_name:
        text = _("{document} of {customer} stopped on {when} UTC.")
    elif about["amount"]:
        text = _("{document} over {amount} stopped on {when} UTC.")
    else:
        text = _("{document} stopped on {when} UTC.")
    return text.format_map(about)


def _sum(case: ExceptionCase) -> str:
    """The money at stake as its reader writes it; empty where there is none."""
    return written(money(case.amount, case.currency)) if case.amount is not None and case.currency else ""


def _moment(at: datetime) -> str:
    return dateformat.format(at.astimezone(UTC), pgettext("date", "d M Y \\a\\t H:i"))


def _owner_words(case: ExceptionCase) -> str:
    text = _("{team} owns it until {when} UTC; nobody has taken it yet.")
    if case.assignee:
        text = _("{team} owns it until {when} UTC; {person} has taken it.")
    person = (case.assignee.get_full_name() or case.assignee.username) if case.assignee else ""
    return text.format(
        team=spoken(case.get_team_display()), when=moment_text(case.due_at.astimezone(UTC)), person=person
    )


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
    text = ngettext("{n} other object waits for it: {sums}.", "{n} other objects wait for it: {sums}.", len(waiting))
    each = [written(money(total, currency)) for currency, total in sorted(sums.items())]
    return " " + text.format(n=len(waiting), sums=_(" and ").join(each))


def moment(at: datetime, entity: LegalEntity) -> str:
    """A time on the clock of a company."""
    there = at.astimezone(entity.zone)
    return f"{there:%d %b %Y %H:%M} {zone_name(there)}"


def zone_name(at: datetime) -> str:
    """A zone's abbreviation; where it has none, its distance from UTC."""
    name = at.strftime("%Z")
    return f"UTC{name}" if name[:1] in ("+", "-") else name

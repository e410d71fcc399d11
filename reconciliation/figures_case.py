"""What a case page shows beside its sentences: how far it came, both sides' values, lines, history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext

from reconciliation.controls.registry import CONTROLS
from reconciliation.habits import mentions, undo
from reconciliation.habits.languages import money, spoken
from reconciliation.models import ControlStage, ExceptionCase
from reconciliation.sentences import system_name
from reconciliation.who import full_name
from sync.models import Attempt, Delivery, EntityRoute, JournalEntry
from sync.states import ORDER, Condition, Lifecycle

#: newest facts shown on a case
FACTS = 60


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of the seven states: done, stopped (it should come next and cannot), under way, or ahead."""

    label: str
    standing: str


def steps(case: ExceptionCase) -> list[Step]:
    """The seven states of what the case is about; empty for a case about a connection or a control."""
    row = _object_of(case)
    if row is None:
        return []
    reached = ORDER[Lifecycle(row.state)]
    stopped = case.status == ExceptionCase.Status.OPEN
    out = []
    for state, place in ORDER.items():
        standing = "done" if place <= reached else "ahead"
        if place == reached + 1:
            standing = "stopped" if stopped else "now"
        # a break says that what had been reached no longer holds
        if case.break_row_id and stopped and state == Lifecycle.RECONCILED:
            standing = "stopped"
        out.append(Step(label=spoken(state.label), standing=standing))
    return out


def _object_of(case: ExceptionCase) -> Any:
    if case.delivery_id:
        return case.delivery
    if case.work_item_id:
        if case.work_item.state == Lifecycle.TRANSFORMED:
            return deliveries(case).order_by("-version", "-pk").first() or case.work_item
        return case.work_item
    if case.break_row_id:
        return deliveries(case).filter(role="erp").order_by("-version", "-pk").first()
    return None


def deliveries(case: ExceptionCase) -> QuerySet[Delivery]:
    """What is owed to other systems for the case's object."""
    return Delivery.objects.filter(reference=case.reference, is_live=True).exclude(
        condition__in=[Condition.WITHDRAWN, Condition.SUPERSEDED]
    )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One value on both sides."""

    label: str
    left: str
    right: str
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A break, side by side."""

    left_name: str
    right_name: str
    cells: list[Cell]
    difference: str


_LABELS = {
    # the page compares these two, so they stay as they are
    "external_id": gettext_noop("Number there"),
    "net": gettext_lazy("Net"),
    "tax": gettext_lazy("Tax"),
    "gross": gettext_lazy("Total"),
    "status": gettext_noop("Status"),
}


def sides(case: ExceptionCase) -> Sides | None:
    """Both systems' values of a break; None for other cases."""
    found = case.break_row
    if found is None:
        return None
    control = CONTROLS.get(found.control)
    names = []
    for side, role in (
        ("left", control.left_role if control else "billing"),
        ("right", control.right_role if control else "erp"),
    ):
        stage = (
            ControlStage.objects.filter(
                control=found.control,
                entity=found.entity_id,
                business_date=found.document_date,
                side=side,
                is_current=True,
            )
            .select_related("connection")
            .first()
        )
        route = (
            None
            if stage
            else EntityRoute.objects.filter(entity=found.entity_id, role=role, is_shadow=False)
            .select_related("connection")
            .first()
        )
        source = stage or route
        names.append(
            source.connection.label
            if source and source.connection
            else {"crm": _("CRM"), "billing": _("Billing"), "erp": _("ERP"), "portal": _("Portal")}.get(role, role)
        )
    cells = []
    for key in dict.fromkeys((*_LABELS, *found.left, *found.right)):
        left, right = found.left.get(key, ""), found.right.get(key, "")
        if left in ("", None) and right in ("", None):
            continue
        is_money = key in ("net", "tax", "gross")
        cells.append(
            Cell(
                label=str(_LABELS.get(key, key.replace("_", " ").capitalize())),
                left=_shown(left, found.currency, is_money),
                right=_shown(right, found.currency, is_money),
                # each system has numbers and states of its own: they differ always, and that says nothing
                differs=_differ(left, right) if key not in ("external_id", "status") else not left or not right,
            )
        )
    return Sides(
        left_name=names[0], right_name=names[1], cells=cells, difference=money(found.difference, found.currency)
    )


def _shown(value: Any, currency: str, is_money: bool) -> str:
    if value in ("", None):
        return _("not there")
    if is_money:
        try:
            return money(Decimal(str(value)), currency)
        except InvalidOperation:
            pass
    return str(value)


def _differ(left: Any, right: Any) -> bool:
    try:
        return Decimal(str(left)) != Decimal(str(right))
    except InvalidOperation:
        return str(left) != str(right)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One fact of the document itself."""

    label: str
    value: str
    is_wrong: bool = False


def document_fields(case: ExceptionCase) -> list[Field]:
    """What the source says about the object, in words; the field at fault is marked."""
    subject = case.work_item.subject if case.work_item else {}
    out = [
        Field(label=label, value=str(subject[key]))
        for key, label in (
            ("name", _("Name")),
            ("signed_on", _("Signed on")),
            ("starts_on", _("Starts on")),
            ("ends_on", _("Ends on")),
            ("modification_kind", _("Kind of change")),
            ("crm_opportunity_id", _("Opportunity")),
            ("crm_account_id", pgettext("CRM", "Account")),
            ("industry", _("Industry")),
            ("parent_reference", _("Parent")),
            ("number", _("Number")),
        )
        if subject.get(key)
    ]
    if (case.field or case.value) and not (case.break_row_id or case.control_run_id):
        out.append(Field(label=case.field or _("Value"), value=case.value or _("(empty)"), is_wrong=True))
    return out


def document_lines(case: ExceptionCase) -> list[dict[str, Any]]:
    """The products of the deal or lines of the invoice; the ones at fault are marked."""
    subject = case.work_item.subject if case.work_item else {}
    return [
        {
            "product": line.get("crm_product") or line.get("description") or "",
            "quantity": line.get("quantity", ""),
            "amount": line.get("amount") or line.get("net") or "",
            "starts_on": line.get("starts_on") or line.get("service_starts_on", ""),
            "ends_on": line.get("ends_on") or line.get("service_ends_on", ""),
            "is_wrong": bool(case.value) and line.get("crm_product") == case.value,
        }
        for line in subject.get("lines") or []
    ]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing in the history of a case."""

    at: datetime
    who: str
    text: str
    tone: str
    #: a comment's own words, or the vendor's
    quote: str = ""
    #: number of the comment, and names in it -> whose they are
    comment: int = 0
    named: Mapping[str, str] = field(default_factory=dict)
    #: number of the act, where it still stands and may be reversed
    act: int = 0


def timeline(case: ExceptionCase) -> list[Fact]:
    """Journal entries, comments and attempts, the newest first."""
    about = Q(object_kind="case", object_key=case.number)
    if case.correlation_id:
        about |= Q(correlation_id=case.correlation_id)
    entries = list(
        JournalEntry.objects.filter(about)
        .exclude(action="commented", object_key=case.number)
        .order_by("-at", "-pk")[:FACTS]
    )
    acts = undo.of_facts(undo.reversible(case), [(row.pk, row.action, row.text) for row in entries])
    facts = [
        Fact(
            at=row.at,
            who=row.actor,
            text=row.text,
            tone="info" if row.user_id else "idle",
            act=acts.get(row.pk, 0),
        )
        for row in entries
    ]
    facts += [
        Fact(
            at=row.at,
            who=full_name(row.user),
            text=_("Comment"),
            tone="info",
            quote=row.text,
            comment=row.pk,
            named=mentions.names_in(row),
        )
        for row in case.comments.select_related("user").prefetch_related("mentions__person")
    ]
    for attempt in attempts(case)[:FACTS]:
        looked = attempt.verb == "find"
        what = _("Looked it up in {system}: {outcome}.") if looked else _("Sent it to {system}: {outcome}.")
        good = attempt.outcome in (Attempt.Outcome.RECEIPT, Attempt.Outcome.ADOPTED)
        facts.append(
            Fact(
                at=attempt.started_at,
                who=_("Portal"),
                tone="good" if good else "warn",
                text=what.format(system=attempt.delivery.target.label, outcome=attempt.get_outcome_display().lower()),
            )
        )
    return sorted(facts, key=lambda fact: fact.at, reverse=True)[:FACTS]


def attempts(case: ExceptionCase) -> QuerySet[Attempt]:
    """Calls made for the case's object."""
    about = (
        Q(delivery=case.delivery_id)
        if case.delivery_id
        else Q(delivery__reference=case.reference)
        if case.reference
        else Q(pk=None)
    )
    return Attempt.objects.filter(about).select_related("delivery__target").order_by("-started_at", "-pk")


def technical(case: ExceptionCase) -> str:
    """Everything a developer asks for, as text to copy. Bodies and secrets are not in it."""
    rows: dict[str, Any] = {
        "case": case.number,
        "problem": case.problem.number,
        "reason": case.reason,
        "system": system_name(case.problem.system),
        "reference": case.reference,
        "correlation id": case.correlation_id,
        "field": case.field,
        "value": case.value,
        "seen": case.occurrences,
        "version": case.version,
        "fingerprint": case.problem.fingerprint,
    }
    text = "\n".join(f"{name}: {value}" for name, value in rows.items() if value not in ("", None))
    if case.evidence:
        text += "\nevidence: " + json.dumps(case.evidence, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    for attempt in attempts(case)[:3]:
        call = f"{attempt.started_at:%Y-%m-%d %H:%M:%S} {attempt.verb} {attempt.outcome} {attempt.http_status or ''}"
        text += f"\n{call} {attempt.text[:600]}".rstrip()
    return text


def related(case: ExceptionCase) -> list[ExceptionCase]:
    """Other open cases of the same deal or customer."""
    same = Q()
    if case.correlation_id:
        same |= Q(correlation_id=case.correlation_id)
    if case.customer_reference:
        same |= Q(customer_reference=case.customer_reference)
    if not same:
        return []
    rows = ExceptionCase.objects.filter(same, status=ExceptionCase.Status.OPEN).exclude(pk=case.pk)
    return list(rows.select_related("problem").order_by("due_at", "pk")[:5])

"""Breaks: what nothing explains becomes one, with its case; one that agrees or is matched by now is healed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from reconciliation import cases, matching
from reconciliation.controls import sides
from reconciliation.controls.control import Control
from reconciliation.matches import cascade
from reconciliation.matching_causes import Cause
from reconciliation.models import Break, ControlRun, ExceptionCase, MatchRule, ReconcilingItem
from sync import bulk, clock, journal
from sync.models import LegalEntity, WorkItem
from sync.money_text import money

#: references looked up at a time
_BLOCK = 5_000


def unhealed(control: str, entity: LegalEntity) -> QuerySet[Break]:
    """What was found and is not over, accepted or not."""
    return Break.objects.filter(control=control, entity=entity, healed_at=None).order_by("pk")


def still_open(control: Control, entity: LegalEntity) -> QuerySet[Break]:
    """Open breaks no accepted item accounts for today."""
    today = clock.business_date(entity)
    accepted = ReconcilingItem.objects.filter(
        Q(expected_on=None) | Q(expected_on__gte=today),
        break_row=OuterRef("pk"),
        status=ReconcilingItem.Status.ACCEPTED,
        amount=OuterRef("difference"),
    )
    return Break.objects.filter(~Exists(accepted), control=control.name, entity=entity, healed_at=None)


def cases_of(rows: Sequence[Break], **only: Any) -> dict[int, ExceptionCase]:
    """Break -> the case that tells of it, the newest where there were several: its own, or one opened elsewhere."""
    told_in = {row.told_in_id for row in rows if row.told_in_id}
    found = ExceptionCase.objects.filter(Q(break_row__in=[row.pk for row in rows]) | Q(pk__in=told_in), **only)
    by_pk = {case.pk: case for case in found.select_related("problem", "assignee").order_by("pk")}
    own = {case.break_row_id: case for case in by_pk.values()}
    both = {row.pk: own.get(row.pk) or by_pk.get(row.told_in_id) for row in rows}
    return {pk: case for pk, case in both.items() if case}


def heal(row: ControlRun, control: Control) -> int:
    """Breaks whose documents agree now are healed, and their cases close; how many."""
    if not Break.objects.filter(control=control.name, entity=row.entity, healed_at=None).exists():
        return 0
    standing = {one.reference: one for one in matching.differences()}
    matched = {member.reference: met for met in cascade.groups() if met.is_matched for member in met.members}
    healed = [
        found
        for found in Break.objects.select_for_update().filter(control=control.name, entity=row.entity, healed_at=None)
        if found.reference not in standing or standing[found.reference].kind != found.kind
    ]
    for found in healed:
        found.healed_at, found.healed_in = clock.now(), row
    bulk.update(healed, ["healed_at", "healed_in"])
    open_rows = list(ExceptionCase.objects.filter(break_row__in=healed, status=ExceptionCase.Status.OPEN))
    by_match = [case for case in open_rows if case.reference in matched]
    mine = [case for case in open_rows if case not in by_match and case.items_under_way()]
    outside = [case for case in open_rows if case not in by_match and case not in mine]
    for case in by_match:
        cases.close([case], note=f"Matched: {_together(matched[case.reference], case.reference)}")
    cases.close(mine, note="Both sides agree again")
    cases.close(
        outside,
        note="Both sides agree again; it was changed in the other system",
        resolution=ExceptionCase.Resolution.FIXED_OUTSIDE,
    )
    return len(healed)


def _together(met: cascade.Met, reference: str) -> str:
    """What a document was matched with, and by what, in words."""
    others = sorted({one.label or one.reference for one in met.members if one.reference != reference})
    by = "by people" if met.match_id else f"by an approved rule ({MatchRule.By(met.by).label.lower()})"
    return f"with {', '.join(others[:5])}{' and more' if len(others) > 5 else ''}, {by}" if others else by


def find(row: ControlRun, control: Control) -> int:
    """What nothing explains is a break, and a break is a case; how many are new."""
    known = {
        one.reference: one for one in Break.objects.filter(control=control.name, entity=row.entity, healed_at=None)
    }
    differ = matching.differences()
    changed = _bring_up_to_date(known, differ)
    fresh = [one for one in differ if one.standing == "unexplained" and one.reference not in known]
    # one whose case is over, and that nothing accounts for any more, is a case again
    open_again = [known[one.reference] for one in differ if one.standing == "unexplained" and one.reference in known]
    if open_again:
        has_case = ExceptionCase.objects.filter(break_row__in=open_again, status=ExceptionCase.Status.OPEN)
        owned = set(has_case.values_list("break_row_id", flat=True))
        open_again = [found for found in open_again if found.pk not in owned]
    if not (fresh or open_again):
        return changed
    rows = Break.objects.bulk_create(
        Break(
            control=control.name,
            entity=row.entity,
            kind=one.kind,
            reference=one.reference,
            currency=one.currency,
            document_date=one.document_date,
            label=one.label,
            counterparty=one.counterparty,
            left=one.left,
            right=one.right,
            difference=one.gap,
            cause=one.cause,
            cause_with=one.cause_with,
            found_in=row,
            found_at=clock.now(),
        )
        for one in fresh
    )
    right = sides.source(row.entity, sides.routes(row.entity), control.right_role, on=row.business_date).connection
    work = _newest_work([found.reference for found in (*rows, *open_again)])
    cases.open_cases(
        [
            cases.Opening(
                target="break_row",
                row=found,
                reason=found.kind,
                system=right.system,
                reference=found.reference,
                correlation_id=work.get(found.reference, _NO_WORK).correlation_id,
                entity_id=row.entity_id,
                customer_name=work.get(found.reference, _NO_WORK).customer_name or found.counterparty,
                document=_document(control, found),
                effective_on=found.document_date,
                amount=found.difference,
                currency=found.currency,
                field_name=control.kind,
                value=_value(found),
                evidence=_evidence(found),
            )
            for found in (*rows, *open_again)
        ]
    )
    return changed + len(rows) + len(open_again)


def _bring_up_to_date(known: dict[str, Break], differ: Sequence[matching.Difference]) -> int:
    """An open break, and its case, say what both sides show now: how many came to another amount.

    A cause may show only later, in what the other side or another company lists by then.
    """
    changed: list[Break] = []
    moved: dict[Break, str] = {}
    for one in differ:
        found = known.get(one.reference)
        if found is None or found.kind != one.kind:
            continue
        if found.difference != one.gap:
            before, now = (money(amount, found.currency) for amount in (found.difference, one.gap))
            moved[found] = f"The difference of {found.label} was {before} and is {now} now."
        cause = (one.cause, one.cause_with) if one.cause else (found.cause, found.cause_with)
        fresh = (one.left, one.right, one.gap, *cause)
        if (found.left, found.right, found.difference, found.cause, found.cause_with) != fresh:
            found.left, found.right, found.difference, found.cause, found.cause_with = fresh
            changed.append(found)
    if changed:
        bulk.update(changed, ["left", "right", "difference", "cause", "cause_with"])
        _tell_cases({found.pk: found for found in changed}, moved)
    return len(moved)


def _tell_cases(changed: dict[int, Break], moved: dict[Break, str]) -> None:
    """Their open cases carry the amount and both sides as they are, and the trail says what moved."""
    rows = ExceptionCase.objects.select_for_update(of=("self",)).filter(
        break_row__in=changed, status=ExceptionCase.Status.OPEN
    )
    facts = []
    open_rows = list(rows)
    for case in open_rows:
        found = changed[case.break_row_id or 0]
        case.amount, case.evidence, case.version = found.difference, _evidence(found), case.version + 1
        if found in moved:
            facts.append(
                journal.Fact(
                    action="difference changed",
                    object_kind="case",
                    object_key=case.number,
                    correlation_id=case.correlation_id,
                    text=moved[found][:400],
                )
            )
    bulk.update(open_rows, ["amount", "evidence", "version"])
    journal.note(facts)


def _evidence(found: Break) -> dict[str, object]:
    return {"left": found.left, "right": found.right, **({"text": looks_like(found)} if found.cause else {})}


def looks_like(found: Break) -> str:
    """What probably went wrong, in a sentence; empty where nothing shows it."""
    if not found.cause:
        return ""
    words = Cause(found.cause).label
    return f"{words}: {found.cause_with}." if found.cause_with else f"{words}."


def _value(found: Break) -> str:
    """What the right side has instead, where that is no amount."""
    if found.kind == "ACCOUNT_MISMATCH":
        return str(found.right.get("account", ""))
    if found.kind == "PERIOD_MISMATCH":
        return " and ".join(str(side.get("dated", ""))[:7] for side in (found.left, found.right))
    return ""


def _document(control: Control, found: Break) -> str:
    return f"{control.kind.capitalize()} {found.label}".strip()


class _Work(NamedTuple):
    """Whose document it is, and the deal it belongs to, as our own work on it says."""

    correlation_id: str
    customer_name: str


_NO_WORK = _Work("", "")


def _newest_work(references: Sequence[str]) -> dict[str, _Work]:
    found: dict[str, _Work] = {}
    for start in range(0, len(references), _BLOCK):
        rows = WorkItem.objects.filter(reference__in=references[start : start + _BLOCK]).order_by("created_at", "pk")
        for reference, *said in rows.values_list("reference", "correlation_id", "customer_name"):
            found[reference] = _Work(*said)
    return found

"""Opens, assigns, comments, resolves and reopens cases: the only writer of ExceptionCase."""

import dataclasses
import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F, Q

from reconciliation import sentences
from reconciliation.models import CaseComment, ExceptionCase, FixItem, Problem
from reconciliation.models.cases import TARGETS
from reconciliation.ownership import ownership
from reconciliation.routing import Rules
from sync import bulk, clock, feedback_facts, journal
from sync.models import Block

#: how long a taken case stays with the one who took it without a sign of life
CLAIM = timedelta(minutes=15)
#: what the sentences about a case are made of, read along with it
READ_WITH = ("problem", "work_item__event", "delivery", "connection", "break_row", "control_run", "event")


class Conflict(Exception):
    """Somebody else changed it meanwhile; the message says who and what."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A case to be opened: the one thing it is about, and what people need to know."""

    #: one of TARGETS -> the row
    target: str
    row: Any
    reason: str
    block: Block | None = None
    system: str = ""
    reference: str = ""
    correlation_id: str = ""
    entity_id: int | None = None
    customer_reference: str = ""
    customer_name: str = ""
    document: str = ""
    effective_on: date | None = None
    field_name: str = ""
    value: str = ""
    amount: Decimal | None = None
    currency: str = ""
    #: when people must have acted, where the outside world says so; else by the reason's hours
    due_at: datetime | None = None
    evidence: dict[str, Any] = dataclasses.field(default_factory=dict)


def fingerprint(*, system: str, reason: str, field_name: str, value: str) -> str:
    """One cause, one print: target, reason, normalised field and value."""
    normal = re.sub(r"\s+", " ", value.strip())
    return hashlib.sha256("|".join((system, reason, field_name.lower(), normal)).encode()).hexdigest()


def open_cases(openings: Sequence[Opening]) -> list[ExceptionCase]:
    """Open one case per thing and reason; one that is open already counts up. Needs the cause's transaction."""
    if not openings:
        return []
    rules, now = Rules(), clock.now()
    problems = _problems(openings, rules)
    rows = []
    for opening in openings:
        problem = problems[_print(opening)]
        rows.append(
            ExceptionCase(
                problem=problem,
                reason=opening.reason,
                block=opening.block,
                **{opening.target: opening.row},
                team=rules.team(
                    reason=opening.reason,
                    entity_id=opening.entity_id,
                    system=opening.system,
                    customer_name=opening.customer_name,
                    amount=opening.amount,
                ),
                reference=opening.reference,
                correlation_id=opening.correlation_id,
                entity_id=opening.entity_id,
                customer_reference=opening.customer_reference,
                customer_name=opening.customer_name,
                document=opening.document,
                effective_on=opening.effective_on,
                field=opening.field_name,
                value=opening.value,
                amount=opening.amount,
                currency=opening.currency,
                evidence=opening.evidence,
                opened_at=now,
                due_at=opening.due_at or now + timedelta(hours=ownership(opening.reason).hours),
                regressed=problem.regressed_at is not None and problem.solved_at is None,
            )
        )
    known = _open_already(openings)
    fresh = [
        row
        for row, opening in zip(rows, openings, strict=True)
        if (opening.target, opening.row.pk, opening.reason) not in known
    ]
    ExceptionCase.objects.bulk_create(fresh, ignore_conflicts=True)
    if known:
        ExceptionCase.objects.filter(pk__in=known.values()).update(occurrences=F("occurrences") + 1)
    opened = list(
        ExceptionCase.objects.filter(pk__in=set(_open_already(openings).values()) - set(known.values())).select_related(
            *READ_WITH
        )
    )
    journal.note(
        journal.Fact(
            action="case opened",
            object_kind="case",
            object_key=case.number,
            correlation_id=case.correlation_id,
            text=f"{case.number} opened for {case.get_team_display()}: {sentences.title(case)}.",
            details={"reason": case.reason},
        )
        for case in opened
    )
    _tell_sellers(opened)
    return opened


def _print(opening: Opening) -> str:
    return fingerprint(system=opening.system, reason=opening.reason, field_name=opening.field_name, value=opening.value)


def _problems(openings: Sequence[Opening], rules: Rules) -> dict[str, Problem]:
    now = clock.now()
    wanted = {_print(opening): opening for opening in openings}
    Problem.objects.bulk_create(
        (
            Problem(
                reason=opening.reason,
                fingerprint=print_,
                field=opening.field_name,
                value=opening.value,
                system=opening.system,
                first_seen_at=now,
                last_seen_at=now,
                team=rules.team(
                    reason=opening.reason,
                    entity_id=opening.entity_id,
                    system=opening.system,
                    customer_name="",
                    amount=None,
                ),
            )
            for print_, opening in wanted.items()
        ),
        ignore_conflicts=True,
    )
    Problem.objects.filter(fingerprint__in=list(wanted), solved_at__isnull=False).update(
        regressed_at=now, solved_at=None
    )
    Problem.objects.filter(fingerprint__in=list(wanted)).update(last_seen_at=now)
    return {row.fingerprint: row for row in Problem.objects.filter(fingerprint__in=list(wanted))}


def _open_already(openings: Sequence[Opening]) -> dict[tuple[str, Any, str], int]:
    known: dict[tuple[str, Any, str], int] = {}
    for target in {opening.target for opening in openings}:
        keys = [opening.row.pk for opening in openings if opening.target == target]
        for pk, key, reason in ExceptionCase.objects.filter(
            **{f"{target}__in": keys}, status=ExceptionCase.Status.OPEN
        ).values_list("pk", f"{target}_id", "reason"):
            known[target, key, reason] = pk
    return known


# -- news from the carrying room ----------------------------------------------------------------------
def open_for_blocks(blocks: Iterable[Block]) -> None:
    """A block is a case, at once."""
    open_cases([_opening(block) for block in blocks])


def _opening(block: Block) -> Opening:
    common = {
        "reason": block.reason,
        "block": block,
        "field_name": block.field,
        "value": block.value,
        "evidence": block.evidence,
        "due_at": datetime.fromisoformat(block.evidence["due_at"]) if block.evidence.get("due_at") else None,
    }
    if block.work_item:
        item = block.work_item
        return Opening(
            target="work_item",
            row=item,
            system=item.event.connection.system,
            reference=item.reference,
            correlation_id=item.correlation_id,
            entity_id=item.entity_id,
            customer_reference=item.customer_reference,
            customer_name=item.customer_name,
            document=item.title,
            effective_on=item.effective_on,
            # where only a part of it is at stake, the block says which
            amount=Decimal(block.evidence["amount"]) if "amount" in block.evidence else item.amount,
            currency=item.currency,
            **common,
        )
    if block.delivery:
        row = block.delivery
        return Opening(
            target="delivery",
            row=row,
            system=row.target.system,
            reference=row.reference,
            correlation_id=row.correlation_id,
            entity_id=row.entity_id,
            customer_name=row.customer_name,
            document=row.title,
            effective_on=row.document_date,
            # where both sides are known, what is at stake is the difference between them
            amount=Decimal(block.evidence["difference"]) if "difference" in block.evidence else row.amount,
            currency=row.currency,
            **common,
        )
    if block.connection:
        return Opening(
            target="connection",
            row=block.connection,
            system=block.connection.system,
            document=block.connection.label,
            **common,
        )
    assert block.event is not None
    event = block.event
    return Opening(
        target="event", row=event, system=event.connection.system, document=f"{event.kind} {event.object_id}", **common
    )


def close_for_blocks(blocks: Iterable[Block], *, note: str, user: AbstractUser | None) -> None:
    """What went through closes its case by itself and says so."""
    by_reason: dict[str, list[tuple[str, Any]]] = {}
    for block in blocks:
        for target in ("work_item", "delivery", "connection", "event"):
            key = getattr(block, f"{target}_id")
            if key:
                by_reason.setdefault(block.reason, []).append((target, key))
    for reason, targets in by_reason.items():
        for target in TARGETS:
            keys = [key for name, key in targets if name == target]
            if keys:
                rows = ExceptionCase.objects.filter(
                    **{f"{target}__in": keys}, reason=reason, status=ExceptionCase.Status.OPEN
                ).select_related("work_item__event")
                close(list(rows), note=note, user=user)


def close(
    rows: Sequence[ExceptionCase], *, note: str, user: AbstractUser | None = None, resolution: str | None = None
) -> None:
    """Close these cases; a case released by a fix counts as fixed, another as gone through by itself."""
    if not rows:
        return
    now = clock.now()
    fixed = set(FixItem.objects.filter(case__in=rows, status=FixItem.Status.RELEASED).values_list("case_id", flat=True))
    superseded = note.startswith("Superseded")
    for case in rows:
        case.status, case.closed_at, case.closed_by, case.closing_note = (
            ExceptionCase.Status.CLOSED,
            now,
            user,
            note[:400],
        )
        case.resolution = resolution or (
            ExceptionCase.Resolution.SUPERSEDED
            if superseded
            else ExceptionCase.Resolution.FIXED
            if case.pk in fixed
            else ExceptionCase.Resolution.WENT_THROUGH
        )
        case.version += 1
    bulk.update(rows, ["status", "closed_at", "closed_by", "closing_note", "resolution", "version"])
    journal.note(
        journal.Fact(
            action="case closed",
            object_kind="case",
            object_key=case.number,
            correlation_id=case.correlation_id,
            user=user,
            text=f"{case.number} closed: {case.get_resolution_display().lower()}. {note}",
            details={"reason": case.reason},
        )
        for case in rows
    )
    still_open = set(
        ExceptionCase.objects.filter(
            problem__in={case.problem_id for case in rows}, status=ExceptionCase.Status.OPEN
        ).values_list("problem_id", flat=True)
    )
    Problem.objects.filter(pk__in={case.problem_id for case in rows} - still_open).update(solved_at=now)
    _tell_sellers(rows)


def _tell_sellers(touched: Sequence[ExceptionCase]) -> None:
    feedback_facts.say_cases(
        [
            feedback_facts.CaseLine(
                entity_id=case.entity_id,
                connection_id=case.work_item.event.connection_id if case.work_item_id and case.work_item else None,
                reference=case.reference,
                correlation_id=case.correlation_id,
            )
            for case in touched
        ],
        sentences=_open_for_sellers,
    )


def _open_for_sellers(references: Collection[str]) -> dict[str, str]:
    """Deal or customer -> its newest open case that sellers have words for."""
    about = Q(reference__in=references)
    for reference in references:
        # parts of a split deal carry its reference before their own
        about |= Q(reference__startswith=f"{reference}:")
    rows = ExceptionCase.objects.filter(about, status=ExceptionCase.Status.OPEN).select_related(*READ_WITH)
    found = {}
    for case in rows.order_by("pk"):
        if words := sentences.for_seller(case):
            found[":".join(case.reference.split(":")[:2])] = words
    return found


# -- what people do -----------------------------------------------------------------------------------
def take(case_id: int, *, user: AbstractUser) -> ExceptionCase:
    """Make a case mine for a while. Raises Conflict when another person holds it."""
    with transaction.atomic():
        case = ExceptionCase.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=case_id)
        now = clock.now()
        held = case.assignee_id not in (None, user.pk) and case.claimed_until and case.claimed_until > now
        if held:
            raise Conflict(f"{case.assignee} has this case until {case.claimed_until:%H:%M} UTC.")
        case.assignee, case.claimed_until, case.version = user, now + CLAIM, case.version + 1
        case.save(update_fields=["assignee", "claimed_until", "version"])
        journal.note(
            [
                journal.Fact(
                    action="case taken",
                    object_kind="case",
                    object_key=case.number,
                    correlation_id=case.correlation_id,
                    user=user,
                    text=f"{user} took {case.number}.",
                )
            ]
        )
        return case


def comment(case_id: int, *, user: AbstractUser, text: str) -> CaseComment:
    """Say something about a case. Raises ValueError on an empty text."""
    if not text.strip():
        raise ValueError("Write what you want to say.")
    with transaction.atomic():
        case = ExceptionCase.objects.get(pk=case_id)
        row = CaseComment.objects.create(case=case, user=user, text=text.strip()[:4000], at=clock.now())
        journal.note(
            [
                journal.Fact(
                    action="commented",
                    object_kind="case",
                    object_key=case.number,
                    correlation_id=case.correlation_id,
                    user=user,
                    text=f"{user} commented on {case.number}.",
                )
            ]
        )
        return row

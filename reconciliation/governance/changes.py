"""Draft, approve, refuse: rows of a table as one change; approved, they hold and what waited for them goes on."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, models, transaction

from reconciliation.approvals import APPROVE, ASK, Changed, Refused, holds
from reconciliation.governance import impact
from reconciliation.governance.files import Tried
from reconciliation.governance.table import Table, Values
from reconciliation.governance.tables import TABLES
from reconciliation.models import RowChange
from sync import clock, journal, nudges
from sync.models import MappingRow, WorkItem
from sync.states import Condition

KIND = "configuration"


class NotGood(ValueError):
    """A file with problems cannot be drafted."""


def sha256_of(tried: Tried) -> str:
    """What an approval binds to: the rows, and the rows in force that end with them."""
    return _sha256([plain_row(tried.table, row) for row in tried.rows], _plain_ends(tried.ends))


def draft(tried: Tried, *, user: AbstractUser, source: str, because: str = "") -> RowChange:
    """All rows of a good file as drafts, in one transaction, for another person to approve.

    Raises NotGood where the file has problems, Refused where the role may not, Changed where the same rows wait.
    """
    if not tried.is_good:
        raise NotGood("The file has problems; nothing was drafted.")
    if not holds(user, ASK[KIND]):
        raise Refused("Your role may not draft such rows. Hand the file to the team that owns it.")
    table, now = tried.table, clock.now()
    rows, ends = [plain_row(table, row) for row in tried.rows], _plain_ends(tried.ends)
    try:
        with transaction.atomic():
            change = RowChange.objects.create(
                table=table.name,
                source=source[:120],
                count=len(rows),
                rows=rows,
                ends=ends,
                sha256=_sha256(rows, ends),
                impact=impact.of(table, tried.rows).as_data(),
                asked_by=user,
                asked_at=now,
                asked_because=because[:400],
            )
            for values in tried.rows:
                # one by one, so that each has its history
                table.model(**values, batch=change.number, drafted_by=user, drafted_at=now).save()
            _note("rows drafted", change, user, f"{user} drafted {len(rows)} rows of {table.title.lower()}.")
            return change
    except IntegrityError as error:
        raise Changed("The same rows wait for a second person already.") from error


def why_not(change: RowChange, user: AbstractUser) -> str:
    """Why this person may not decide this change; empty when they may."""
    if change.status != RowChange.Status.PENDING:
        return f"Already {change.get_status_display().lower()}."
    if change.asked_by_id == user.pk:
        return "You drafted this; another approver must decide."
    if user.is_superuser:
        return "A superuser may not approve; sign in with a role that may."
    return "" if holds(user, APPROVE[KIND]) else "Your role may not approve this."


def to_decide(user: AbstractUser) -> int:
    """Changes that wait for this person."""
    pending = RowChange.objects.filter(status=RowChange.Status.PENDING).exclude(asked_by=user)
    return pending.count() if pending.exists() and holds(user, APPROVE[KIND]) else 0


def approve(change_id: int, *, user: AbstractUser, sha256: str, because: str = "") -> tuple[RowChange, int]:
    """Put all rows of a change in force and let go what waited for them; how many work items were let go.

    Raises Refused; Changed where the rows are not those that were shown, or do not fit what is in force by now: then
    nothing changes.
    """
    with transaction.atomic():
        change = _decidable(change_id, user)
        table, now = TABLES[change.table], clock.now()
        if sha256 != change.sha256:
            raise Changed("These are not the rows that were shown. Review again.")
        drafts = list(table.model._default_manager.filter(batch=change.number, status=MappingRow.Status.DRAFT))
        if _sha256([plain_row(table, _values(table, row)) for row in drafts], change.ends) != change.sha256:
            raise Changed("A draft was changed since it was shown. Draft the rows again.")
        try:
            with transaction.atomic():
                for row in table.model._default_manager.select_for_update().filter(pk__in=change.ends):
                    row.valid_to = date.fromisoformat(change.ends[str(row.pk)])
                    row.save()
                for row in drafts:
                    row.status, row.approved_by, row.approved_at = MappingRow.Status.APPROVED, user, now
                    row.save()
        except IntegrityError as error:
            raise Changed("Other rows were approved for the same days meanwhile. Draft these again.") from error
        change.status, change.decided_by = RowChange.Status.APPROVED, user
        change.decided_at, change.decided_because = now, because[:400]
        change.save()
        released = release(table, [_values(table, row) for row in drafts])
        _note("rows approved", change, user, f"{user} approved {change.number}; {released} waiting objects go on.")
        return change, released


def refuse(change_id: int, *, user: AbstractUser, because: str) -> RowChange:
    """Say no, with a reason. Raises Refused; ValueError without a reason."""
    if not because.strip():
        raise ValueError("Say why you refuse; the drafter reads it.")
    with transaction.atomic():
        change = _decidable(change_id, user)
        change.decided_by, change.decided_at = user, clock.now()
        return _end(change, RowChange.Status.REFUSED, user=user, because=because)


def withdraw(change_id: int, *, user: AbstractUser) -> RowChange:
    """Take one's own drafts back. Raises Refused."""
    with transaction.atomic():
        change = RowChange.objects.select_for_update(of=("self",)).get(pk=change_id)
        if change.asked_by_id != user.pk or change.status != RowChange.Status.PENDING:
            raise Refused("Only the person who drafted it can withdraw a change that is still waiting.")
        return _end(change, RowChange.Status.WITHDRAWN, user=user, because="")


def release(table: Table, rows: list[Values]) -> int:
    """Let blocked work items that stopped for such rows run again, oldest first; how many. Needs a transaction."""
    cases = impact.waiting_cases(table, rows).filter(work_item__condition=Condition.BLOCKED)
    items = list(dict.fromkeys(cases.order_by("effective_on", "reference").values_list("work_item_id", flat=True)))
    freed = WorkItem.objects.filter(pk__in=items, condition=Condition.BLOCKED).update(
        condition=Condition.DUE, due_at=clock.now()
    )
    nudges.nudge("ingest")
    return freed


def plain_row(table: Table, values: Values) -> dict[str, str]:
    """A row as text, as people see it and as it is hashed."""
    return {column.name: _plain(values[column.name]) for column in table.columns}


def _values(table: Table, row: MappingRow) -> Values:
    return {column.name: getattr(row, column.name) for column in table.columns}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    return str(value.code) if isinstance(value, models.Model) else str(value)


def _plain_ends(ends: dict[int, date]) -> dict[str, str]:
    return {str(pk): day.isoformat() for pk, day in sorted(ends.items())}


def _sha256(rows: list[dict[str, str]], ends: dict[str, str]) -> str:
    ordered = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return hashlib.sha256(json.dumps([ordered, ends], sort_keys=True).encode()).hexdigest()


def _decidable(change_id: int, user: AbstractUser) -> RowChange:
    change = RowChange.objects.select_for_update(of=("self",)).get(pk=change_id)
    reason = why_not(change, user)
    if reason:
        raise Refused(reason)
    return change


def _end(change: RowChange, status: str, *, user: AbstractUser, because: str) -> RowChange:
    change.status, change.decided_because = status, because.strip()[:400]
    change.save()
    for row in TABLES[change.table].model._default_manager.filter(batch=change.number):
        row.status = MappingRow.Status.REFUSED
        row.save()
    words = change.get_status_display().lower()
    _note(f"rows {words.split()[0]}", change, user, f"{change.number} is {words}: {change.decided_because}")
    return change


def _note(action: str, change: RowChange, user: AbstractUser, words: str) -> None:
    journal.note(
        [
            journal.Fact(
                action=action,
                object_kind="row change",
                object_key=change.number,
                user=user,
                text=words,
                details={"sha256": change.sha256, "table": change.table, "count": change.count},
            )
        ]
    )

"""Runs fixes: one first, then all, in order; stops when too many are refused; goes on where it was left."""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from reconciliation.fixes.fix import Fix, Target
from reconciliation.models import ApprovalRequest, ExceptionCase, FixItem, FixRun
from sync import bulk, clock, journal, nudges

#: released and not yet known at most
UNDER_WAY_AT_MOST = 200
#: share of refusals among the finished ones at which a run stops, once enough are finished to judge
STOP_SHARE, JUDGE_FROM = 0.05, 20


def begin(
    fix: Fix, target: Target, inputs: dict[str, str], *, user: AbstractUser, request: ApprovalRequest | None
) -> FixRun:
    """Make the change and line up the items. Needs a transaction."""
    fix.apply_change(request, target, inputs, user=user)
    run = FixRun.objects.create(
        fix=fix.name,
        request=request,
        problem=target.problem,
        case=target.case,
        inputs=inputs,
        started_by=user,
        started_at=clock.now(),
    )
    shown = {row["case"] for row in (request.preview.get("members", []) if request else [])}
    FixItem.objects.bulk_create(
        FixItem(run=run, place=place, case=case, also_released=bool(shown) and case.number not in shown)
        for place, case in enumerate(fix.takes(target, inputs), start=1)
    )
    nudges.nudge("control")
    return run


def advance(run_id: int) -> bool:
    """Take a run one step on; True when it is over."""
    from reconciliation.fixes.registry import FIXES

    with transaction.atomic():
        run = (
            FixRun.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("request")
            .filter(pk=run_id)
            .first()
        )
        if run is None:
            return False
        if run.status in (FixRun.Status.DONE, FixRun.Status.STOPPED):
            return True
        fix = FIXES[run.fix]
        _note_outcomes(fix, run)
        counts = _counts(run)
        finished = counts[FixItem.Status.SUCCEEDED] + counts[FixItem.Status.REFUSED]
        refused = counts[FixItem.Status.REFUSED]
        if refused and (
            run.status == FixRun.Status.CANARY or (finished >= JUDGE_FROM and refused / finished > STOP_SHARE)
        ):
            return _end(
                run,
                FixRun.Status.STOPPED,
                f"{refused} of {finished} were refused; {counts[FixItem.Status.WAITING]} were not released.",
            )
        if run.status == FixRun.Status.CANARY:
            if finished:
                run.status = FixRun.Status.RUNNING
                run.save(update_fields=["status"])
            elif not counts[FixItem.Status.RELEASED]:
                _release(fix, run, 1)
                return False
        if run.status == FixRun.Status.RUNNING or not (finished + counts[FixItem.Status.RELEASED]):
            free = UNDER_WAY_AT_MOST - counts[FixItem.Status.RELEASED]
            if counts[FixItem.Status.WAITING] and free > 0:
                _release(fix, run, free)
                return False
        if not counts[FixItem.Status.WAITING] and not counts[FixItem.Status.RELEASED]:
            fix.verify(run)
            return _end(
                run, FixRun.Status.DONE, f"{counts[FixItem.Status.SUCCEEDED]} went through, {refused} were refused."
            )
    return False


def _release(fix: Fix, run: FixRun, count: int) -> None:
    items = list(
        run.items.filter(status=FixItem.Status.WAITING)
        .select_related("case__work_item", "case__delivery", "case__break_row", "case__connection", "case__control_run")
        .order_by("place")[:count]
    )
    closed = [item for item in items if item.case and item.case.status == ExceptionCase.Status.CLOSED]
    for item in closed:
        item.status, item.note, item.finished_at = FixItem.Status.SUCCEEDED, "Went through meanwhile", clock.now()
    bulk.update(closed, ["status", "note", "finished_at"])
    going = [item for item in items if item not in closed]
    for item in going:
        item.status, item.released_at = FixItem.Status.RELEASED, clock.now()
    bulk.update(going, ["status", "released_at"])
    if going:
        held = fix.release(run, going)
        for item in held:
            item.status, item.released_at = FixItem.Status.WAITING, None
        bulk.update(held, ["status", "released_at"])


def _note_outcomes(fix: Fix, run: FixRun) -> None:
    done: list[FixItem] = []
    for item in run.items.filter(status=FixItem.Status.RELEASED).select_related(
        "case__work_item",
        "case__delivery",
        "case__break_row",
        "case__connection",
        "case__control_run",
        "case__event",
        "case__entity",
    ):
        outcome = fix.outcome(item)
        if outcome:
            item.status, item.note, item.finished_at = outcome[0], outcome[1][:400], clock.now()
            done.append(item)
    bulk.update(done, ["status", "note", "finished_at"])


def _counts(run: FixRun) -> dict[str, int]:
    counts = dict.fromkeys(FixItem.Status.values, 0)
    for status in run.items.values_list("status", flat=True):
        counts[status] += 1
    return counts


def _end(run: FixRun, status: str, note: str) -> bool:
    run.status, run.finished_at, run.note = status, clock.now(), note
    run.save(update_fields=["status", "finished_at", "note"])
    journal.note(
        [
            journal.Fact(
                action="fix ended",
                object_kind="fix run",
                object_key=str(run.pk),
                user=run.started_by,
                text=f"{run.fix.replace('_', ' ')} ended ({run.get_status_display().lower()}): {note}",
            )
        ]
    )
    return True


def unfinished() -> Sequence[int]:
    return list(
        FixRun.objects.exclude(status__in=[FixRun.Status.DONE, FixRun.Status.STOPPED])
        .order_by("pk")
        .values_list("pk", flat=True)
    )

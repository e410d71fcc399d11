"""The page of a case: six sentences first, then the fix, both sides, the history."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approvals, cases, figures, figures_case, sentences
from reconciliation.fixes import registry
from reconciliation.fixes.fix import Target
from reconciliation.habits import snoozes
from reconciliation.models import ExceptionCase
from reconciliation.views import fixing
from reconciliation.views.page import page, refused, seen_by, typed
from sync import clock

SEES = ("reconciliation.view_exceptioncase",)


@require_safe
@seen_by(*SEES)
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """The case as it stands."""
    return _show(request, _found(pk), fixing.Form())


@require_POST
@seen_by(*SEES)
def case_fix(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Preview, ask or run for this one case."""
    row = _found(pk)
    fixes = registry.for_case(row) if row.status == ExceptionCase.Status.OPEN else []
    return fixing.act(
        request,
        Target(problem=row.problem, case=row),
        fixes,
        do=do,
        stale=_stale(request, row),
        show=lambda form: _show(request, row, form),
    )


@require_POST
@seen_by(*SEES)
def case_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Make it mine."""
    row = _found(pk)
    if not approvals.holds(request.user, "work_cases"):  # type: ignore[arg-type]
        return refused(request, "Your role can look at cases but not take them.")
    try:
        if row.status == ExceptionCase.Status.CLOSED:
            raise cases.Conflict("The case is closed; there is nothing to take.")
        if stale := _stale(request, row):
            raise cases.Conflict(f"Not taken: {stale}")
        cases.take(pk, user=request.user)  # type: ignore[arg-type]
        messages.success(request, f"{row.number} is yours for the next {cases.CLAIM.seconds // 60} minutes.")
    except cases.Conflict as error:
        messages.error(request, str(error))
    return redirect("desk:case", pk)


@require_POST
@seen_by(*SEES)
def case_snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it off until a day, with a reason."""
    row = _found(pk)
    try:
        until = snoozes.morning(date.fromisoformat(typed(request, "until")), row.entity)
    except ValueError:
        messages.error(request, "Give the day it comes back, such as 2026-01-31.")
        return redirect("desk:case", pk)
    return _put_off(
        request,
        row,
        lambda user: snoozes.snooze(pk, until=until, because=typed(request, "because"), user=user),
        f"{row.number} is off the queue until {until:%d %b %Y}. Its due time goes on.",
    )


@require_POST
@seen_by(*SEES)
def case_wake(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back to the queue."""
    row = _found(pk)
    return _put_off(request, row, lambda user: snoozes.wake(pk, user=user), f"{row.number} is back on the queue.")


def _put_off(
    request: HttpRequest, row: ExceptionCase, act: Callable[[AbstractUser], object], said: str
) -> HttpResponse:
    try:
        act(cast(AbstractUser, request.user))
        messages.success(request, said)
    except approvals.Refused as error:
        return refused(request, str(error))
    except (cases.Conflict, ValueError) as error:
        messages.error(request, str(error))
    return redirect("desk:case", row.pk)


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def case_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something about it."""
    row = _found(pk)
    if not approvals.holds(request.user, "add_casecomment"):  # type: ignore[arg-type]
        return refused(request, "Your role can read comments but not write them.")
    try:
        cases.comment(pk, user=request.user, text=typed(request, "text"))  # type: ignore[arg-type]
        messages.success(request, f"Your comment on {row.number} is saved.")
    except ValueError as error:
        messages.error(request, str(error))
    return redirect(reverse("desk:case", args=[pk]) + "#history")


def _found(pk: int) -> ExceptionCase:
    row = (
        ExceptionCase.objects.select_related(
            "problem",
            "assignee",
            "entity",
            "work_item",
            "delivery__target",
            "break_row",
            "connection",
            "control_run",
            "event",
            "closed_by",
        )
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404(f"There is no case EXC-{pk}.")
    return row


def _stale(request: HttpRequest, row: ExceptionCase) -> str:
    """What happened to the case since the form was opened; empty when nothing did."""
    if request.POST.get("version", "") == str(row.version):
        return ""
    if row.status == ExceptionCase.Status.CLOSED:
        return "the case was closed."
    who = f"{row.assignee.get_full_name() or row.assignee.username} took it" if row.assignee else "it was changed"
    return f"{who} after you opened this page."


def _show(request: HttpRequest, row: ExceptionCase, form: fixing.Form) -> HttpResponse:
    is_open = row.status == ExceptionCase.Status.OPEN
    put_off = snoozes.of(row) if is_open else None
    fixes = registry.for_case(row) if is_open else []
    target, user = Target(problem=row.problem, case=row), request.user
    held_by_other = bool(row.assignee_id and row.assignee_id != user.pk)
    # a mapping solves every case of its problem, so it is asked for there
    for_all = [fix for fix in fixes if fix.takes_problem and fix.kind == "configuration"]
    same = figures.open_cases().filter(problem=row.problem_id).count() if for_all else 0
    return page(
        request,
        "portal/case.html",
        title=sentences.title(row),
        status=200 if request.htmx else form.status,  # type: ignore[attr-defined]
        crumbs=[
            ("Queue", reverse("desk:queue")),
            (
                f"{row.problem.number} {sentences.problem_title(row.problem)}",
                reverse("desk:problem", args=[row.problem_id]),
            ),
        ],
        case=row,
        is_open=is_open,
        six=sentences.six(row, fix=fixes[0] if fixes else None),
        steps=figures_case.steps(row),
        sides=figures_case.sides(row),
        fields=figures_case.document_fields(row),
        lines=figures_case.document_lines(row),
        timeline=figures_case.timeline(row),
        technical=figures_case.technical(row),
        related=[(other, sentences.title(other)) for other in figures_case.related(row)],
        offered=[] if for_all else fixing.offered(fixes, target, form, user=user),
        for_all=for_all,
        same=same,
        form=form,
        pending=fixing.waiting_requests(Target(problem=row.problem)) if for_all else fixing.waiting_requests(target),
        may_take=is_open and approvals.holds(user, "work_cases") and row.assignee_id != user.pk,  # type: ignore[arg-type]
        may_comment=approvals.holds(user, "add_casecomment"),
        may_work=approvals.holds(user, "work_cases"),  # type: ignore[arg-type]
        held_by_other=held_by_other,
        runs=row.runs.select_related("started_by")[:3] if user.has_perm("reconciliation.view_fixrun") else [],
        put_off=put_off,
        is_asleep=put_off is not None and put_off.until > clock.now(),
        first_day=(clock.now() + timedelta(days=1)).date(),
        last_day=(clock.now() + snoozes.LONGEST).date(),
        version=row.version,
        action_base=reverse("desk:case", args=[row.pk]),
        trail=reverse("desk:trail", args=[row.correlation_id]) if row.correlation_id else "",
        target_word="this case",
    )

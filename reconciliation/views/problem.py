"""The page of a problem: one cause, how far it reaches, one fix for all of it."""

from typing import cast
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import npgettext
from django.views.decorators.http import require_POST, require_safe

from reconciliation import figures, figures_problems, sentences
from reconciliation.fixes import registry
from reconciliation.fixes.fix import Target
from reconciliation.habits import titles
from reconciliation.habits.notices import choices
from reconciliation.models import ExceptionCase, Problem
from reconciliation.queue_filters import page_of
from reconciliation.views import fixing
from reconciliation.views.page import page, seen_by
from sync.catalogue import reason

SIZE = 50
SEES = ("reconciliation.view_problem", "reconciliation.view_exceptioncase")


@require_safe
@seen_by(*SEES)
def problem(request: HttpRequest, pk: int) -> HttpResponse:
    """The problem as it stands."""
    return _show(request, _found(pk), fixing.Form())


@require_POST
@seen_by(*SEES)
def problem_fix(request: HttpRequest, pk: int, do: str) -> HttpResponse:
    """Preview, ask or run for all cases of the problem."""
    row = _found(pk)
    return fixing.act(
        request,
        Target(problem=row),
        registry.for_problem(row),
        do=do,
        stale="",
        show=lambda form: _show(request, row, form),
    )


def _found(pk: int) -> Problem:
    row = Problem.objects.filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no problem PRB-{pk}.").format(pk=pk))
    return row


def _show(request: HttpRequest, row: Problem, form: fixing.Form) -> HttpResponse:
    target, blast = Target(problem=row), figures.blast(row)
    found, after = page_of(figures.open_cases().filter(problem=row), after=request.GET.get("after", ""), size=SIZE)
    words = reason(row.reason)
    example = found[0] if found else row.cases.order_by("-pk").first()
    fixes = registry.for_problem(row) if found else []
    return page(
        request,
        "portal/problem.html",
        title=titles.problem_title(row),
        status=200 if request.htmx else form.status,  # type: ignore[attr-defined]
        crumbs=[(_("Queue"), reverse("desk:queue"))],
        problem=row,
        standing=figures_problems.standings([row])[row.pk],
        blast=blast,
        six=_six(example, fixes),
        seller=words.seller,
        cases=[(case, titles.title(case)) for case in found],
        next=f"?{urlencode({'after': after})}" if after else "",
        first=reverse("desk:problem", args=[row.pk]) if request.GET.get("after") else "",
        offered=fixing.offered(fixes, target, form, user=request.user),
        form=form,
        pending=fixing.waiting_requests(target),
        runs=row.runs.select_related("started_by")[:5] if request.user.has_perm("reconciliation.view_fixrun") else [],
        action_base=reverse("desk:problem", args=[row.pk]),
        needs_cases=bool(found) and not fixes,
        decided=row.requests.exclude(status="pending").select_related("decided_by")[:5],
        # nobody without a team is told of problems
        is_told=bool(figures.teams_of(cast(AbstractUser, request.user))),
        is_muted=choices.is_muted(row, user=cast(AbstractUser, request.user)),
        closed_count=row.cases.filter(status=ExceptionCase.Status.CLOSED).count(),
        is_solved=not blast.cases,
        version="",
        target_word=npgettext("run for", "this case", "all {n} cases", blast.cases).format(n=blast.cases),
    )


def _six(example: ExceptionCase | None, fixes: list) -> sentences.Six | None:  # type: ignore[type-arg]
    return sentences.six(example, fix=fixes[0] if fixes else None) if example else None

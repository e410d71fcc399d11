"""My work: the admin's home page; what is on my desk, and for lookers-on how everything stands."""

from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from reconciliation import approvals, figures, figures_problems
from reconciliation.habits import mentions, titles
from reconciliation.habits.languages import spoken
from reconciliation.models import ExceptionCase, FixRun
from reconciliation.views.page import page

TOP = 10


def my_work(request: HttpRequest) -> HttpResponse:
    """The home page. Sections follow what the person may see."""
    user = cast(AbstractUser, request.user)
    works = approvals.holds(user, "work_cases") or bool(figures.teams_of(user))
    context = {"works": works, "standings": figures.standings()}
    if user.has_perm("reconciliation.view_exceptioncase"):
        desk = figures.desk_of(user)
        rows, more = figures.problem_rows(desk, limit=TOP)
        context |= {
            "figures": figures.desk(user),
            "rows": rows,
            "more": more,
            "mentioned": [(row, titles.title(row.comment.case)) for row in mentions.unread(user)],
            "teams": [spoken(team.label) for team in figures.teams_of(user)],
            "last_closed": figures.last_closed() if not rows else None,
        }
        context["growing"], _more = figures.problem_rows(desk.filter(problem__in=figures_problems.growing()), limit=5)
        if works:
            unassigned = desk.filter(assignee=None, due_at__isnull=False)
            context["unassigned"] = figures.problem_rows(unassigned, sort="oldest", limit=5)[0] if rows else []
    if user.has_perm("reconciliation.view_approvalrequest"):
        context["to_decide"] = figures.to_decide(user)[:5]
    if user.has_perm("reconciliation.view_fixrun"):
        context["runs"] = FixRun.objects.exclude(status__in=[FixRun.Status.DONE]).select_related("problem", "case")[:5]
    if user.has_perm("reconciliation.view_controlrun"):
        context |= {"controls": figures.newest_runs(), "not_green": figures.controls_not_green()}
    if user.has_perm("sync.view_connection"):
        context["lines"] = figures.lines()
    sees_cases = "figures" in context
    return page(
        request,
        "admin/index.html",
        title=_("My work") if works or not sees_cases else _("Overview"),
        sees_cases=sees_cases,
        case_model=ExceptionCase,
        **context,
    )

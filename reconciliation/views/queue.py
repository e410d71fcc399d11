"""The queue: open cases grouped by problem, or one by one; and the views of it people keep."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approvals, figures
from reconciliation.habits import absences, saved_views, snoozes, tags, titles
from reconciliation.habits.notices import following
from reconciliation.habits.saved_views import NotSaved
from reconciliation.models import SavedView
from reconciliation.queue_filters import SORTS, Filters, page_of
from reconciliation.teams import Team
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, part, seen_by, typed
from sync import clock

SIZE = 50


@dataclass(kw_only=True)
class Kept:
    """What was chosen and typed on the queue and could not be done, and why."""

    error: str
    query: str
    chosen: dict[int, str] = field(default_factory=dict)
    do: str = ""
    until: str = ""
    because: str = ""
    to: str = ""
    hand_because: str = ""
    tags: str = ""


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def queue(request: HttpRequest) -> HttpResponse:
    """Filtered, searched and sorted from the address; no count over all cases."""
    return show_queue(request, request.GET.dict())


def show_queue(request: HttpRequest, asked: dict[str, str], *, kept: Kept | None = None) -> HttpResponse:
    """The queue as asked for by an address; with what was chosen and typed where it could not be done."""
    filters, user = Filters(asked), cast(AbstractUser, request.user)
    rows = filters.apply(figures.open_cases(), user=user)
    context: dict[str, object] = {}
    if filters.flat:
        found, after = page_of(rows, sort=filters.sort, after=asked.get("after", ""), size=SIZE)
        context = {
            "cases": [(case, titles.title(case)) for case in found],
            "next": filters.address(after=after) if after else "",
            "first": filters.address() if asked.get("after") else "",
        }
    else:
        number = min(int(asked["page"]), 1000) if asked.get("page", "").isdecimal() else 0
        found_rows, more = figures.problem_rows(rows, sort=filters.sort, offset=number * SIZE, limit=SIZE)
        context = {
            "rows": found_rows,
            "next": filters.address(page=str(number + 1)) if more else "",
            "first": filters.address() if number else "",
        }
    return page(
        request,
        "portal/queue.html",
        title=_("Queue"),
        status=422 if kept else 200,
        kept=kept,
        may_work=filters.flat and approvals.holds(user, "work_cases"),
        teams=list(Team),
        colleagues=absences.colleagues(user=user),
        here_and_page=f"?{request.GET.urlencode()}" if kept is None else kept.query,
        first_day=(clock.now() + timedelta(days=1)).date(),
        last_day=(clock.now() + snoozes.LONGEST).date(),
        filters=filters,
        tags=tags.in_use() if filters.flat else (),
        sorts=[
            (name, label, filters.address(sort="" if name == "due" else name), name == filters.sort)
            for name, label in SORTS.items()
        ],
        grouped=filters.address(view=None),
        one_by_one=filters.address(view="cases"),
        views=saved_views.views_of(user),
        here=filters.address(),
        exports=export_links(
            "queue_export",
            query=filters.address(),
            of=_("these open cases") if filters.flat else _("these problems"),
        ),
        scopes=SavedView.Scope.choices,
        last_closed=None if context.get("rows") or context.get("cases") else figures.last_closed(),
        **context,
    )


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def views(request: HttpRequest) -> HttpResponse:
    """The list of views with how many cases are in each, asked for once the queue itself is there."""
    user = cast(AbstractUser, request.user)
    counted = saved_views.counts(saved_views.views_of(user), user=user)
    here = Filters(request.GET.dict()).address()
    return part(request, "portal/views.html", {"counted": counted, "here": here, "followed": following.followed(user)})


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep what is chosen now under a name."""
    query = typed(request, "query")
    try:
        row = saved_views.save(
            user=cast(AbstractUser, request.user),
            name=typed(request, "name"),
            scope=typed(request, "scope"),
            query=query,
        )
        messages.success(request, _("Saved as {name}.").format(name=row.name))
    except NotSaved as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("desk:queue") + Filters.of(query).address())


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one's own view."""
    try:
        name = saved_views.delete(pk, user=cast(AbstractUser, request.user))
        messages.success(request, _("{name} is deleted.").format(name=name))
    except NotSaved as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("desk:queue"))

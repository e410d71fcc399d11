"""The queue: open cases grouped by problem, or one by one; and the views of it people keep."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from reconciliation import figures, sentences
from reconciliation.habits import saved_views
from reconciliation.habits.saved_views import NotSaved
from reconciliation.models import SavedView
from reconciliation.queue_filters import SORTS, Filters, page_of
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, seen_by, typed

SIZE = 50


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def queue(request: HttpRequest) -> HttpResponse:
    """Filtered, searched and sorted from the address; no count over all cases."""
    filters, user = Filters(request.GET.dict()), cast(AbstractUser, request.user)
    rows = filters.apply(figures.open_cases(), user=user)
    context: dict[str, object] = {}
    if filters.flat:
        found, after = page_of(rows, sort=filters.sort, after=request.GET.get("after", ""), size=SIZE)
        context = {
            "cases": [(case, sentences.title(case)) for case in found],
            "next": filters.address(after=after) if after else "",
            "first": filters.address() if request.GET.get("after") else "",
        }
    else:
        number = min(int(request.GET["page"]), 1000) if request.GET.get("page", "").isdecimal() else 0
        found_rows, more = figures.problem_rows(rows, sort=filters.sort, offset=number * SIZE, limit=SIZE)
        context = {
            "rows": found_rows,
            "next": filters.address(page=str(number + 1)) if more else "",
            "first": filters.address() if number else "",
        }
    return page(
        request,
        "portal/queue.html",
        title="Queue",
        filters=filters,
        sorts=[
            (name, label, filters.address(sort="" if name == "due" else name), name == filters.sort)
            for name, label in SORTS.items()
        ],
        grouped=filters.address(view=None),
        one_by_one=filters.address(view="cases"),
        views=saved_views.views_of(user),
        here=filters.address(),
        exports=export_links(
            "queue_export", query=filters.address(), of="these open cases" if filters.flat else "these problems"
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
    return render(request, "portal/views.html", {"counted": counted, "here": here})


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
        messages.success(request, f"Saved as {row.name}.")
    except NotSaved as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("desk:queue") + Filters.of(query).address())


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one's own view."""
    try:
        messages.success(request, f"{saved_views.delete(pk, user=cast(AbstractUser, request.user))} is deleted.")
    except NotSaved as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("desk:queue"))

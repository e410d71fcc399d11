"""The queue: open cases grouped by problem, or one by one."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from reconciliation import figures, sentences
from reconciliation.queue_filters import SORTS, Filters, page_of
from reconciliation.views.page import page, seen_by

SIZE = 50


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def queue(request: HttpRequest) -> HttpResponse:
    """Filtered, searched and sorted from the address; no count over all cases."""
    filters = Filters(request.GET.dict())
    rows = filters.apply(figures.open_cases(), user=request.user)  # type: ignore[arg-type]
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
        last_closed=None if context.get("rows") or context.get("cases") else figures.last_closed(),
        **context,
    )

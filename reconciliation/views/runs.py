"""The page of a run: one first, then all; what became of each, while it goes on."""

from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from reconciliation.fixes.registry import FIXES
from reconciliation.habits.languages import spoken
from reconciliation.models import FixItem, FixRun
from reconciliation.sentences import problem_title
from reconciliation.views.page import page, part, seen_by

SEES = ("reconciliation.view_fixrun",)
SHOWN = 50
_TONES = {"canary": "info", "running": "info", "stopped": "bad", "done": "good"}
_ITEM_TONES = {"waiting": "idle", "released": "info", "succeeded": "good", "refused": "bad"}


@require_safe
@seen_by(*SEES)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """The run, with the part that renews itself."""
    row = _found(pk)
    crumbs = [(_("Queue"), reverse("desk:queue"))]
    if row.problem:
        crumbs.append(
            (f"{row.problem.number} {problem_title(row.problem)}", reverse("desk:problem", args=[row.problem.pk]))
        )
    if row.case:
        crumbs.append((row.case.number, reverse("desk:case", args=[row.case.pk])))
    fix = FIXES.get(row.fix)
    return page(
        request,
        "portal/run.html",
        title=spoken(fix.label) if fix else pgettext("noun", "Run"),
        crumbs=crumbs,
        **_progress(row),
    )


@require_safe
@seen_by(*SEES)
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Only the part that renews itself."""
    return part(request, "portal/run_progress.html", _progress(_found(pk)))


def _found(pk: int) -> FixRun:
    row = (
        FixRun.objects.select_related("request__asked_by", "request__decided_by", "problem", "case", "started_by")
        .filter(pk=pk)
        .first()
    )
    if row is None:
        raise Http404(_("There is no run {pk}.").format(pk=pk))
    return row


def _progress(row: FixRun) -> dict[str, Any]:
    counts = dict.fromkeys(FixItem.Status.values, 0)
    counts.update(row.items.order_by().values_list("status").annotate(count=Count("pk")))
    total = sum(counts.values())
    finished = counts[FixItem.Status.SUCCEEDED] + counts[FixItem.Status.REFUSED]
    items = row.items.select_related("case").order_by("place")
    refused = list(items.filter(status=FixItem.Status.REFUSED)[:SHOWN])
    rest = list(items.exclude(status=FixItem.Status.REFUSED)[: SHOWN - len(refused)])
    over = row.status in (FixRun.Status.DONE, FixRun.Status.STOPPED)
    return {
        "run": row,
        "counts": counts,
        "total": total,
        "finished": finished,
        "percent": 100 if over and not total else finished * 100 // max(total, 1),
        "items": [(item, _ITEM_TONES[item.status]) for item in (*refused, *rest)],
        "left_off": max(total - SHOWN, 0),
        "over": over,
        "tone": _TONES[row.status],
        "under_way": counts[FixItem.Status.RELEASED],
    }

"""Dashboards: operations and executive; and the rows behind a figure that no other page lists."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reconciliation import figures_dashboards, figures_executive, figures_readiness
from reconciliation.figures_spans import CASES_SEEN, SPANS, TICKS, Span, length_in_words, span_of
from reconciliation.views.export_links import export_links
from reconciliation.views.page import page, page_number, refused, seen_by
from sync.models import Connection, SourceEvent

#: rows on one page of a list
PAGE = 100


@require_safe
@seen_by(CASES_SEEN)
def dashboards(request: HttpRequest) -> HttpResponse:
    """How the portal works: steps, calls, replays, breaks, cases."""
    span = _span(request)
    if "rows" in request.GET:
        return _rows(request, span)
    ages, oldest = figures_dashboards.queue_age(span.until)
    return page(
        request,
        "portal/dashboards.html",
        title=_("Dashboards"),
        span=span,
        spans=_choices(span),
        ticks=TICKS,
        latencies=figures_dashboards.latencies(span),
        calls=figures_dashboards.calls(span),
        replays=figures_dashboards.replays(span),
        breaks=figures_dashboards.unreconciled(span.until),
        endings=figures_dashboards.endings(span),
        resolved=figures_dashboards.time_to_resolve(span),
        ages=ages,
        oldest=oldest,
    )


@require_safe
@seen_by(CASES_SEEN)
def executive(request: HttpRequest) -> HttpResponse:
    """Where the money stands, for people who decide."""
    span = _span(request)
    if "rows" in request.GET:
        return _invoices(request, span)
    return page(
        request,
        "portal/dashboards_executive.html",
        title=_("Executive dashboard"),
        crumbs=[(_("Dashboards"), reverse("desk:dashboards"))],
        span=span,
        spans=_choices(span),
        held=figures_executive.money_held(span),
        ageing=figures_executive.ageing(span),
        readiness=figures_readiness.close_readiness(),
        accuracy=figures_executive.invoice_accuracy(span),
        leakage=figures_executive.leakage(span),
        causes=figures_executive.top_causes(span),
        exports=export_links("executive_export", query=f"?span={span.name}", of=_("these figures")),
    )


def _span(request: HttpRequest) -> Span:
    return span_of(request.GET.get("span", ""), until=request.GET.get("until", "") if "rows" in request.GET else "")


def _choices(span: Span) -> list[tuple[str, str, bool]]:
    return [(name, words, name == span.name) for name, (words, _length) in SPANS.items()]


# -- rows ---------------------------------------------------------------------------------------------
def _rows(request: HttpRequest, span: Span) -> HttpResponse:
    name = request.GET["rows"]
    if name in ("calls", "failed"):
        return _calls(request, span, failed=name == "failed")
    step = figures_dashboards.STEPS.get(name)
    if step is None:
        raise Http404(_("There is no such list."))
    return _list(
        request,
        "portal/dashboards_step.html",
        span,
        figures_dashboards.step_rows(step, span),
        needs=f"sync.view_{step.model._meta.model_name}",
        title=f"{step.title}: {step.meaning}",
        line=lambda row: _line(step, row),
    )


def _line(step: figures_dashboards.Step, row: Any) -> dict[str, Any]:
    """What took a step: its trail, or the event itself."""
    if isinstance(row, SourceEvent):
        title, link = str(row), reverse("admin:sync_sourceevent_change", args=[row.pk])
    else:
        title = row.title or row.reference
        link = reverse("desk:trail", args=[row.correlation_id]) if row.correlation_id else ""
    ended, took = getattr(row, step.end), length_in_words(row.took)
    return {"title": title, "link": link, "began": row.began, "ended": ended, "took": took}


def _calls(request: HttpRequest, span: Span, *, failed: bool) -> HttpResponse:
    connection = Connection.objects.filter(code=request.GET.get("of", "")).first()
    if connection is None:
        raise Http404(_("There is no such connection."))
    return _list(
        request,
        "portal/dashboards_calls.html",
        span,
        figures_dashboards.call_rows(connection.code, span, failed=failed),
        needs="sync.view_delivery",
        title=(_("Failed calls to {connection}") if failed else _("Calls to {connection}")).format(
            connection=connection.label
        ),
    )


def _invoices(request: HttpRequest, span: Span) -> HttpResponse:
    why = request.GET["rows"]
    if why not in figures_executive.WRONG:
        raise Http404(_("There is no such list."))
    return _list(
        request,
        "portal/dashboards_invoices.html",
        span,
        figures_executive.wrong_invoices(span, why),
        needs="sync.view_invoicerecord",
        title=_("Invoices {why}").format(why=figures_executive.WRONG[why]),
        above=(_("Executive dashboard"), reverse("desk:executive")),
    )


def _list(
    request: HttpRequest,
    template: str,
    span: Span,
    rows: QuerySet[Any],
    *,
    needs: str,
    above: tuple[str, str] | None = None,
    line: Callable[[Any], Any] = lambda row: row,
    **context: Any,
) -> HttpResponse:
    """One page of rows, and how many there are: as many as the figure said."""
    if not request.user.has_perm(needs):
        return refused(request, _("Your role sees this figure, and not its rows."))
    number, count = page_number(request), rows.count()
    chosen = request.GET.copy()
    chosen.pop("page", None)
    crumbs = [(_("Dashboards"), reverse("desk:dashboards")), *([above] if above else [])]
    shown = [line(row) for row in rows[(number - 1) * PAGE : number * PAGE]]
    return page(
        request,
        template,
        crumbs=crumbs,
        span=span,
        shown=shown,
        count=count,
        number=number,
        pages=-(-count // PAGE),
        address=f"?{chosen.urlencode()}&",
        **context,
    )

"""Revenue: a company's deferred revenue by month; each figure opens to its journals, each journal to its members."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reconciliation import figures_revenue
from reconciliation.habits.languages import day_text, month_text, spoken, within
from reconciliation.views.page import page, page_number, seen_by
from sync.models import LegalEntity

_SEEN = "sync.view_journalbatchrecord"


@require_safe
@seen_by(_SEEN)
def revenue(request: HttpRequest) -> HttpResponse:
    """The months of one company; without a choice, of the first one."""
    entities = list(LegalEntity.objects.all())
    chosen = next((one for one in entities if one.code == request.GET.get("entity")), entities[0] if entities else None)
    shown = figures_revenue.board(chosen, until=_month(request.GET.get("to", ""))) if chosen else None
    older, newer = figures_revenue.months_around(shown) if shown else (None, None)
    return page(
        request,
        "portal/revenue.html",
        title=_("Revenue"),
        entities=entities,
        chosen=chosen,
        shown=shown,
        heads=figures_revenue.FIGURES.values(),
        older=f"?entity={chosen.code}&to={older:%Y-%m}" if chosen and older else "",
        newer=f"?entity={chosen.code}&to={newer:%Y-%m}" if chosen and newer else "",
    )


@require_safe
@seen_by(_SEEN)
def revenue_figure(request: HttpRequest, entity: str, currency: str, month: str, figure: str) -> HttpResponse:
    """One figure of a month: the journals it is made of."""
    company = LegalEntity.objects.filter(code=entity).first()
    day = _month(month)
    if company is None or day is None or figure not in figures_revenue.FIGURES:
        raise Http404(_("There is no such figure of revenue."))
    number = page_number(request)
    shown = figures_revenue.figure(company, currency=currency, month=day, name=figure, page=number)
    return page(
        request,
        "portal/revenue_figure.html",
        title=f"{shown.name}, {month_text(day)}",
        crumbs=[(_("Revenue"), f"{reverse('desk:revenue')}?entity={company.code}")],
        entity=company,
        shown=shown,
        number=number,
    )


@require_safe
@seen_by(_SEEN)
def revenue_journal(request: HttpRequest, reference: str) -> HttpResponse:
    """One journal: its sides, and every movement it sums up."""
    number = page_number(request)
    shown = figures_revenue.journal(reference, page=number)
    if shown is None:
        raise Http404(_("There is no such journal."))
    entity = shown.row.legal_entity
    return page(
        request,
        "portal/revenue_journal.html",
        title=_("Journal of {day}: {movement}").format(
            day=day_text(shown.row.posting_date), movement=within(spoken(shown.row.get_movement_display()))
        ),
        crumbs=[(_("Revenue"), f"{reverse('desk:revenue')}?entity={entity.code}")],
        entity=entity,
        shown=shown,
        number=number,
    )


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None

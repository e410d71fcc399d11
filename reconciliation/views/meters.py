"""Meters: what customers use, hour by hour; what billing has of it, what is frozen by its invoice, what came late."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reconciliation import figures_meters
from reconciliation.views.page import page, page_number, seen_by

_SEEN = "sync.view_usageplanrecord"


@require_safe
@seen_by(_SEEN)
def meters(request: HttpRequest) -> HttpResponse:
    """Every customer's meters."""
    number = page_number(request)
    shown, pages = figures_meters.meters(page=number)
    return page(request, "portal/meters.html", title=_("Meters"), shown=shown, pages=pages, number=number)


@require_safe
@seen_by(_SEEN)
def meter(request: HttpRequest, reference: str) -> HttpResponse:
    """One meter: its hours, its invoiced periods, its late usage."""
    number = page_number(request)
    shown = figures_meters.meter(reference, page=number)
    if shown is None:
        raise Http404(_("There is no such meter."))
    return page(
        request,
        "portal/meter.html",
        title=_("{meter} of {customer}").format(meter=shown.meter.meter, customer=shown.meter.customer),
        crumbs=[(_("Meters"), reverse("desk:meters"))],
        shown=shown,
        pages=shown.pages,
        number=number,
    )

"""The page of one deal or one customer across all systems."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from reconciliation import figures_trail, trail_moments
from reconciliation.views.page import page, seen_by

VIEWS = {"compact": gettext_noop("Compact"), "timeline": gettext_noop("Timeline"), "full": gettext_noop("Full")}


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def trail(request: HttpRequest, correlation_id: str) -> HttpResponse:
    """The chain, the timeline, or both with technical ids."""
    found = figures_trail.read(correlation_id)
    if found is None:
        text = _("Nothing the portal carried goes by {id}. It may not have reached us yet.")
        raise Http404(text.format(id=correlation_id))
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "compact"
    base = reverse("desk:trail", args=[correlation_id])
    return page(
        request,
        "portal/trail.html",
        title=found.heading,
        crumbs=[(_("Find"), reverse("desk:find"))],
        trail=found,
        view=view,
        views=[(name, _(label), f"{base}?view={name}") for name, label in VIEWS.items()],
        moments=trail_moments.moments(found) if view != "compact" else [],
        cases=trail_moments.case_links(found),
        address=base,
    )

"""From any id of any system to its page."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reconciliation import sentences, trail_finder
from reconciliation.views.page import page, seen_by
from sync.models import Connection


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def find(request: HttpRequest) -> HttpResponse:
    """`?q=` asks all systems, `?system=&id=` one; a single answer is opened at once."""
    system = request.GET.get("system", "").strip()[:40]
    text = (request.GET.get("q") or request.GET.get("id") or "").strip()
    found = trail_finder.find(text, system=system) if text else []
    if len(found) == 1:
        return HttpResponseRedirect(found[0].link)
    systems = [
        (name, sentences.system_name(name))
        for name in Connection.objects.order_by("system").values_list("system", flat=True).distinct()
    ]
    return page(
        request,
        "portal/find.html",
        title=_("Find"),
        text=text,
        system=system,
        systems=systems,
        found=found,
        system_name=sentences.system_name(system) if system else "",
        most=trail_finder.MOST,
    )

"""One's own profile: the zone times stand in, and what one's roles allow."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from reconciliation.habits import profile as habits
from reconciliation.views.page import page, seen_by, typed
from sync import clock


@require_http_methods(["GET", "HEAD", "POST"])
@seen_by()
def profile(request: HttpRequest) -> HttpResponse:
    """Look at it, or choose another zone."""
    error = zone = ""
    if request.method == "POST":
        zone = typed(request, "zone")
        try:
            row = habits.choose_zone(request, zone)
        except habits.UnknownZone as refused:
            error = str(refused)
        else:
            messages.success(request, f"Your times stand in {row.zone} from now on.")
            return HttpResponseRedirect(reverse("desk:profile"))
    return page(
        request,
        "portal/profile.html",
        title="Your profile",
        status=422 if error else 200,
        zone=zone or str(habits.zone_of(request)),
        zones=habits.zones(),
        error=error,
        roles=[group.name for group in cast(AbstractUser, request.user).groups.order_by("name")],
        now=clock.now(),
    )

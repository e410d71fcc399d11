"""What the field for going anywhere finds, as a piece of a page."""

from typing import cast

from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from reconciliation.habits.palette import offer
from reconciliation.views.page import part, seen_by


@require_safe
@seen_by()
def palette(request: HttpRequest) -> HttpResponse:
    """Choices for `?q=`, best first, in groups."""
    text = request.GET.get("q", "").strip()[:100]
    records = [
        (str(model["name"]), str(model["admin_url"]), str(app["name"]))
        for app in admin.site.get_app_list(request)
        for model in app["models"]
        if model["admin_url"]
    ]
    found = offer(text, user=cast(AbstractUser, request.user), records=records)
    return part(request, "portal/palette_found.html", {"text": text, "found": found})

"""Names offered while somebody writes a comment, and the list of where one was named."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approvals
from reconciliation.habits import mentions
from reconciliation.views.page import refused, seen_by
from reconciliation.who import full_name


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def people(request: HttpRequest) -> HttpResponse:
    """Colleagues whose name begins with `?q=`, for those who may write comments."""
    user = cast(AbstractUser, request.user)
    if not approvals.holds(user, "add_casecomment"):
        return refused(request, _("Your role can read comments but not write them."))
    found = [
        {
            "written": person.username,
            "name": full_name(person),
            "role": ", ".join(sorted(group.name for group in person.groups.all())),
        }
        for person in mentions.offered(request.GET.get("q", ""), user=user)
    ]
    return JsonResponse({"people": found})


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def mention_read(request: HttpRequest, pk: int) -> HttpResponse:
    """One mention of mine is done with."""
    return _told(request, mentions.read(cast(AbstractUser, request.user), mention=pk))


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def mentions_read(request: HttpRequest) -> HttpResponse:
    """All of them are."""
    return _told(request, mentions.read(cast(AbstractUser, request.user)))


def _told(request: HttpRequest, count: int) -> HttpResponse:
    if count:
        messages.success(request, _("Marked as read."))
    else:
        messages.warning(request, _("Nothing here was unread; you may have opened it in another window."))
    return redirect("admin:index")

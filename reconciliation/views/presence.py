"""The small request by which the page of a case says that it is open, and hears who else is there and what changed."""

from datetime import datetime, timedelta
from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reconciliation.habits import mentions, presence, since
from reconciliation.models import ExceptionCase
from reconciliation.templatetags.portal import age
from reconciliation.views.page import seen_by
from sync import clock


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def case_here(request: HttpRequest, pk: int) -> HttpResponse:
    """Who else has this case in front of them, and what others did to it since the page was opened."""
    user = cast(AbstractUser, request.user)
    if request.POST.get("left") == "1":
        heard = _moment(request.POST.get("heard", ""))
        if heard is not None:
            presence.leave(pk, user=user, heard=heard)
        return HttpResponse(status=204)
    row = ExceptionCase.objects.select_related("assignee").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no case EXC-{pk}.").format(pk=pk))
    heard = presence.beat(row, user=user, is_writing=request.POST.get("writing") == "1")
    if request.POST.get("first") == "1":
        mentions.read(user, case=row)
    change = since.newest(row, request.POST.get("version", ""), user=user)
    return JsonResponse(
        {
            "heard": heard.isoformat(),
            "people": presence.words(presence.others(pk, user=user)),
            "changed": change.words if change else "",
            "ago": _ago(change.at) if change and change.at else "",
        }
    )


def _ago(at: datetime) -> str:
    if clock.now() - at < timedelta(minutes=1):
        return _("just now")
    return _("{length} ago").format(length=age(at))


def _moment(text: str) -> datetime | None:
    """A moment as an answer gave it before; none where it is no such thing."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None

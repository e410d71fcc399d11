"""What one is told of elsewhere, chosen where one sees it: watching a case, following a view, muting a problem."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reconciliation.habits.notices import choices, following, watching
from reconciliation.habits.saved_views import NotSaved
from reconciliation.models import ExceptionCase, Problem
from reconciliation.views.page import seen_by, typed

SEES = "reconciliation.view_exceptioncase"


@require_POST
@seen_by(SEES)
def case_watch(request: HttpRequest, pk: int) -> HttpResponse:
    """Be told of what others do to a case, or not any more."""
    user, number = cast(AbstractUser, request.user), f"EXC-{pk}"
    if not typed(request, "on"):
        watching.unwatch(pk, user=user)
        messages.success(request, _("You watch {number} no longer.").format(number=number))
        return _back(request, reverse("desk:case", args=[pk]))
    try:
        watching.watch(pk, user=user)
    except ExceptionCase.DoesNotExist:
        raise Http404(_("There is no case EXC-{pk}.").format(pk=pk)) from None
    _say(request, _("You watch {number}: what others do to it is mailed to {address}, at most once an hour."), number)
    return _back(request, reverse("desk:case", args=[pk]))


@require_POST
@seen_by(SEES, "reconciliation.view_problem")
def problem_mute(request: HttpRequest, pk: int) -> HttpResponse:
    """Get no more mail about a problem, or get it again."""
    user = cast(AbstractUser, request.user)
    if typed(request, "on"):
        try:
            choices.mute(pk, user=user)
        except Problem.DoesNotExist:
            raise Http404(_("There is no problem PRB-{pk}.").format(pk=pk)) from None
        words = _("You get no more mail about {number}. Its cases are on the queue as before.")
    else:
        choices.unmute(pk, user=user)
        words = _("You get mail about {number} again.")
    messages.success(request, words.format(number=f"PRB-{pk}"))
    return _back(request, reverse("desk:problem", args=[pk]))


@require_POST
@seen_by(SEES)
def view_follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Be told of new cases in a view, or not any more."""
    user = cast(AbstractUser, request.user)
    if not typed(request, "on"):
        following.unfollow(pk, user=user)
        messages.success(request, _("You get no more mail about this view."))
        return HttpResponseRedirect(reverse("desk:queue"))
    try:
        row = following.follow(pk, user=user)
    except NotSaved as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("desk:queue"))
    _say(request, _("New cases in {number} are mailed to {address}, at most once an hour."), row.name)
    return HttpResponseRedirect(reverse("desk:queue") + row.query)


def _say(request: HttpRequest, words: str, number: str) -> None:
    """That it is mailed, or that it cannot be."""
    address = cast(AbstractUser, request.user).email
    if address:
        messages.success(request, words.format(number=number, address=address))
    else:
        messages.warning(request, _("You have no e-mail address here; your user administrator gives you one."))


def _back(request: HttpRequest, page: str) -> HttpResponse:
    """To the profile, where it was pressed there; else to the page it is about."""
    return HttpResponseRedirect(reverse("desk:profile") + "#mail" if typed(request, "back") == "profile" else page)

"""Taking or putting off several cases of the queue, and the page that says what became of each."""

import dataclasses
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from reconciliation import approvals
from reconciliation.habits import several as habit
from reconciliation.queue_filters import Filters
from reconciliation.views.page import day, page, refused, seen_by, typed
from reconciliation.views.queue import Kept, show_queue

#: where the outcomes of the last time are kept for their page
KEY = "several"
DOES = ("take", "snooze", "wake", "hand", "tag")
REVERSED = "undo"


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def several(request: HttpRequest) -> HttpResponse:
    """Take, put off, bring back, hand over or tag every case that was chosen; each by itself."""
    user, do = cast(AbstractUser, request.user), request.POST.get("do", "")
    asked = QueryDict(request.POST.get("here", "")[:600].lstrip("?"))
    marks, because = habit.chosen(request.POST.getlist("case")), typed(request, "because")
    back = f"?{asked.urlencode()}"
    if do not in DOES or not marks or len(marks) > habit.MOST:
        messages.error(request, _why_none(marks, do))
        return HttpResponseRedirect(reverse("desk:queue") + back)
    kept = Kept(
        error="",
        query=back,
        chosen=marks,
        do=do,
        until=typed(request, "until")[:10],
        because=because,
        to=typed(request, "to")[:200],
        hand_because=typed(request, "hand_because"),
        tags=typed(request, "tags")[:300],
    )
    try:
        if do == "snooze":
            found = habit.put_off(marks, until=day(kept.until, of=_("Come back on")), because=because, user=user)
        elif do == "tag":
            found = habit.tag(marks, text=kept.tags, user=user)
        elif do == "hand":
            found = habit.hand(marks, to=kept.to, because=kept.hand_because, user=user)
        else:
            found = (habit.take if do == "take" else habit.bring_back)(marks, user=user)
    except approvals.Refused as error:
        return refused(request, str(error))
    except ValueError as error:
        kept.error = str(error)
        return show_queue(request, asked.dict() | {"view": "cases"}, kept=kept)
    request.session[KEY] = {"do": do, "here": back, "outcomes": [dataclasses.asdict(one) for one in found]}
    return redirect("desk:several_done")


@require_POST
@seen_by("reconciliation.view_exceptioncase")
def several_reverse(request: HttpRequest) -> HttpResponse:
    """Undo what was done to them the last time; each by itself, where it still stands."""
    user, kept = cast(AbstractUser, request.user), request.session.get(KEY)
    if not kept:
        return redirect(reverse("desk:queue") + "?view=cases")
    acts = {one["pk"]: one["act"] for one in kept["outcomes"] if one["is_done"] and one.get("act")}
    try:
        found = habit.undone(acts, user=user)
    except approvals.Refused as error:
        return refused(request, str(error))
    outcomes = [dataclasses.asdict(one) for one in found]
    request.session[KEY] = {"do": REVERSED, "here": kept["here"], "outcomes": outcomes}
    return redirect("desk:several_done")


@require_safe
@seen_by("reconciliation.view_exceptioncase")
def several_done(request: HttpRequest) -> HttpResponse:
    """What became of each case."""
    kept = request.session.get(KEY)
    if not kept:
        return redirect(reverse("desk:queue") + "?view=cases")
    outcomes = kept["outcomes"]
    done = [one for one in outcomes if one["is_done"]]
    return page(
        request,
        "portal/several.html",
        title=_heading(kept["do"], len(done), len(outcomes)),
        crumbs=[(_("Queue"), reverse("desk:queue") + Filters.of(kept["here"]).address())],
        outcomes=sorted(outcomes, key=lambda one: one["is_done"]),
        done=done,
        undoable=sum(1 for one in done if one.get("act")) if kept["do"] != REVERSED else 0,
        back=reverse("desk:queue") + kept["here"],
        here=kept["here"],
    )


def _heading(do: str, done: int, count: int) -> str:
    undone = ngettext("{done} of {n} case put back as they were", "{done} of {n} cases put back as they were", count)
    words = {
        "take": ngettext("{done} of {n} case taken", "{done} of {n} cases taken", count),
        "snooze": ngettext("{done} of {n} case put off", "{done} of {n} cases put off", count),
        "wake": ngettext("{done} of {n} case brought back", "{done} of {n} cases brought back", count),
        "hand": ngettext("{done} of {n} case handed over", "{done} of {n} cases handed over", count),
        "tag": ngettext("{done} of {n} case tagged", "{done} of {n} cases tagged", count),
    }
    return words.get(do, undone).format(done=done, n=count)


def _why_none(marks: dict[int, str], do: str) -> str:
    if not marks:
        return _("No case was chosen. Choose at least one, then take it, put it off, hand it over or tag it.")
    if len(marks) > habit.MOST:
        text = _("{n} cases were chosen; {most} at most can be worked at once.")
        return text.format(n=len(marks), most=habit.MOST)
    text = _("“{act}” cannot be done to several cases; take them, put them off, hand them over or tag them.")
    return text.format(act=do[:20])

"""The replay console: which events, what reading them again would touch, doing it, and how far it has come."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reconciliation.habits import replays
from reconciliation.views.page import page, part, seen_by, typed
from sync import replay

_SEEN = "sync.replay_sourceevent"


@require_safe
@seen_by(_SEEN)
def console(request: HttpRequest) -> HttpResponse:
    """`?what=&since=&until=`: a dry run of it; with `began`, how far it has come."""
    asked = replays.asked(request.GET.dict())
    touched = replay.plan(asked.choice) if asked.choice else None
    return page(
        request,
        "portal/replay.html",
        title=_("Read events again"),
        asked=asked,
        touched=touched,
        only_held=touched.held - touched.posted if touched else 0,
        total=replays.total(touched) if touched else 0,
        progress=replays.progress(touched) if touched and "began" in request.GET else None,
        address=_address(asked),
        latest=replays.latest(),
    )


@require_POST
@seen_by(_SEEN)
def replay_run(request: HttpRequest) -> HttpResponse:
    """Do what the dry run showed, and nothing else."""
    asked = replays.asked(request.POST.dict())
    because = typed(request, "because")[: replays.LONGEST]
    back = f"{reverse('desk:replay')}?{_address(asked)}"
    if asked.choice is None:
        messages.error(request, _("Nothing was read again: what you gave cannot be read any more. Look again."))
        return HttpResponseRedirect(back)
    if not because:
        messages.error(request, _("Say why; it is written in the journal, and the next person reads it."))
        return HttpResponseRedirect(back)
    seen = request.POST.get("seen", "")
    try:
        touched = replays.run(
            asked.choice,
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else None,
            because=because,
            user=cast(User, request.user),
        )
    except replays.Changed as error:
        messages.warning(request, _("{change} This is how it is now.").format(change=error))
        return HttpResponseRedirect(back)
    messages.success(request, _("{what} The workers read them now.").format(what=touched.lines()[0]))
    return HttpResponseRedirect(f"{back}&began=1")


@require_safe
@seen_by(_SEEN)
def replay_progress(request: HttpRequest) -> HttpResponse:
    """The part of the page that says how far it has come."""
    asked = replays.asked(request.GET.dict())
    found = replays.progress(replay.plan(asked.choice)) if asked.choice else None
    return part(request, "portal/replay_progress.html", {"progress": found, "address": _address(asked)})


def _address(asked: replays.Asked) -> str:
    """The same question as an address."""
    query = QueryDict(mutable=True)
    query.update({name: value for name in ("what", "since", "until") if (value := getattr(asked, name))})
    return query.urlencode()

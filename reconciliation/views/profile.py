"""One's own profile: the zone times stand in, when one is away, what one is mailed, and what one's roles allow."""

from datetime import date, time
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from reconciliation import second_factor
from reconciliation.approvals import Refused, holds
from reconciliation.habits import absences, handing, languages, titles
from reconciliation.habits import profile as habits
from reconciliation.habits.languages import day_text, spoken
from reconciliation.habits.notices import choices, telling, watching
from reconciliation.habits.notices.registry import EVENTS
from reconciliation.models import Absence, Profile
from reconciliation.views import proving
from reconciliation.views.page import day, page, refused, seen_by, typed
from sync import clock


@require_http_methods(["GET", "HEAD", "POST"])
@seen_by()
def profile(request: HttpRequest) -> HttpResponse:
    """Look at it, or choose another zone."""
    if request.method != "POST":
        return _show(request)
    if "language" in request.POST:
        return _speak(request, typed(request, "language"))
    if "times" in request.POST:
        return _tell_times(request, typed(request, "times"))
    zone = typed(request, "zone")
    try:
        row = habits.choose_zone(request, zone)
    except habits.UnknownZone as error:
        return _show(request, status=422, zone=zone, error=str(error))
    messages.success(request, _("Your times stand in {zone} from now on.").format(zone=row.zone))
    return HttpResponseRedirect(reverse("desk:profile"))


def _speak(request: HttpRequest, code: str) -> HttpResponse:
    try:
        languages.choose(request, code)
    except languages.UnknownLanguage as error:
        return _show(request, status=422, language_error=str(error))
    # the answer itself is in the language that was chosen
    with translation.override(languages.language_of(request)):
        messages.success(request, _("Pages are in English from now on."))
    return HttpResponseRedirect(reverse("desk:profile") + "#language")


def _tell_times(request: HttpRequest, how: str) -> HttpResponse:
    try:
        habits.choose_times(request, how)
    except habits.NotChosen as error:
        return _show(request, status=422, times_error=str(error))
    messages.success(request, _("Times are shown as you chose from now on."))
    return HttpResponseRedirect(reverse("desk:profile"))


@require_POST
@seen_by()
def keys(request: HttpRequest) -> HttpResponse:
    """Single keys of one's own; asked for by the list of keys, which shows what is wrong."""
    chosen = {name: text for name, text in request.POST.items() if name != "csrfmiddlewaretoken"}
    try:
        row = habits.choose_keys(request, {name: str(text) for name, text in chosen.items()})
    except habits.NotChosen as error:
        return JsonResponse({"error": str(error)}, status=422)
    return JsonResponse({"keys": row.keys})


@require_POST
@seen_by()
def away(request: HttpRequest) -> HttpResponse:
    """Say from when to when one is away, and who stands in."""
    user = cast(AbstractUser, request.user)
    given = {name: typed(request, name)[:150] for name in ("first", "last", "stands_in")}
    try:
        row = absences.say(
            user=user, first=_day("first", given), last=_day("last", given), stands_in=given["stands_in"]
        )
    except Refused as error:
        return refused(request, str(error))
    except absences.NotSaid as error:
        return _show(request, status=422, away=given, away_error=str(error), away_field=error.field)
    said = _("So you are {away}.") if row.first == row.last else _("From {day} you are {away}.")
    messages.success(request, said.format(day=day_text(row.first), away=absences.words(row)))
    return HttpResponseRedirect(reverse("desk:profile") + "#away")


@require_POST
@seen_by()
def back(request: HttpRequest, pk: int) -> HttpResponse:
    """One is back, or will not be away."""
    try:
        absences.take_back(pk, user=cast(AbstractUser, request.user))
    except Absence.DoesNotExist as error:
        raise Http404(_("You have no such absence.")) from error
    messages.success(request, _("You are here: what you hold is on your own page only."))
    return HttpResponseRedirect(reverse("desk:profile") + "#away")


@require_POST
@seen_by()
def mail(request: HttpRequest) -> HttpResponse:
    """Choose what one is told of by mail, and when one wants quiet."""
    given = {name: typed(request, name)[:8] for name in ("quiet_from", "quiet_until")}
    events = request.POST.getlist("events")
    try:
        choices.choose(
            cast(AbstractUser, request.user),
            events=events,
            quiet_from=_time("quiet_from", given),
            quiet_until=_time("quiet_until", given),
        )
    except choices.NotChosen as error:
        wanted = {code: code in events for code in EVENTS}
        return _show(request, status=422, wanted=wanted, mail_error=str(error), mail_field=error.field, **given)
    messages.success(request, _("You are mailed what you chose from now on."))
    return HttpResponseRedirect(reverse("desk:profile") + "#mail")


@require_POST
@seen_by()
def authenticator(request: HttpRequest, do: str) -> HttpResponse:
    """Begin to set up a second factor, confirm it by its first code, or take it away by one."""
    user, code = cast(AbstractUser, request.user), typed(request, "code")[:12]
    try:
        if do == "begin":
            second_factor.begin(user)
        elif do == "confirm":
            second_factor.confirm(user, code)
            messages.success(request, _("Your authenticator counts from now on."))
        else:
            second_factor.take_away(user, by=user, code=code)
            proving.forget(request)
            messages.success(request, _("You have no authenticator any more."))
    except second_factor.NotProven as error:
        return _show(request, status=422, code_error=str(error))
    return HttpResponseRedirect(reverse("desk:profile") + "#second-factor")


def _time(name: str, given: dict[str, str]) -> time | None:
    try:
        return time.fromisoformat(given[name]) if given[name] else None
    except ValueError as error:
        raise choices.NotChosen(name, _("Give a time of day, such as 18:30.")) from error


def _mail(user: AbstractUser, wanted: dict[str, bool]) -> dict[str, Any]:
    """What the section about mail shows."""
    quiet = choices.quiet_hours([user.pk]).get(user.pk) if user.pk else None
    return {
        "events": [(code, event.title, wanted[code]) for code, event in EVENTS.items()],
        "quiet_from": f"{quiet.quiet_from:%H:%M}" if quiet else "",
        "quiet_until": f"{quiet.quiet_until:%H:%M}" if quiet else "",
        "mail_goes_out": telling.mail_goes_out(),
        "watched": [(row, titles.title(row.case)) for row in watching.watched(user)],
        "muted": [(row, titles.problem_title(row.problem)) for row in choices.muted(user)],
    }


def _day(name: str, given: dict[str, str]) -> date:
    try:
        return day(given[name])
    except ValueError as error:
        raise absences.NotSaid(name, str(error)) from error


def _show(request: HttpRequest, *, status: int = 200, zone: str = "", **given: Any) -> HttpResponse:
    user = cast(AbstractUser, request.user)
    works, zone_now = holds(user, "work_cases"), habits.zone_of(request)
    today = clock.now().astimezone(zone_now).date()
    return page(
        request,
        "portal/profile.html",
        title=_("Your profile"),
        status=status,
        zone=zone or str(zone_now),
        zones=habits.zones(),
        all_times=[(value, spoken(label)) for value, label in Profile.Times.choices],
        languages=languages.LANGUAGES.items(),
        language=languages.language_of(request),
        roles=[group.name for group in user.groups.order_by("name")],
        now=clock.now(),
        works=works,
        today=today,
        absences=[(row, absences.words(row)) for row in absences.coming(user, on=today)] if works else [],
        has_second_factor=second_factor.counts(user),
        setup=second_factor.under_way(user),
        colleagues=handing.colleagues(user=user) if works else [],
        **_mail(user, given.pop("wanted", None) or choices.wanted(user)) | given,
    )

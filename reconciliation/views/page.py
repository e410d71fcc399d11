"""The frame every portal page stands in: who may open it, the admin's sidebar around it, refusals in words."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import override
from django.utils.translation import gettext as _

from reconciliation.habits import profile
from reconciliation.views.languages import in_readers_language

#: (text, address) from the outside in; the page itself is not among them
Crumbs = Sequence[tuple[str, str]]
View = Callable[..., HttpResponse]


def page(
    request: HttpRequest, template: str, *, title: str, crumbs: Crumbs = (), status: int = 200, **context: Any
) -> HttpResponse:
    """A whole page: title, breadcrumbs, sidebar, and what the template needs."""
    around = admin.site.each_context(request)
    reader = {"times": profile.kept(request, "times"), "keys": profile.kept(request, "keys")}
    whole = {**around, "reader": reader, "title": title, "crumbs": crumbs, **context}
    return part(request, template, whole, status=status)


def part(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page, or a part of one that is put into it; its times stand in the reader's zone."""
    with override(profile.zone_of(request)):
        return render(request, template, context, status=status)


def seen_by(*permissions: str) -> Callable[[View], View]:
    """Opens a page only for people who signed in and hold all these permissions; others are told in words."""

    def wrap(view: View) -> View:
        @in_readers_language
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not admin.site.has_permission(request):
                # after signing in, a form cannot be sent again by itself: back to where it stood
                back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("admin:index")
                return redirect_to_login(back, reverse("admin:login"))
            if not request.user.has_perms(permissions):  # type: ignore[union-attr]
                return refused(
                    request, _("Your role does not include this page. Ask your user administrator if you need it.")
                )
            try:
                return view(request, *args, **kwargs)
            except Http404 as error:
                return missing(request, str(error))

        return guarded

    return wrap


def refused(request: HttpRequest, text: str) -> HttpResponse:
    """403, in words and with a way on."""
    return page(request, "portal/notice.html", title=_("Not for your role"), status=403, text=text, tone="warn")


def missing(request: HttpRequest, text: str) -> HttpResponse:
    """404, in words and with a way on."""
    text = text or _("There is nothing here.")
    return page(request, "portal/notice.html", title=_("Not found"), status=404, text=text, tone="idle")


def kept(name: str, content: bytes, content_type: str) -> HttpResponse:
    """A file to be kept and not shown, under a name that says what it is."""
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def page_number(request: HttpRequest) -> int:
    """Which page of a long list is asked for; the first where that cannot be read."""
    text = request.GET.get("page", "1")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def day(text: str, *, of: str = "") -> date:
    """A day somebody typed; `of` is what the page calls it. Raises ValueError saying what would be right."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        text = _("{field}: give a day, such as 2026-01-31.") if of else _("Give a day, such as 2026-01-31.")
        raise ValueError(text.format(field=of)) from error


def typed(request: HttpRequest, name: str) -> str:
    """What somebody typed into a field, trimmed, without the one character no database row can hold."""
    return request.POST.get(name, "").replace("\x00", "").strip()

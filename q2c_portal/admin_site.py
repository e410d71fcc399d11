"""The Unfold admin site: titles, navigation, my work as its home page."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from reconciliation import figures, figures_matcher
from reconciliation.governance import changes
from reconciliation.habits import pages
from reconciliation.views.languages import in_readers_language

_ICONS = {"auth": "group", "sync": "sync_alt", "reconciliation": "fact_check", "oauth2_provider": "key"}


class PortalAdminSite(UnfoldAdminSite):
    """The admin, with the portal's pages inside."""

    site_header = "Q2C Portal"
    enable_nav_sidebar = True

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """The admin's own pages are in their reader's language too."""
        return in_readers_language(super().admin_view(view, cacheable))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """My work instead of a list of tables."""
        from reconciliation.views.my_work import my_work

        return my_work(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The tables a person may see; asked for twice in every page, by the frame and by the sidebar."""
        seen: dict[str | None, list[dict[str, Any]]] = request.__dict__.setdefault("_app_lists", {})
        if app_label not in seen:
            seen[app_label] = super().get_app_list(request, app_label)
        return seen[app_label]

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        """On the demo's login page: who there is to sign in as."""
        return {**context, "demo_users": _demo_people() if settings.DEMO and not request.user.is_authenticated else ()}


def _demo_people() -> list[dict[str, str]]:
    """The demo's printed logins; there is nobody to list anywhere else."""
    from q2c_portal.local import people

    passwords = people.logins()
    return [
        {"username": name, "role": role, "password": passwords[name]}
        for name, role in people.PEOPLE.items()
        if name in passwords
    ]


def environment(request: HttpRequest) -> list[str] | None:
    """The badge in the header."""
    return [_("Demo"), "warning"] if settings.DEMO else None


def stylesheet(request: HttpRequest) -> str:
    return static("portal/portal.css")


def script(request: HttpRequest) -> str:
    return static("portal/portal.js")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: the portal's pages, then the records a person may look at."""
    items = []
    for place, link in pages.open_to(request.user):  # type: ignore[arg-type]
        active = request.path.startswith(place.beginnings) if place.beginnings else request.path == link
        items.append(
            {"title": place.title, "icon": place.icon, "link": link, "active": active, **_badge(place.name, request)}
        )
    return [{"title": "", "items": items}, *_records(request)]


def _badge(name: str, request: HttpRequest) -> dict[str, Any]:
    user = request.user
    if name == "desk:queue":
        count, variant = figures.open_problem_count(user), "info"  # type: ignore[arg-type]
    elif name == "desk:approvals":
        count, variant = len(figures.to_decide(user)) + figures_matcher.waiting_count(user), "warning"  # type: ignore[arg-type]
    elif name == "desk:tables":
        count, variant = changes.to_decide(user), "warning"  # type: ignore[arg-type]
    elif name == "desk:controls":
        count, variant = len(figures.controls_not_green()), "danger"
    else:
        count, variant = 0, ""
    return {"badge": count, "badge_variant": variant} if count else {}


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    from django.contrib import admin

    groups = []
    for app in admin.site.get_app_list(request):
        items = [
            {
                "title": str(model["name"]),
                "icon": _ICONS.get(app["app_label"], "table_rows"),
                "link": model["admin_url"],
            }
            for model in app["models"]
            if model["admin_url"]
        ]
        if items:
            groups.append({"title": app["name"], "collapsible": True, "separator": True, "items": items})
    return groups

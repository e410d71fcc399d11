"""The Unfold admin site: titles, navigation, my work as its home page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from unfold.sites import UnfoldAdminSite

from reconciliation import figures, figures_matcher
from reconciliation.governance import changes

#: title, icon, name of the page, permission to see it, beginnings of addresses it stands for
_PAGES = (
    ("My work", "home", "admin:index", "", ()),
    ("Queue", "inbox", "desk:queue", "reconciliation.view_exceptioncase", ("/queue/", "/p/", "/x/", "/runs/")),
    ("Approvals", "how_to_reg", "desk:approvals", "reconciliation.view_approvalrequest", ("/approvals/",)),
    ("Controls", "balance", "desk:controls", "reconciliation.view_controlrun", ("/controls/",)),
    ("Close", "event_available", "desk:close", "sync.view_accountingperiod", ("/close/",)),
    ("Sign-off", "draw", "desk:sign_offs", "reconciliation.view_signoff", ("/sign-off/",)),
    ("Revenue", "trending_up", "desk:revenue", "sync.view_journalbatchrecord", ("/revenue/",)),
    ("Registers", "menu_book", "desk:registers", "reconciliation.view_signoff", ("/registers/",)),
    ("Meters", "speed", "desk:meters", "sync.view_usageplanrecord", ("/meters/",)),
    ("Mappings", "rule", "desk:tables", "sync.view_productmapping", ("/tables/", "/changes/")),
    ("Dashboards", "monitoring", "desk:dashboards", "reconciliation.view_exceptioncase", ("/dashboards/",)),
    ("Find", "search", "desk:find", "reconciliation.view_exceptioncase", ("/find", "/t/")),
    ("Audit", "verified_user", "desk:audit", "sync.view_journalentry", ("/audit/",)),
    ("Connections", "hub", "desk:connections", "sync.view_connection", ("/connections/",)),
)
_ICONS = {"auth": "group", "sync": "sync_alt", "reconciliation": "fact_check", "oauth2_provider": "key"}


class PortalAdminSite(UnfoldAdminSite):
    """The admin, with the portal's pages inside."""

    site_header = "Q2C Portal"
    enable_nav_sidebar = True

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """My work instead of a list of tables."""
        from reconciliation.views.my_work import my_work

        return my_work(request)

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
    return ["Demo", "warning"] if settings.DEMO else None


def stylesheet(request: HttpRequest) -> str:
    return static("portal/portal.css")


def script(request: HttpRequest) -> str:
    return static("portal/portal.js")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: the portal's pages, then the records a person may look at."""
    pages = []
    for title, icon, name, permission, beginnings in _PAGES:
        try:
            link = reverse(name)
        except NoReverseMatch:
            continue
        if permission and not request.user.has_perm(permission):
            continue
        active = request.path.startswith(beginnings) if beginnings else request.path == link
        pages.append({"title": title, "icon": icon, "link": link, "active": active, **_badge(name, request)})
    return [{"title": "", "items": pages}, *_records(request)]


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

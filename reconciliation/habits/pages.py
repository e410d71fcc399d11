"""The portal's pages: what the sidebar lists and the palette finds, each only for whom it opens."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

CASES = "reconciliation.view_exceptioncase"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One page."""

    title: str | Promise
    icon: str
    #: name of its address
    name: str
    #: needed to open it; empty for everybody who may sign in
    permission: str = ""
    #: beginnings of addresses it stands for
    beginnings: tuple[str, ...] = ()
    #: other words people look for it by
    also: str | Promise = ""


PLACES = (
    Place(title=_("My work"), icon="home", name="admin:index", also=_("home start mentions desk")),
    Place(
        title=_("Queue"),
        icon="inbox",
        name="desk:queue",
        permission=CASES,
        beginnings=("/queue/", "/p/", "/x/", "/runs/"),
        also=_("cases problems exceptions"),
    ),
    Place(
        title=_("Approvals"),
        icon="how_to_reg",
        name="desk:approvals",
        permission="reconciliation.view_approvalrequest",
        beginnings=("/approvals/",),
        also=_("requests decide"),
    ),
    Place(
        title=_("Controls"),
        icon="balance",
        name="desk:controls",
        permission="reconciliation.view_controlrun",
        beginnings=("/controls/",),
        also=_("reconciliation board breaks matching"),
    ),
    Place(
        title=pgettext_lazy("month-end", "Close"),
        icon="event_available",
        name="desk:close",
        permission="sync.view_accountingperiod",
        beginnings=("/close/",),
        also=_("periods months posting windows"),
    ),
    Place(
        title=_("Sign-off"),
        icon="draw",
        name="desk:sign_offs",
        permission="reconciliation.view_signoff",
        beginnings=("/sign-off/",),
        also=_("certify sign evidence"),
    ),
    Place(
        title=_("Revenue"),
        icon="trending_up",
        name="desk:revenue",
        permission="sync.view_journalbatchrecord",
        beginnings=("/revenue/",),
        also=_("deferred journals"),
    ),
    Place(
        title=_("Registers"),
        icon="menu_book",
        name="desk:registers",
        permission="reconciliation.view_signoff",
        beginnings=("/registers/",),
        also=_("refunds write-offs disputes unapplied cash on account tax late postings"),
    ),
    Place(
        title=_("Meters"),
        icon="speed",
        name="desk:meters",
        permission="sync.view_usageplanrecord",
        beginnings=("/meters/",),
        also=_("usage"),
    ),
    Place(
        title=_("Mappings"),
        icon="rule",
        name="desk:tables",
        permission="sync.view_productmapping",
        beginnings=("/tables/", "/changes/"),
        also=_("tables products countries policies rules"),
    ),
    Place(
        title=_("Dashboards"),
        icon="monitoring",
        name="desk:dashboards",
        permission=CASES,
        beginnings=("/dashboards/",),
        also=_("figures"),
    ),
    Place(
        title=_("Find"),
        icon="search",
        name="desk:find",
        permission=CASES,
        beginnings=("/find", "/t/"),
        also=_("trails ids"),
    ),
    Place(
        title=_("Audit"),
        icon="verified_user",
        name="desk:audit",
        permission="sync.view_journalentry",
        beginnings=("/audit/",),
        also=_("journal seals"),
    ),
    Place(
        title=_("Connections"),
        icon="hub",
        name="desk:connections",
        permission="sync.view_connection",
        beginnings=("/connections/",),
        also=_("systems pause limits"),
    ),
    Place(
        title=_("Replay"),
        icon="replay",
        name="desk:replay",
        permission="sync.replay_sourceevent",
        beginnings=("/replay/",),
        also=_("read events again inbox"),
    ),
)
#: pages the sidebar leads to through another one
BENEATH = (
    Place(
        title=_("Dashboard for executives"),
        icon="monitoring",
        name="desk:executive",
        permission=CASES,
        also=_("ageing leakage held"),
    ),
    Place(
        title=_("Your profile"), icon="account_circle", name="desk:profile", also=_("time zone roles password settings")
    ),
    Place(
        title=_("Who owns what"),
        icon="alt_route",
        name="desk:ownership",
        permission="reconciliation.view_ownershiprule",
        also=_("ownership rules teams routing of cases"),
    ),
    Place(
        title=_("Who may do what"),
        icon="badge",
        name="desk:audit_access",
        permission="reconciliation.view_approvalpolicy",
        also=_("access review roles rights segregation of duties"),
    ),
    Place(
        title=_("Draw a sample"),
        icon="casino",
        name="desk:audit_sample",
        permission="reconciliation.view_approvalpolicy",
        also=_("audit sampling seed population"),
    ),
)


def open_to(user: AbstractUser, places: tuple[Place, ...] = PLACES) -> Iterator[tuple[Place, str]]:
    """Those of these pages a person may open, each with its address."""
    for place in places:
        try:
            link = reverse(place.name)
        except NoReverseMatch:
            continue
        if not place.permission or user.has_perm(place.permission):
            yield place, link

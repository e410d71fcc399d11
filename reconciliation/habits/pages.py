"""The portal's pages: what the sidebar lists and the palette finds, each only for whom it opens."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.urls import NoReverseMatch, reverse

CASES = "reconciliation.view_exceptioncase"


@dataclass(frozen=True, kw_only=True)
class Place:
    """One page."""

    title: str
    icon: str
    #: name of its address
    name: str
    #: needed to open it; empty for everybody who may sign in
    permission: str = ""
    #: beginnings of addresses it stands for
    beginnings: tuple[str, ...] = ()
    #: other words people look for it by
    also: str = ""


PLACES = (
    Place(title="My work", icon="home", name="admin:index", also="home start mentions desk"),
    Place(
        title="Queue",
        icon="inbox",
        name="desk:queue",
        permission=CASES,
        beginnings=("/queue/", "/p/", "/x/", "/runs/"),
        also="cases problems exceptions",
    ),
    Place(
        title="Approvals",
        icon="how_to_reg",
        name="desk:approvals",
        permission="reconciliation.view_approvalrequest",
        beginnings=("/approvals/",),
        also="requests decide",
    ),
    Place(
        title="Controls",
        icon="balance",
        name="desk:controls",
        permission="reconciliation.view_controlrun",
        beginnings=("/controls/",),
        also="reconciliation board breaks matching",
    ),
    Place(
        title="Close",
        icon="event_available",
        name="desk:close",
        permission="sync.view_accountingperiod",
        beginnings=("/close/",),
        also="periods months posting windows",
    ),
    Place(
        title="Sign-off",
        icon="draw",
        name="desk:sign_offs",
        permission="reconciliation.view_signoff",
        beginnings=("/sign-off/",),
        also="certify sign evidence",
    ),
    Place(
        title="Revenue",
        icon="trending_up",
        name="desk:revenue",
        permission="sync.view_journalbatchrecord",
        beginnings=("/revenue/",),
        also="deferred journals",
    ),
    Place(
        title="Registers",
        icon="menu_book",
        name="desk:registers",
        permission="reconciliation.view_signoff",
        beginnings=("/registers/",),
        also="refunds write-offs disputes unapplied cash on account tax late postings",
    ),
    Place(
        title="Meters",
        icon="speed",
        name="desk:meters",
        permission="sync.view_usageplanrecord",
        beginnings=("/meters/",),
        also="usage",
    ),
    Place(
        title="Mappings",
        icon="rule",
        name="desk:tables",
        permission="sync.view_productmapping",
        beginnings=("/tables/", "/changes/"),
        also="tables products countries policies rules",
    ),
    Place(
        title="Dashboards",
        icon="monitoring",
        name="desk:dashboards",
        permission=CASES,
        beginnings=("/dashboards/",),
        also="figures",
    ),
    Place(
        title="Find",
        icon="search",
        name="desk:find",
        permission=CASES,
        beginnings=("/find", "/t/"),
        also="trails ids",
    ),
    Place(
        title="Audit",
        icon="verified_user",
        name="desk:audit",
        permission="sync.view_journalentry",
        beginnings=("/audit/",),
        also="journal seals",
    ),
    Place(
        title="Connections",
        icon="hub",
        name="desk:connections",
        permission="sync.view_connection",
        beginnings=("/connections/",),
        also="systems pause limits",
    ),
    Place(
        title="Replay",
        icon="replay",
        name="desk:replay",
        permission="sync.replay_sourceevent",
        beginnings=("/replay/",),
        also="read events again inbox",
    ),
)
#: pages the sidebar leads to through another one
BENEATH = (
    Place(
        title="Dashboard for executives",
        icon="monitoring",
        name="desk:executive",
        permission=CASES,
        also="ageing leakage held",
    ),
    Place(title="Your profile", icon="account_circle", name="desk:profile", also="time zone roles password settings"),
    Place(
        title="Who may do what",
        icon="badge",
        name="desk:audit_access",
        permission="reconciliation.view_approvalpolicy",
        also="access review roles rights segregation of duties",
    ),
    Place(
        title="Draw a sample",
        icon="casino",
        name="desk:audit_sample",
        permission="reconciliation.view_approvalpolicy",
        also="audit sampling seed population",
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

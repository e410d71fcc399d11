"""Addresses of `desk`, second part: trail, find, audit, controls, close, sign-off, figures, tables, connections."""

from datetime import date

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from reconciliation.views import (
    audit,
    changes,
    close,
    connections,
    controls,
    dashboards,
    evidence,
    exports,
    find,
    items,
    matching,
    mentions,
    meters,
    owning,
    palette,
    profile,
    registers,
    replays,
    revenue,
    sign_offs,
    trail,
    words,
)


class Day:
    """A date as ISO 8601 writes it."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


class Operating(StringConverter):
    """What can be done with a connection."""

    regex = "test|pause|resume"


class Signing(StringConverter):
    """What can be done with a sign-off."""

    regex = "prepare|sign|return"


class Closing(StringConverter):
    """What can be done with a period."""

    regex = "begin|finish|reopen"


class Accepting(StringConverter):
    """What can be done with a reconciling item."""

    regex = items.ACTS


class Matching(StringConverter):
    """What can be done with a match."""

    regex = matching.ACTS


register_converter(Day, "day")
register_converter(Matching, "matching")
register_converter(Accepting, "accepting")
register_converter(Closing, "closing")
register_converter(Signing, "signing")
register_converter(Operating, "operating")

urlpatterns = [
    path("t/<path:correlation_id>", trail.trail, name="trail"),
    path("find", find.find, name="find"),
    path("ownership/", owning.ownership, name="ownership"),
    path("ownership/again", owning.ownership_again, name="ownership_again"),
    path("palette", palette.palette, name="palette"),
    path("words.js", words.words, name="words"),
    path("profile/", profile.profile, name="profile"),
    path("profile/keys", profile.keys, name="keys"),
    path("profile/authenticator/begin", profile.authenticator, {"do": "begin"}, name="authenticator_begin"),
    path("profile/authenticator/confirm", profile.authenticator, {"do": "confirm"}, name="authenticator_confirm"),
    path("profile/authenticator/remove", profile.authenticator, {"do": "remove"}, name="authenticator_remove"),
    path("profile/mail", profile.mail, name="mail"),
    path("profile/away", profile.away, name="away"),
    path("profile/away/<number:pk>/back", profile.back, name="away_back"),
    path("people", mentions.people, name="people"),
    path("mentions/read", mentions.mentions_read, name="mentions_read"),
    path("mentions/<number:pk>/read", mentions.mention_read, name="mention_read"),
    path("audit/", audit.audit, name="audit"),
    path("audit/access", audit.access, name="audit_access"),
    path("audit/access/export.<sheet:form>", exports.access_export, name="access_export"),
    path("audit/sample", audit.sample, name="audit_sample"),
    path("audit/sample/export.<sheet:form>", exports.sample_export, name="sample_export"),
    path("controls/", controls.controls, name="controls"),
    path("audit/export.<sheet:form>", exports.audit_export, name="audit_export"),
    path("controls/export.<sheet:form>", exports.controls_export, name="controls_export"),
    path(
        "controls/<slug:control>/<str:entity>/<day:day>/breaks.<sheet:form>",
        exports.breaks_export,
        name="breaks_export",
    ),
    path("controls/<slug:control>/<str:entity>/<day:day>", controls.control_run, name="control_run"),
    path("controls/<slug:control>/<str:entity>/<day:day>/again", controls.control_again, name="control_again"),
    path("controls/<slug:control>/<str:entity>/match", matching.matcher, name="matcher"),
    path("controls/<slug:control>/<str:entity>/match/propose", matching.matcher_propose, name="matcher_propose"),
    path("matches/MAT-<number:pk>/<matching:do>", matching.match_act, name="match_act"),
    path("controls/breaks/<number:pk>/item", items.item_propose, name="item_propose"),
    path("controls/items/ITM-<number:pk>/<accepting:do>", items.item_act, name="item_act"),
    path("close/", close.close, name="close"),
    path("close/<str:entity>/<day:day>", close.close_list, name="close_list"),
    path("close/<str:entity>/<day:day>/<closing:do>", close.close_act, name="close_act"),
    path("sign-off/", sign_offs.sign_offs, name="sign_offs"),
    path("sign-off/<slug:control>/<str:entity>/<day:first>/<day:last>", sign_offs.sign_off, name="sign_off"),
    path(
        "sign-off/<slug:control>/<str:entity>/<day:first>/<day:last>/<signing:do>",
        sign_offs.sign_off_act,
        name="sign_off_act",
    ),
    path(
        "sign-off/<slug:control>/<str:entity>/<day:first>/<day:last>/v<number:version>.pdf",
        sign_offs.sign_off_paper,
        name="sign_off_paper",
    ),
    path("evidence/<str:entity>/<day:first>/<day:last>", evidence.evidence_ask, name="evidence_ask"),
    path("evidence/<number:pk>", evidence.evidence_file, name="evidence_file"),
    path("revenue/", revenue.revenue, name="revenue"),
    path("revenue/journals/<str:reference>", revenue.revenue_journal, name="revenue_journal"),
    path(
        "revenue/<str:entity>/<slug:currency>/<slug:month>/<slug:figure>", revenue.revenue_figure, name="revenue_figure"
    ),
    path("registers/", registers.register, name="registers"),
    path("registers/<slug:name>/export.<sheet:form>", exports.register_export, name="register_export"),
    path("registers/<slug:name>", registers.register, name="register"),
    path("meters/", meters.meters, name="meters"),
    path("meters/<str:reference>", meters.meter, name="meter"),
    path("tables/", changes.table_list, name="tables"),
    path("tables/<slug:name>", changes.table, name="table"),
    path("tables/<slug:name>/file", changes.table_file, name="table_file"),
    path("tables/<slug:name>/try", changes.table_try, name="table_try"),
    path("tables/<slug:name>/draft", changes.table_draft, name="table_draft"),
    path("changes/CHG-<number:pk>", changes.change, name="change"),
    path("changes/CHG-<number:pk>/<deciding:do>", changes.change_decide, name="change_decide"),
    path("dashboards/", dashboards.dashboards, name="dashboards"),
    path("dashboards/executive", dashboards.executive, name="executive"),
    path("dashboards/executive/export.<sheet:form>", exports.executive_export, name="executive_export"),
    path("dashboards/executive.pdf", exports.executive_paper, name="executive_paper"),
    path("replay/", replays.console, name="replay"),
    path("replay/run", replays.replay_run, name="replay_run"),
    path("replay/progress", replays.replay_progress, name="replay_progress"),
    path("connections/", connections.connections, name="connections"),
    path("connections/<slug:code>/<operating:do>", connections.connection_act, name="connection_act"),
]

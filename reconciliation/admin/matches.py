"""Matches and the rules of them, to look at; all is done on the matching pages and by file."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

from reconciliation.models import Match, MatchMember, MatchRule
from sync.admin.read_only import ReadOnly, fields_of
from sync.admin.records import Lines

SEEN_WITH = "reconciliation.view_controlrun"


class _Members(Lines):
    model = MatchMember
    seen_with = SEEN_WITH
    fields = readonly_fields = fields_of(MatchMember, without=("id", "match", "control", "entity"))


@admin.register(Match)
class MatchAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["number", "control", "entity", "by", "status", "currency", "difference", "asked_by", "decided_by"]
    list_select_related = ["entity", "asked_by", "decided_by"]
    list_filter = ["status", "by", "entity"]
    search_fields = ["control__startswith", "members__reference__startswith"]
    search_help_text = _("Starts with: name of the control, or a document's reference")
    fields = fields_of(Match)
    inlines = [_Members]


@admin.register(MatchRule)
class MatchRuleAdmin(ReadOnly, SimpleHistoryAdmin):
    seen_with = SEEN_WITH
    list_display = ["entity", "control", "by", "currency", "does", "days", "status", "valid_from", "valid_to"]
    list_select_related = ["entity"]
    list_filter = ["status", "by", "entity"]

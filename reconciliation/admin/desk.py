"""Saved views, cases put off, who was named in comments and who was told what by mail, to look at."""

from django.contrib import admin

from reconciliation.models import Absence, CaseAct, CaseTag, Mention, Notice, SavedView, Snooze
from sync.admin.read_only import ReadOnly

SEEN_WITH = "reconciliation.view_exceptioncase"


@admin.register(SavedView)
class SavedViewAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["name", "owner", "scope", "team", "query", "saved_at"]
    list_select_related = ["owner"]
    list_filter = ["scope"]


@admin.register(Snooze)
class SnoozeAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["case", "until", "by", "because", "at", "ended_at", "ended_by"]
    list_select_related = ["case", "by", "ended_by"]


@admin.register(CaseAct)
class CaseActAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["case", "action", "by", "at", "reversed_by", "reversed_at"]
    list_select_related = ["case", "by", "reversed_by"]


@admin.register(CaseTag)
class CaseTagAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["word", "case", "by", "at"]
    list_select_related = ["case", "by"]
    list_filter = ["word"]


@admin.register(Mention)
class MentionAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["comment", "person", "at", "read_at"]
    list_select_related = ["comment__case", "person"]


@admin.register(Absence)
class AbsenceAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["person", "first", "last", "stands_in", "said_at", "ended_at"]
    list_select_related = ["person", "stands_in"]


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    seen_with = SEEN_WITH
    list_display = ["title", "person", "room", "event", "noted_at", "due_at", "sent_at", "dropped_because", "trouble"]
    list_select_related = ["person", "room"]
    list_filter = ["event", "room"]

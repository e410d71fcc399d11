"""Accounting periods as mirrored from the ERP, and our own posting windows."""

from django.contrib import admin
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from sync.admin.read_only import Page, ReadOnly
from sync.models import AccountingPeriod, PostingWindow


@admin.register(AccountingPeriod)
class AccountingPeriodAdmin(ReadOnly):
    list_display = [
        "entity",
        "module",
        "starts_on",
        "ends_on",
        "state",
        "erp_state",
        "own_state",
        "connection",
        "mirrored_at",
    ]
    list_filter = ["state", "entity"]
    list_select_related = ["entity", "connection"]


@admin.register(PostingWindow)
class PostingWindowAdmin(Page, SimpleHistoryAdmin):
    seen_with = "sync.view_accountingperiod"
    list_display = ["entity", "kind", "mode", "opens_at", "closes_at"]
    list_filter = ["mode", "entity"]
    list_select_related = ["entity"]
    raw_id_fields = ["entity"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)  # who may say when is posted may say it for the first time

"""Accounting periods as mirrored from the ERP, and our own posting windows, and what came too late."""

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from sync import late
from sync.admin.read_only import Page, ReadOnly, fields_of, money_text, trail_link
from sync.models import AccountingPeriod, LatePosting, PostingWindow


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


class _Judged(admin.SimpleListFilter):
    """Which late documents wait for finance."""

    title = "assessment"
    parameter_name = "assessment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Not signed"), ("signed", "Signed")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("open", "signed"):
            return queryset.filter(assessed_at__isnull=self.value() == "open")
        return queryset


@admin.register(LatePosting)
class LatePostingAdmin(Page):
    """Late documents; finance signs what it thinks of the cut-off, once."""

    seen_with = "sync.view_accountingperiod"
    list_display = ["title", "customer_name", "document_date", "posting_date", "crosses", "sum", "accrued", "trail"]
    list_filter = [_Judged, "crosses", "entity"]
    list_select_related = ["entity", "delivery"]
    search_fields = ["reference__startswith", "title__startswith"]
    search_help_text = "Starts with: the document's title or reference"
    signed = ("accrued", "assessment")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LatePosting | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LatePosting | None = None) -> bool:
        return (obj is None or obj.assessed_at is None) and request.user.has_perm("sync.assess_lateposting")

    def get_fields(self, request: HttpRequest, obj: LatePosting | None = None) -> list[str]:
        return [*fields_of(LatePosting, without=("id", *self.signed)), *self.signed]

    def get_readonly_fields(self, request: HttpRequest, obj: LatePosting | None = None) -> list[str]:
        return fields_of(LatePosting, without=("id", *self.signed))

    def save_model(self, request: HttpRequest, obj: LatePosting, form: ModelForm, change: bool) -> None:
        try:
            late.assess(obj, user=request.user, words=obj.assessment, accrued=obj.accrued)  # type: ignore[arg-type]
        except late.CannotAssess as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    @admin.display(description="Amount")
    def sum(self, row: LatePosting) -> str:
        return money_text(row.amount, row.currency)

    @admin.display(description="Trail")
    def trail(self, row: LatePosting) -> str:
        return trail_link(row.delivery.correlation_id)

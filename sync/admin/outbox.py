"""Outbox: deliveries, their attempts, and what each system calls our objects."""

from django.contrib import admin
from unfold.admin import TabularInline

from sync.admin.read_only import ReadOnly, fields_of, money_text, trail_link
from sync.models import Attempt, Delivery, ExternalIdentity


class _Attempts(TabularInline):
    model = Attempt
    fields = readonly_fields = [
        "verb",
        "round",
        "generation",
        "outcome",
        "http_status",
        "started_at",
        "finished_at",
        "text",
    ]
    extra = 0
    max_num = 0
    can_delete = False

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("sync.view_delivery")

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ["title", "customer_name", "target", "sum", "state", "condition", "attempts", "trail", "created_at"]
    list_filter = ["condition", "state", "role", "target"]
    list_select_related = ["target"]
    search_fields = ["reference__startswith"]
    search_help_text = "Starts with: reference, e.g. invoice:stripe:in_…"
    fields = [*fields_of(Delivery), "trail"]
    inlines = [_Attempts]

    @admin.display(description="Amount", ordering="amount")
    def sum(self, row: Delivery) -> str:
        return money_text(row.amount, row.currency)

    @admin.display(description="Trail")
    def trail(self, row: Delivery) -> str:
        return trail_link(row.correlation_id)


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    seen_with = "sync.view_delivery"
    list_display = ["delivery", "verb", "outcome", "http_status", "started_at", "finished_at"]
    list_filter = ["outcome"]
    list_select_related = ["delivery"]
    search_fields = ["request_key__startswith"]
    search_help_text = "Starts with: request key, as the other system logged it"


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ReadOnly):
    seen_with = "sync.view_delivery"
    list_display = ["reference", "connection", "kind", "external_id", "version", "since"]
    list_filter = ["connection"]
    list_select_related = ["connection"]
    search_fields = ["reference__startswith", "external_id__startswith"]
    search_help_text = "Starts with: our reference, or the other system's id"

"""Legal entities, and which connection plays which role for them."""

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from sync.admin.read_only import Page, ReadOnly
from sync.models import EntityRoute, LegalEntity


@admin.register(LegalEntity)
class LegalEntityAdmin(Page, SimpleHistoryAdmin):
    list_display = ["code", "name", "functional_currency", "country", "time_zone", "business_date"]
    readonly_fields = ["business_date"]
    search_fields = ["code__startswith", "name__startswith"]
    search_help_text = "Starts with: code or name"

    def get_readonly_fields(self, request, obj=None):
        # documents already carry the code; a new name for an old one would tear their trail
        return [*self.readonly_fields, *(["code", "functional_currency"] if obj else [])]

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(EntityRoute)
class EntityRouteAdmin(ReadOnly, SimpleHistoryAdmin):
    seen_with = "sync.view_legalentity"
    list_display = ["entity", "role", "connection", "company_code", "is_shadow", "valid_from", "valid_to"]
    list_filter = ["role", "entity"]
    list_select_related = ["entity", "connection"]

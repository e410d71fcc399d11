"""Mappings between systems: read here, changed only through fixes that a second person approved."""

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from sync.admin.read_only import ReadOnly, fields_of
from sync.models import CountryMapping, EntityMapping, LearnedAnswer, MappingRow, ProductMapping

_HOW = (
    "Nobody edits a mapping here. Open the case that needs it and press its fix: a colleague drafts the row, "
    "a finance approver says yes, and all waiting work goes through."
)


class _Mapping(ReadOnly, SimpleHistoryAdmin):
    list_filter = ["status"]

    def get_fieldsets(self, request, obj=None):
        return [(None, {"fields": fields_of(self.model), "description": _HOW})]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {**(extra_context or {}), "subtitle": _HOW})

    @admin.display(description="Drafted and approved by")
    def people(self, row: MappingRow) -> str:
        return f"{row.drafted_by}; {row.approved_by or 'nobody yet'}"


@admin.register(ProductMapping)
class ProductMappingAdmin(_Mapping):
    list_display = [
        "crm_product",
        "product_name",
        "billing_product",
        "erp_item",
        "status",
        "valid_from",
        "valid_to",
        "people",
    ]
    list_select_related = ["drafted_by", "approved_by"]
    search_fields = ["crm_product__startswith"]
    search_help_text = "Starts with: product as it stands on the deal"


@admin.register(CountryMapping)
class CountryMappingAdmin(_Mapping):
    list_display = ["written", "country", "status", "valid_from", "valid_to", "people"]
    list_select_related = ["drafted_by", "approved_by"]
    search_fields = ["written__startswith"]
    search_help_text = "Starts with: country as people wrote it"


@admin.register(EntityMapping)
class EntityMappingAdmin(_Mapping):
    list_display = ["country", "entity", "status", "valid_from", "valid_to", "people"]
    list_select_related = ["entity", "drafted_by", "approved_by"]
    search_fields = ["country__startswith"]
    search_help_text = "Starts with: ISO 3166-1 code"


@admin.register(LearnedAnswer)
class LearnedAnswerAdmin(_Mapping):
    list_display = ["words", "system", "reason", "title", "status", "valid_from", "valid_to", "people"]
    list_select_related = ["drafted_by", "approved_by"]
    search_fields = ["words__startswith", "reason__startswith"]
    search_help_text = "Starts with: words of the answer, or code of the reason"

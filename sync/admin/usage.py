"""Usage: meters, plans, hourly sums, invoiced periods and what came after them; read here, changed nowhere."""

from django.contrib import admin

from sync.admin.mappings import _Mapping
from sync.admin.read_only import ReadOnly, fields_of
from sync.models import UsageMeter, UsagePeriod, UsagePlanRecord, UsageSummaryRecord, UsageTrueUpRecord


@admin.register(UsageMeter)
class UsageMeterAdmin(_Mapping):
    list_display = ["crm_product", "meter", "unit_price", "currency", "late_policy", "status", "valid_from", "people"]
    list_select_related = ["drafted_by", "approved_by"]
    search_fields = ["crm_product__startswith", "meter__startswith"]
    search_help_text = "Starts with: product or meter"


class _Usage(ReadOnly):
    def get_fields(self, request, obj=None):
        return fields_of(self.model)


@admin.register(UsagePlanRecord)
class UsagePlanAdmin(_Usage):
    list_display = ["reference", "meter", "unit_price", "currency", "starts_on", "ends_on"]
    search_fields = ["contract_reference__startswith", "meter__startswith"]
    search_help_text = "Starts with: contract or meter"


@admin.register(UsageSummaryRecord)
class UsageSummaryAdmin(_Usage):
    list_display = ["meter", "contract_reference", "starts_at", "quantity", "events", "version"]
    search_fields = ["contract_reference__startswith"]
    search_help_text = "Starts with: contract"


@admin.register(UsagePeriod)
class UsagePeriodAdmin(_Usage):
    list_display = ["plan", "starts_on", "ends_on", "quantity", "amount", "invoice_reference", "invoiced_on"]
    list_select_related = ["plan"]
    search_fields = ["invoice_reference__startswith"]
    search_help_text = "Starts with: invoice"


@admin.register(UsageTrueUpRecord)
class UsageTrueUpAdmin(_Usage):
    list_display = ["reference", "period_starts_on", "period_ends_on", "quantity", "amount", "currency"]
    search_fields = ["contract_reference__startswith"]
    search_help_text = "Starts with: contract"

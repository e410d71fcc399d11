"""Revenue: engines, schedules, and journals that open down to their members; read here, changed nowhere."""

from django.contrib import admin

from sync.admin.mappings import _Mapping
from sync.admin.read_only import ReadOnly, fields_of
from sync.admin.records import Lines, Record
from sync.models import JournalBatchRecord, RevenueChange, RevenueEngine, RevenueEventRecord, RevenueScheduleRecord


@admin.register(RevenueEngine)
class RevenueEngineAdmin(_Mapping):
    list_display = ["entity", "engine", "status", "valid_from", "valid_to", "people"]
    list_select_related = ["entity", "drafted_by", "approved_by"]


class _Members(Lines):
    model = RevenueEventRecord
    verbose_name_plural = "members"
    seen_with = "sync.view_journalbatchrecord"
    fields = readonly_fields = ["reference", "schedule_reference", "movement", "dated", "amount", "currency"]


@admin.register(JournalBatchRecord)
class JournalBatchAdmin(Record):
    """A journal as posted, and below it every movement it sums up."""

    amount_field = "total"
    list_display = ["reference", "movement", "posting_date", "sequence", "sum", "members"]
    search_fields = ["reference__startswith"]
    search_help_text = "Starts with: reference"
    list_filter = ["legal_entity", "movement"]
    inlines = [_Members]


class _Changes(Lines):
    model = RevenueChange
    verbose_name_plural = "what changed it"
    seen_with = "sync.view_revenueschedulerecord"
    fields = readonly_fields = ["effect", "cause", "dated", "effective_on", "ends_on", "net", "amount", "catches_up"]


@admin.register(RevenueScheduleRecord)
class RevenueScheduleAdmin(Record):
    list_display = ["reference", "obligation", "starts_on", "ends_on", "sum", "engine", "trail"]
    search_fields = ["invoice_reference__startswith", "contract_reference__startswith"]
    search_help_text = "Starts with: the invoice's or the contract's reference"
    list_filter = ["legal_entity", "engine"]
    inlines = [_Changes]


@admin.register(RevenueEventRecord)
class RevenueEventAdmin(ReadOnly):
    seen_with = "sync.view_revenueschedulerecord"
    list_display = ["reference", "movement", "dated", "amount", "currency", "batch"]
    list_select_related = ["batch"]
    search_fields = ["schedule_reference__startswith"]
    search_help_text = "Starts with: the schedule's reference"

    def get_fields(self, request, obj=None):
        return fields_of(self.model)

"""Records of what lowers an invoice: credit memos, voids, write-offs."""

from django.contrib import admin

from sync.admin.read_only import fields_of
from sync.admin.records import Lines, Record
from sync.models import CreditMemoLineRecord, CreditMemoRecord, VoidRecord, WriteOffRecord


class _CreditMemoLines(Lines):
    model = CreditMemoLineRecord
    seen_with = "sync.view_creditmemorecord"
    fields = readonly_fields = fields_of(CreditMemoLineRecord, without=("id", "credit_memo"))


@admin.register(CreditMemoRecord)
class CreditMemoAdmin(Record):
    amount_field = "total"
    list_display = ["number", "refers_to", "reason_code", "document_date", "sum", "status", "trail"]
    search_fields = ["number__startswith", "billing_id__startswith", "refers_to__startswith"]
    search_help_text = "Starts with: number, billing's id, or the invoice's reference"
    list_filter = ["legal_entity", "reason_code"]
    inlines = [_CreditMemoLines]


@admin.register(VoidRecord)
class VoidAdmin(Record):
    amount_field = "total"
    list_display = ["number", "voided_kind", "voids", "voided_on", "sum", "objection", "trail"]
    search_fields = ["number__startswith", "voids__startswith"]
    search_help_text = "Starts with: number, or the voided document's reference"
    list_filter = ["legal_entity", "voided_kind"]


@admin.register(WriteOffRecord)
class WriteOffAdmin(Record):
    list_display = ["number", "treatment", "invoice_reference", "written_off_on", "sum", "trail"]
    search_fields = ["number__startswith", "invoice_reference__startswith"]
    search_help_text = "Starts with: the invoice's number or reference"
    list_filter = ["legal_entity", "treatment"]

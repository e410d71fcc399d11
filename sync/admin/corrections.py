"""Records of what lowers an invoice: credit memos, voids, write-offs."""

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from sync.admin.read_only import ReadOnly, fields_of
from sync.admin.records import Lines, Record
from sync.models import (
    ClearanceRecord,
    CreditMemoLineRecord,
    CreditMemoRecord,
    DocumentPolicy,
    UnpostedDocument,
    VoidRecord,
    WriteOffRecord,
)


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


@admin.register(DocumentPolicy)
class DocumentPolicyAdmin(ReadOnly, SimpleHistoryAdmin):
    list_display = [
        "entity", "zero_totals", "e_invoices", "small_difference_most", "backdated_changes", "status", "valid_from",
        "valid_to",
    ]  # fmt: skip
    list_select_related = ["entity"]
    list_filter = ["status", "entity"]


@admin.register(UnpostedDocument)
class UnpostedDocumentAdmin(ReadOnly):
    list_display = ["number", "kind", "legal_entity", "document_date", "because"]
    search_fields = ["number__startswith", "reference__startswith"]
    search_help_text = "Starts with: number or reference"
    list_filter = ["legal_entity", "because"]


@admin.register(ClearanceRecord)
class ClearanceAdmin(Record):
    seen_with = "sync.view_invoicerecord"
    list_display = ["number", "status", "legal_number", "invoice_reference", "trail", "updated_at"]
    search_fields = ["number__startswith", "invoice_reference__startswith"]
    search_help_text = "Starts with: the invoice's number or reference"
    list_filter = ["legal_entity", "status"]

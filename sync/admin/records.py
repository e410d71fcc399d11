"""Records of what was carried: customers, contracts, invoices, payments, allocations, dunning, feedback."""

from django.contrib import admin
from unfold.admin import TabularInline

from sync.admin.read_only import ReadOnly, fields_of, money_text, trail_link
from sync.models import (
    AllocationRecord,
    ContractLineRecord,
    ContractRecord,
    CrmStatusRecord,
    CustomerRecord,
    DunningRecord,
    InvoiceLineRecord,
    InvoiceRecord,
    PaymentRecord,
    WithholdingRecord,
)


class Lines(TabularInline):
    extra = 0
    max_num = 0
    can_delete = False
    seen_with = ""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm(self.seen_with)

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class _ContractLines(Lines):
    model = ContractLineRecord
    seen_with = "sync.view_contractrecord"
    fields = readonly_fields = fields_of(ContractLineRecord, without=("id", "contract"))


class _InvoiceLines(Lines):
    model = InvoiceLineRecord
    seen_with = "sync.view_invoicerecord"
    fields = readonly_fields = fields_of(InvoiceLineRecord, without=("id", "invoice"))


class Record(ReadOnly):
    """A record with its trail; edited nowhere, because the source system's word is what counts."""

    amount_field = "amount"

    def get_fields(self, request, obj=None):
        return ["trail", *fields_of(self.model)]

    @admin.display(description="Trail")
    def trail(self, row):
        return trail_link(row.correlation_id)

    @admin.display(description="Amount")
    def sum(self, row):
        return money_text(getattr(row, self.amount_field), row.currency)


@admin.register(CustomerRecord)
class CustomerAdmin(Record):
    list_display = ["name", "reference", "industry", "trail", "updated_at"]
    search_fields = ["name__startswith", "crm_account_id__startswith"]
    search_help_text = "Starts with: name, or Salesforce account id"
    list_filter = ["legal_entity"]


@admin.register(ContractRecord)
class ContractAdmin(Record):
    list_display = ["__str__", "customer_reference", "modification_kind", "signed_on", "sum", "trail"]
    search_fields = ["reference__startswith", "crm_opportunity_id__startswith"]
    search_help_text = "Starts with: reference, or Salesforce opportunity id"
    list_filter = ["legal_entity"]
    inlines = [_ContractLines]


@admin.register(InvoiceRecord)
class InvoiceAdmin(Record):
    amount_field = "total"
    list_display = ["number", "billing_id", "document_date", "sum", "status", "trail"]
    search_fields = ["number__startswith", "billing_id__startswith"]
    search_help_text = "Starts with: invoice number, or billing's id"
    list_filter = ["legal_entity"]
    inlines = [_InvoiceLines]


@admin.register(PaymentRecord)
class PaymentAdmin(Record):
    list_display = ["gateway_id", "origin", "received_on", "sum", "trail"]
    search_fields = ["gateway_id__startswith"]
    search_help_text = "Starts with: the gateway's id"
    list_filter = ["origin", "legal_entity"]


@admin.register(AllocationRecord)
class AllocationAdmin(Record):
    seen_with = "sync.view_paymentrecord"
    list_display = ["reference", "invoice_reference", "applied_on", "sum", "trail"]
    search_fields = ["reference__startswith", "invoice_reference__startswith"]
    search_help_text = "Starts with: reference, or the invoice's reference"


@admin.register(WithholdingRecord)
class WithholdingAdmin(Record):
    seen_with = "sync.view_paymentrecord"
    list_display = ["number", "booked_on", "sum", "certificate_number", "certificate_date", "trail"]
    search_fields = ["number__startswith", "certificate_number__startswith", "invoice_reference__startswith"]
    search_help_text = "Starts with: the invoice's number or reference, or the certificate's number"
    list_filter = ["legal_entity"]


@admin.register(DunningRecord)
class DunningAdmin(Record):
    seen_with = "sync.view_invoicerecord"
    list_display = ["invoice_reference", "failed_tries", "next_try_on", "trail", "updated_at"]
    search_fields = ["invoice_reference__startswith"]
    search_help_text = "Starts with: the invoice's reference"


@admin.register(CrmStatusRecord)
class CrmStatusAdmin(Record):
    seen_with = "sync.view_delivery"
    list_display = ["crm_object", "crm_record_id", "version", "sent_version", "trail", "changed_at"]
    list_filter = ["connection"]
    search_fields = ["reference__startswith"]
    search_help_text = "Starts with: feedback:Opportunity:006…"

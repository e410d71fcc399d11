"""Invoices as billing issued them."""

from django.db import models
from django.db.models import F, Q

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class InvoiceRecord(models.Model):
    """An issued invoice; same fields as connectors.canonical.Invoice. Immutable but for its status
    and what a tax authority says of it.
    """

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    number = models.CharField(max_length=60, db_index=True)
    billing_id = models.CharField(max_length=80)
    customer_reference = ReferenceField(db_index=True)
    contract_reference = ReferenceField(db_index=True)
    document_date = models.DateField()
    posting_date = models.DateField()
    tax_point = models.DateField()
    due_on = models.DateField()
    net = MoneyField()
    tax = MoneyField()
    total = MoneyField()
    status = models.CharField(max_length=20)
    legal_number = models.CharField(max_length=60, blank=True)
    e_invoice_status = models.CharField(
        max_length=12,
        default="not_required",
        db_default="not_required",
        choices=[
            ("not_required", "Not required"),
            ("pending", "Pending"),
            ("cleared", "Cleared"),
            ("rejected", "Rejected"),
        ],
    )
    preceding_reference = ReferenceField(
        blank=True, default="", db_default="", help_text="A debit memo names the document it charges more for."
    )
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    rate_type = models.CharField(max_length=8, blank=True)
    rate_source = models.CharField(max_length=60, blank=True)
    rate_as_of = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-document_date", "-number"]
        constraints = [
            models.CheckConstraint(condition=Q(total=F("net") + F("tax")), name="invoice_total_is_net_and_tax"),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLineRecord(models.Model):
    """One line as billed and as enriched for the ERP; same fields as connectors.canonical.InvoiceLine."""

    invoice = models.ForeignKey(InvoiceRecord, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=80)
    description = models.CharField(max_length=400, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    net = MoneyField()
    tax = MoneyField()
    tax_code = models.CharField(max_length=200)
    service_starts_on = models.DateField()
    service_ends_on = models.DateField()
    contract_reference = ReferenceField(blank=True)
    billing_product = models.CharField(max_length=120)
    erp_item = models.CharField(max_length=120)
    revenue_treatment = models.CharField(max_length=40)
    dimensions = models.JSONField(default=list)
    arrangement_reference = ReferenceField(blank=True, default="", db_default="")
    obligation = models.CharField(max_length=120, blank=True, default="", db_default="")
    standalone_price = MoneyField(default=0, db_default=0)

    class Meta:
        ordering = ["invoice", "line_id"]
        constraints = [models.UniqueConstraint(fields=["invoice", "line_id"], name="invoice_line_once")]

    def __str__(self) -> str:
        return f"{self.description} {self.net}"

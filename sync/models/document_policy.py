"""How a company treats its documents: nothing to pay, electronic invoices, small differences; effective-dated."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from sync.models.entity import LegalEntity, no_overlap
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.mapping import MappingRow, approved_by_another


class DocumentPolicy(MappingRow):
    """The rules of one company from a day on. Without a row the defaults hold; amounts are in its own currency."""

    class ZeroTotals(models.TextChoices):
        POST = "post", "Posted"
        LIST = "list", "Not posted, listed"

    class EInvoices(models.TextChoices):
        NOT_REQUIRED = "not_required", "Not required"
        ON_ISSUE = "on_issue", "Required; posted when issued"
        ON_CLEARANCE = "on_clearance", "Required; posted when cleared"

    class BackdatedChanges(models.TextChoices):
        STOP = "stop", "Stop and ask"
        FROM_TODAY = "from_today", "Billed from the day they are carried"
        REBILL = "credit_and_rebill", "Earlier periods are credited and billed again"

    class NumbersFrom(models.TextChoices):
        BILLING = "billing", "Billing"
        ERP = "erp", "The ERP"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="document_policies")
    zero_totals = models.CharField(
        max_length=10, choices=ZeroTotals, default=ZeroTotals.POST, help_text="Documents over nothing."
    )
    e_invoices = models.CharField(max_length=14, choices=EInvoices, default=EInvoices.NOT_REQUIRED)
    small_difference_most = MoneyField(default=Decimal(10), help_text="Per invoice.")
    small_difference_percent = models.DecimalField(
        max_digits=5, decimal_places=3, default=Decimal("0.5"), help_text="Of the invoice's total."
    )
    small_difference_month = MoneyField(default=Decimal(500), help_text="For the company, per calendar month.")
    small_difference_customer_year = MoneyField(default=Decimal(50), help_text="Per customer and calendar year.")
    invoice_numbers_from = models.CharField(
        max_length=10, choices=NumbersFrom, default=NumbersFrom.BILLING, help_text="Who draws invoice numbers."
    )
    credit_memo_numbers_from = models.CharField(
        max_length=10, choices=NumbersFrom, default=NumbersFrom.BILLING, help_text="Who draws credit memo numbers."
    )
    backdated_changes = models.CharField(
        max_length=20,
        choices=BackdatedChanges,
        default=BackdatedChanges.STOP,
        db_default=BackdatedChanges.STOP,
        help_text="Changes of contracts that hold from before the period that is billed now.",
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "-valid_from"]
        verbose_name_plural = "document policies"
        constraints = [
            no_overlap("document_policies_do_not_overlap", "entity", condition=Q(status="approved")),
            approved_by_another("document_policy"),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} from {self.valid_from}"


class UnpostedDocument(models.Model):
    """A document that is not posted, by policy: listed and counted, so that no control misses it."""

    reference = ReferenceField(unique=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    number = models.CharField(max_length=60)
    document_date = models.DateField()
    currency = CurrencyField()
    because = models.CharField(max_length=40, choices=[("zero_total", "Nothing to pay")])
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-document_date", "-number"]

    def __str__(self) -> str:
        return self.number


class ClearanceRecord(models.Model):
    """Where an electronic invoice stands with the tax authority; same fields as connectors.canonical.Clearance."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    invoice_reference = ReferenceField(unique=True)
    contract_reference = ReferenceField(blank=True)
    number = models.CharField(max_length=60)
    status = models.CharField(
        max_length=12, choices=[("pending", "Pending"), ("cleared", "Cleared"), ("rejected", "Rejected")]
    )
    legal_number = models.CharField(max_length=60, blank=True)
    words = models.CharField(max_length=300, blank=True, help_text="What the authority said.")
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return f"{self.number}: {self.status}"

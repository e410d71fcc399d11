"""Effective-dated look-ups between systems: drafted by one person, approved by another, never overlapping."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from sync.models.entity import LegalEntity, no_overlap
from sync.models.fields import CurrencyField, MoneyField


class MappingRow(models.Model):
    """What all mapping rows share. Only an approval sets `approved_by` and the status."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "In force"
        REFUSED = "refused", "Refused"

    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="First day it no longer holds.")
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


def approved_by_another(table: str) -> models.CheckConstraint:
    """In force only with the name of an approver who is not the drafter."""
    return models.CheckConstraint(
        condition=~Q(status="approved")
        | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("drafted_by"))),
        name=f"{table}_approved_by_another",
        violation_error_message="Another person than the one who drafted it must approve it.",
    )


class ProductMapping(MappingRow):
    """A product as the CRM names it: what it is in billing and in the ERP, and how it is treated."""

    crm_product = models.CharField(
        max_length=120, help_text="The product code or name exactly as it stands on the deal."
    )
    product_name = models.CharField(max_length=120)
    list_price = MoneyField()
    currency = CurrencyField()
    billing_product = models.CharField(max_length=120)
    erp_item = models.CharField(max_length=120)
    revenue_treatment = models.CharField(max_length=40)
    tax_class = models.CharField(max_length=40)
    destination = models.CharField(max_length=20, default="billing")
    history = HistoricalRecords()

    class Meta:
        ordering = ["crm_product", "-valid_from"]
        constraints = [
            no_overlap("product_mappings_do_not_overlap", "crm_product", condition=Q(status="approved")),
            approved_by_another("product_mapping"),
        ]

    def __str__(self) -> str:
        return f"{self.crm_product} is {self.product_name}"


class CountryMapping(MappingRow):
    """A country as people wrote it, and the ISO 3166-1 code it means."""

    written = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    history = HistoricalRecords()

    class Meta:
        ordering = ["written", "-valid_from"]
        constraints = [
            no_overlap("country_mappings_do_not_overlap", "written", condition=Q(status="approved")),
            approved_by_another("country_mapping"),
        ]

    def __str__(self) -> str:
        return f"{self.written} is {self.country}"


class EntityMapping(MappingRow):
    """Which of our companies sells to customers of a country; `*` is every country without a row of its own."""

    country = models.CharField(max_length=2, help_text="ISO 3166-1, or * for all others.")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    history = HistoricalRecords()

    class Meta:
        ordering = ["country", "-valid_from"]
        constraints = [
            no_overlap("entity_mappings_do_not_overlap", "country", condition=Q(status="approved")),
            approved_by_another("entity_mapping"),
        ]

    def __str__(self) -> str:
        return f"{self.country} is served by {self.entity.code}"

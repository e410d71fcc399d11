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
    batch = models.CharField(max_length=20, blank=True, db_index=True, help_text="The change it was drafted in.")

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
            no_overlap("product_mappings_do_not_overlap", "crm_product", "currency", condition=Q(status="approved")),
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
    """Which of our companies sells: by the signed contract, the account, its hierarchy, or the country.

    The signed contract wins; one contract goes another way only by a row of its own, which finance approves.
    """

    class Basis(models.TextChoices):
        CONTRACT = "contract", "This contract only"
        SIGNATORY = "signatory", "Company that signed the contract"
        ACCOUNT = "account", "Account"
        HIERARCHY = "hierarchy", "Account and all accounts below it"
        COUNTRY = "country", "Country of the account"

    basis = models.CharField(max_length=10, choices=Basis, default=Basis.COUNTRY)
    country = models.CharField(max_length=2, blank=True, help_text="By country: ISO 3166-1, or * for all others.")
    key = models.CharField(
        max_length=120,
        blank=True,
        help_text="By contract or account: its reference. By signatory: the company as the CRM writes it.",
    )
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    history = HistoricalRecords()

    class Meta:
        ordering = ["basis", "country", "key", "-valid_from"]
        constraints = [
            no_overlap("entity_mappings_do_not_overlap", "basis", "country", "key", condition=Q(status="approved")),
            approved_by_another("entity_mapping"),
            models.CheckConstraint(
                condition=(Q(basis="country", key="") & ~Q(country=""))
                | (~Q(basis="country") & Q(country="") & ~Q(key="")),
                name="entity_mapping_has_one_key",
                violation_error_message="A rule by country has a country; every other rule has a key.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key or self.country} is served by {self.entity.code}"

"""Customers as we last knew them."""

from django.db import models

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, ReferenceField


class CustomerRecord(models.Model):
    """The latest version of a customer; same fields as connectors.canonical.Customer."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField(blank=True)
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    crm_account_id = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200, db_index=True)
    parent_reference = ReferenceField(blank=True)
    address = models.JSONField(default=dict)
    email = models.CharField(max_length=200, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    tax_id = models.CharField(max_length=60, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

"""How collecting goes, invoice by invoice."""

from django.db import models

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, ReferenceField


class DunningRecord(models.Model):
    """The latest word of billing on collecting an invoice; same fields as connectors.canonical.Dunning."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    invoice_reference = ReferenceField(unique=True)
    customer_reference = ReferenceField(db_index=True)
    failed_tries = models.PositiveIntegerField()
    next_try_on = models.DateField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-updated_at", "reference"]

    def __str__(self) -> str:
        return f"{self.invoice_reference}: {self.failed_tries} failed"

"""What every record of a document has: where it comes from, whose books, which story."""

from django.db import models

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, ReferenceField


class DocumentRecord(models.Model):
    """Same fields as connectors.canonical.Canonical; a document is kept once, under its reference."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.reference

"""Money received, and what it was applied to."""

from django.db import models
from django.db.models import Q

from sync.models.document import DocumentRecord
from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class PaymentRecord(models.Model):
    """A receipt; same fields as connectors.canonical.Payment."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    gateway_id = models.CharField(max_length=80)
    customer_reference = ReferenceField(db_index=True)
    origin = models.CharField(max_length=10, choices=[("gateway", "Gateway"), ("bank", "Bank")])
    received_on = models.DateField()
    amount = MoneyField()
    fee = MoneyField(default=0)
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    rate_type = models.CharField(max_length=8, blank=True)
    rate_source = models.CharField(max_length=60, blank=True)
    rate_as_of = models.DateField(null=True, blank=True)
    pays_reference = ReferenceField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_above_zero")]

    def __str__(self) -> str:
        return self.gateway_id


class AllocationRecord(models.Model):
    """A part of a payment applied to one document; same fields as connectors.canonical.Allocation."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    payment_reference = ReferenceField(db_index=True)
    invoice_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField()
    applied_on = models.DateField()
    amount = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-applied_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_is_above_zero")]

    def __str__(self) -> str:
        return self.reference


class PaymentReturnRecord(DocumentRecord):
    """A bank receipt that did not hold; same fields as connectors.canonical.PaymentReturn."""

    gateway_id = models.CharField(max_length=80)
    payment_reference = ReferenceField(unique=True)
    customer_reference = ReferenceField(db_index=True)
    invoice_reference = ReferenceField(blank=True)
    returned_on = models.DateField()
    amount = MoneyField()

    class Meta:
        ordering = ["-returned_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_return_is_above_zero")]

"""Money given back, and refunds that came home again."""

from django.db import models
from django.db.models import Q

from sync.models.document import DocumentRecord
from sync.models.fields import MoneyField, ReferenceField


class RefundRecord(DocumentRecord):
    """A refund; same fields as connectors.canonical.Refund."""

    gateway_id = models.CharField(max_length=80)
    payment_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField(db_index=True)
    refunded_on = models.DateField()
    amount = MoneyField()
    causes = models.JSONField(default=list)

    class Meta:
        ordering = ["-refunded_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_is_above_zero"),
            models.CheckConstraint(condition=~Q(causes=[]), name="refund_says_what_it_gives_back"),
        ]


class RefundFailureRecord(DocumentRecord):
    """A refund the bank sent back; same fields as connectors.canonical.RefundFailure."""

    gateway_id = models.CharField(max_length=80)
    refund_reference = ReferenceField(unique=True)
    customer_reference = ReferenceField(db_index=True)
    failed_on = models.DateField()
    amount = MoneyField()
    failure_reason = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-failed_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_failure_is_above_zero")]

"""Payments customers dispute."""

from django.db import models
from django.db.models import Q

from sync.models.document import DocumentRecord
from sync.models.fields import MoneyField, ReferenceField


class DisputeRecord(DocumentRecord):
    """A dispute as it was opened; same fields as connectors.canonical.Dispute."""

    gateway_id = models.CharField(max_length=80)
    payment_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField(db_index=True)
    opened_on = models.DateField()
    amount = MoneyField()
    dispute_reason = models.CharField(max_length=80, blank=True)
    evidence_due_at = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-opened_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_is_above_zero")]


class DisputeMovementRecord(DocumentRecord):
    """Money taken for a dispute or given back; same fields as connectors.canonical.DisputeMovement."""

    gateway_id = models.CharField(max_length=80)
    dispute_reference = ReferenceField(db_index=True)
    payment_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField(db_index=True)
    moved_on = models.DateField()
    amount = MoneyField()
    fee = MoneyField(default=0)

    class Meta:
        ordering = ["-moved_on", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="dispute_movement_moves_money")]


class DisputeLossRecord(DocumentRecord):
    """How finance ended a lost dispute; same fields as connectors.canonical.DisputeLoss."""

    gateway_id = models.CharField(max_length=80)
    dispute_reference = ReferenceField(unique=True)
    customer_reference = ReferenceField(db_index=True)
    decided_on = models.DateField()
    amount = MoneyField()
    treatment = models.CharField(
        max_length=12,
        choices=[("bad_debt", "Bad debt"), ("credit_memo", "Credit memo")],
        default="bad_debt",
        db_default="bad_debt",
    )

    class Meta:
        ordering = ["-decided_on", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_loss_is_above_zero")]


class DisputeOutcomeRecord(DocumentRecord):
    """How a dispute ended; same fields as connectors.canonical.DisputeOutcome."""

    gateway_id = models.CharField(max_length=80)
    dispute_reference = ReferenceField(unique=True)
    payment_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField(db_index=True)
    outcome = models.CharField(
        max_length=10, choices=[("won", "Won"), ("lost", "Lost"), ("closed", "Closed without a judgement")]
    )
    amount = MoneyField()

    class Meta:
        ordering = ["-pk"]

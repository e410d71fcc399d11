"""What gateways pay out to the bank."""

from django.db import models
from django.db.models import F, Q

from sync.models.document import DocumentRecord
from sync.models.fields import MoneyField, ReferenceField


class PayoutRecord(DocumentRecord):
    """One transfer to the bank; same fields as connectors.canonical.Payout."""

    gateway_id = models.CharField(max_length=80)
    paid_on = models.DateField()
    amount = MoneyField()
    charges = MoneyField()
    refunds = MoneyField()
    disputes = MoneyField()
    dispute_fees = MoneyField()
    fees = MoneyField()
    reserves = MoneyField(default=0)
    returned = MoneyField(default=0)
    bank_trace = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-paid_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount=F("charges")
                    + F("refunds")
                    + F("disputes")
                    + F("reserves")
                    + F("returned")
                    - F("dispute_fees")
                    - F("fees")
                ),
                name="payout_is_the_sum_of_its_parts",
            ),
        ]


class PayoutLineRecord(models.Model):
    """One movement a payout settles; same fields as connectors.canonical.PayoutLine."""

    payout = models.ForeignKey(PayoutRecord, on_delete=models.CASCADE, related_name="lines")
    line_id = models.CharField(max_length=80, unique=True)
    category = models.CharField(max_length=10)
    source_reference = ReferenceField(blank=True, db_index=True)
    gross = MoneyField()
    fee = MoneyField()
    net = MoneyField()
    moved_on = models.DateField()

    class Meta:
        ordering = ["payout", "moved_on", "line_id"]
        constraints = [
            models.CheckConstraint(condition=Q(net=F("gross") - F("fee")), name="payout_line_net_is_gross_less_fee"),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.net}"


class PayoutFailureRecord(DocumentRecord):
    """A payout the bank sent back; same fields as connectors.canonical.PayoutFailure."""

    gateway_id = models.CharField(max_length=80)
    payout_reference = ReferenceField(unique=True)
    failed_on = models.DateField()
    amount = MoneyField()
    failure_reason = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-failed_on", "-pk"]

"""Documents that came too late for their own period, and what finance said about the cut-off."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.outbox import Delivery


class LatePosting(models.Model):
    """One document posted into another period than its own. Its own dates never change by the move."""

    class Crosses(models.TextChoices):
        MONTH = "month", "A month"
        QUARTER = "quarter", "A quarter"
        YEAR = "year", "A year"

    class Accrued(models.TextChoices):
        OPEN = "open", "Not decided"
        ACCRUED = "accrued", "Accrued in its own period"
        PASSED = "passed", "Below the limit, passed"

    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="late")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20)
    reference = ReferenceField(db_index=True)
    title = models.CharField(max_length=200)
    customer_name = models.CharField(max_length=200, blank=True)
    amount = MoneyField()
    currency = CurrencyField()
    document_date = models.DateField()
    posting_date = models.DateField(help_text="Where it is posted instead.")
    tax_point = models.DateField(null=True, blank=True)
    service_starts_on = models.DateField(null=True, blank=True)
    service_ends_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=40, default="PERIOD_CLOSED")
    crosses = models.CharField(max_length=8, choices=Crosses)
    moved_at = models.DateTimeField()
    accrued = models.CharField(max_length=8, choices=Accrued, default=Accrued.OPEN)
    assessment = models.TextField(blank=True, help_text="What finance says about the cut-off, in a sentence or two.")
    assessed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    assessed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-posting_date", "-pk"]
        permissions = [("assess_lateposting", "Can assess the cut-off of a late posting")]
        constraints = [
            models.CheckConstraint(condition=~Q(posting_date=F("document_date")), name="late_posting_was_moved"),
            models.CheckConstraint(
                condition=(
                    Q(assessed_by__isnull=True, assessed_at__isnull=True, assessment="", accrued="open")
                    | (Q(assessed_by__isnull=False, assessed_at__isnull=False) & ~Q(assessment="") & ~Q(accrued="open"))
                ),
                name="assessment_is_signed_and_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.document_date} posted {self.posting_date}"

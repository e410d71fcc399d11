"""How each change of a contract is accounted for: proposed by rule, decided by finance, two people."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class Treatment(models.TextChoices):
    """ASC 606-10-25-12 and -13, IFRS 15.20 and .21."""

    SEPARATE = "separate_contract", "Separate contract"
    PROSPECTIVE = "prospective", "Prospective"
    CATCH_UP = "cumulative_catch_up", "Cumulative catch-up"
    MIXED = "mixed", "Mixed"


class ModificationTreatment(models.Model):
    """One numbered change of a contract and its accounting kind. What a rule proposes is no decision."""

    reference = ReferenceField(help_text="The contract.")
    version = models.BigIntegerField(help_text="Number of the change.")
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    modification_kind = models.CharField(max_length=20)
    effective_on = models.DateField()
    #: the day both sides agreed; a document dated back does not date the change back
    accounting_on = models.DateField()
    currency = CurrencyField()
    amount_before = MoneyField()
    amount_after = MoneyField()
    proposed = models.CharField(max_length=20, choices=Treatment)
    because = models.CharField(max_length=300)
    decided = models.CharField(max_length=20, choices=Treatment, blank=True)
    note = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "reference", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["reference", "version"], name="one_treatment_per_change"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | (~Q(decided="") & Q(decided_by__isnull=False, approved_at__isnull=False)),
                name="only_what_is_decided_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("decided_by")),
                name="treatment_approved_by_another",
                violation_error_message="Another person than the one who decided it must approve it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}@{self.version}: {self.get_decided_display() or self.get_proposed_display()}"

    @property
    def in_force(self) -> str:
        """The kind two people agreed on; empty until then."""
        return self.decided if self.approved_by_id else ""

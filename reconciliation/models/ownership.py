"""Rules that say which team a case belongs to, over the reason's own team."""

from django.db import models
from simple_history.models import HistoricalRecords

from reconciliation.teams import Team
from sync.models import LegalEntity
from sync.models.fields import MoneyField


class OwnershipRule(models.Model):
    """First matching rule by place wins; empty fields match everything."""

    place = models.PositiveSmallIntegerField(default=100)
    reason = models.CharField(max_length=40, blank=True)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    system = models.CharField(max_length=40, blank=True)
    amount_from = MoneyField(null=True, blank=True)
    customer_name = models.CharField(max_length=200, blank=True)
    team = models.CharField(max_length=12, choices=Team)
    is_active = models.BooleanField(default=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["place", "pk"]

    def __str__(self) -> str:
        return f"{self.reason or 'any reason'} -> {self.get_team_display()}"

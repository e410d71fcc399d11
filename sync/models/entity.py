"""The companies whose books are kept, and which ERP keeps them."""

from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from simple_history.models import HistoricalRecords

from sync.models.connection import Connection, Role
from sync.models.fields import CurrencyField, MoneyField


class LegalEntity(models.Model):
    """A company with books of its own."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    functional_currency = CurrencyField()
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=60)
    business_date = models.DateField(
        null=True, blank=True, help_text="Set only where business time is moved by hand (sandboxes); empty means today."
    )
    rate_fall_back_days = models.PositiveSmallIntegerField(
        default=0, help_text="Calendar days back to an earlier business day's exchange rate; 0 means never, 3 at most."
    )
    dimension_defaults = models.JSONField(default=dict, blank=True)
    late_limit = MoneyField(
        default=10_000,
        db_default=10_000,
        help_text="Late documents of one month and currency that together pass this need a signed cut-off assessment.",
    )
    withholding_rates = models.JSONField(
        default=dict,
        blank=True,
        help_text='Country of the customer -> shares of a payment customers there may withhold: {"BR": ["0.15"]}.',
    )
    commitment = models.JSONField(
        null=True,
        blank=True,
        help_text="What makes a deal committed here: won, approval, signature, lines. Empty: as set for the house.",
    )
    history = HistoricalRecords(excluded_fields=["business_date"])

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "legal entities"
        constraints = [
            models.CheckConstraint(condition=Q(rate_fall_back_days__lte=3), name="rates_fall_back_three_days_at_most")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def no_overlap(name: str, *keys: str, condition: Q | None = None) -> ExclusionConstraint:
    """No two rows with the same keys are valid on the same day (`valid_to` is the first day it no longer holds)."""
    span = Func(F("valid_from"), F("valid_to"), Value("[)"), function="DATERANGE", output_field=DateRangeField())
    return ExclusionConstraint(
        name=name,
        expressions=[*((key, RangeOperators.EQUAL) for key in keys), (span, RangeOperators.OVERLAPS)],
        condition=condition,
    )


class EntityRoute(models.Model):
    """Which connection plays a role for an entity, and from when; read once, when a delivery is owed."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="routes")
    role = models.CharField(max_length=10, choices=Role)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="routes")
    company_code = models.CharField(max_length=40, blank=True, help_text="The entity's name in that system.")
    is_shadow = models.BooleanField(default=False, help_text="Rendered and compared, not live.")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True, help_text="First day it no longer holds.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "role", "-valid_from"]
        constraints = [no_overlap("one_live_route_per_role", "entity", "role", condition=Q(is_shadow=False))]

    def __str__(self) -> str:
        return f"{self.entity.code} {self.role} -> {self.connection.code}"

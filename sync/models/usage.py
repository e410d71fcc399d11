"""Usage: events as sources reported them, their hourly sums, invoiced periods, and what came after an invoice."""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from sync.models.entity import LegalEntity, no_overlap
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.mapping import MappingRow, approved_by_another


def QuantityField() -> models.DecimalField:
    """Units of a meter; at most six digits after the point."""
    return models.DecimalField(max_digits=21, decimal_places=6)


def UnitPriceField() -> models.DecimalField:
    """Major units per unit of a meter; finer than any amount."""
    return models.DecimalField(max_digits=24, decimal_places=12)


class LatePolicy(models.TextChoices):
    TRUE_UP = "true_up", "Bill it on the next invoice"
    CREDIT_AND_REBILL = "credit_and_rebill", "Credit the invoice and bill it anew"


class UsageMeter(MappingRow):
    """A product that is billed by what was used: its meter, and what billing calls meter and price."""

    crm_product = models.CharField(max_length=120, help_text="The product as it stands on the deal.")
    meter = models.CharField(max_length=40, help_text="What sources call it.")
    event_name = models.CharField(max_length=100)
    billing_meter = models.CharField(max_length=80)
    billing_price = models.CharField(max_length=80)
    unit_price = UnitPriceField()
    currency = CurrencyField()
    scale = models.PositiveSmallIntegerField(default=0, help_text="Digits after the point that are billed, 0 to 6.")
    late_policy = models.CharField(max_length=20, choices=LatePolicy, default=LatePolicy.TRUE_UP)
    late_limit = MoneyField(default=0, help_text="Late usage above this amount waits for people.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["crm_product", "-valid_from"]
        constraints = [
            no_overlap("usage_meters_do_not_overlap", "crm_product", condition=Q(status="approved")),
            approved_by_another("usage_meter"),
            models.CheckConstraint(condition=Q(scale__lte=6), name="usage_meter_scale_is_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} meters {self.crm_product}"


class UsagePlanRecord(models.Model):
    """One metered product of a contract; same fields as connectors.canonical.UsagePlan, the newest version."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    contract_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField()
    meter = models.CharField(max_length=40)
    event_name = models.CharField(max_length=100)
    billing_meter = models.CharField(max_length=80)
    billing_price = models.CharField(max_length=80)
    billing_product = models.CharField(max_length=120)
    unit_price = UnitPriceField()
    scale = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    payment_terms_days = models.PositiveSmallIntegerField()
    late_policy = models.CharField(max_length=20, choices=LatePolicy)
    late_limit = MoneyField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["reference"]
        constraints = [
            models.UniqueConstraint(fields=["contract_reference", "meter"], name="one_plan_per_contract_and_meter")
        ]

    def __str__(self) -> str:
        return self.reference


class UsageSource(models.Model):
    """Who reports usage: its event ids are its own."""

    code = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class UsageEvent(models.Model):
    """One event as reported: narrow, append-only, once per source and event id. Never sent anywhere by itself."""

    source = models.ForeignKey(UsageSource, on_delete=models.PROTECT, db_index=False)
    event_id = models.CharField(max_length=80)
    plan = models.ForeignKey(UsagePlanRecord, on_delete=models.PROTECT, db_index=False)
    quantity = QuantityField()
    occurred_at = models.DateTimeField()
    #: the hour it is billed in, UTC
    hour = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="usage_event_once")]
        indexes = [models.Index(fields=["plan", "hour"], name="usage_of_an_hour")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.quantity}"


class UsageSummaryRecord(models.Model):
    """The sum of an hour; same fields as connectors.canonical.UsageSummary, the newest version; 0: not summed yet."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField(default=0)
    correlation_id = models.CharField(max_length=80)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    plan_reference = ReferenceField()
    contract_reference = ReferenceField()
    customer_reference = ReferenceField()
    meter = models.CharField(max_length=40)
    event_name = models.CharField(max_length=100)
    hour = models.CharField(max_length=20)
    quantity = QuantityField()
    scale = models.PositiveSmallIntegerField()
    events = models.PositiveIntegerField(default=0)
    plan = models.ForeignKey(UsagePlanRecord, on_delete=models.PROTECT, related_name="hours", db_index=False)
    starts_at = models.DateTimeField()
    touched_at = models.DateTimeField(null=True, help_text="Since when there are events that are not summed yet.")

    class Meta:
        ordering = ["plan", "starts_at"]
        constraints = [models.UniqueConstraint(fields=["plan", "starts_at"], name="one_summary_per_plan_and_hour")]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(touched_at__isnull=False), name="usage_hours_touched")
        ]

    def __str__(self) -> str:
        return f"{self.reference}@{self.version}"


class UsagePeriod(models.Model):
    """An invoiced period of a plan: frozen at what its invoice has, late events are counted against it."""

    plan = models.ForeignKey(UsagePlanRecord, on_delete=models.PROTECT, related_name="periods")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="First moment that is not in it.")
    starts_on = models.DateField()
    ends_on = models.DateField()
    invoice_reference = ReferenceField()
    invoiced_on = models.DateField()
    quantity = QuantityField()
    amount = MoneyField()
    cut_at = models.DateTimeField()
    touched_at = models.DateTimeField(null=True, help_text="Since when something is to be counted against it.")

    class Meta:
        ordering = ["plan", "ends_on"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "ends_on"], name="a_usage_period_is_invoiced_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="usage_period_has_a_length"),
        ]
        indexes = [
            models.Index(fields=["ends_on"], condition=Q(touched_at__isnull=False), name="usage_periods_touched")
        ]

    def __str__(self) -> str:
        return f"{self.plan} to {self.ends_on}"


class UsageTrueUpRecord(models.Model):
    """Usage that came after its invoice; same fields as connectors.canonical.UsageTrueUp."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    plan_reference = ReferenceField()
    contract_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField()
    meter = models.CharField(max_length=40)
    billing_product = models.CharField(max_length=120)
    invoice_reference = ReferenceField()
    number = models.PositiveIntegerField()
    period_starts_on = models.DateField()
    period_ends_on = models.DateField()
    quantity = QuantityField()
    scale = models.PositiveSmallIntegerField()
    unit_price = UnitPriceField()
    amount = MoneyField()
    period = models.ForeignKey(UsagePeriod, on_delete=models.PROTECT, related_name="true_ups")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["period", "number"]
        constraints = [models.UniqueConstraint(fields=["period", "number"], name="true_ups_are_counted")]

    def __str__(self) -> str:
        return self.reference

"""Revenue: the engine of each entity, schedules, their movements, and the journals they were posted in."""

from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from sync.models.entity import LegalEntity, no_overlap
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.mapping import MappingRow, approved_by_another


class Engine(models.TextChoices):
    """Whose revenue schedules count."""

    ERP = "erp", "The ERP"
    EXTERNAL = "external", "An external engine"
    PORTAL = "portal", "The portal"


class Movement(models.TextChoices):
    """What a revenue event does to the books."""

    DEFERRAL = "deferral", "Deferred when invoiced"
    RECOGNITION = "recognition", "Earned"
    CREDIT = "credit", "Given back, no longer deferred"
    TERMINATION = "termination", "Earned at termination, no service left"
    ACCRUAL = "accrual", "Used, not invoiced yet"
    ACCRUAL_REVERSAL = "accrual_reversal", "Accrual taken back"


class Effect(models.TextChoices):
    """What a document or a change of the contract does to a schedule."""

    CREDIT = "credit", "Given back"
    END = "end", "Service ends"
    SHORTER = "shorter", "Service ends earlier"
    REST = "rest", "Service rests"
    RESUME = "resume", "Service goes on"
    AHEAD = "ahead", "Earned from the day both agreed"
    CATCH_UP = "catch_up", "What is given back catches up with what was earned"
    LOOK_AHEAD = "look_ahead", "What is given back looks ahead"
    WAITS = "waits", "Nothing is earned until its accounting is decided"


class RevenueEngine(MappingRow):
    """Which engine recognises an entity's revenue, and from when; without a row it is the ERP."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="revenue_engines")
    engine = models.CharField(max_length=10, choices=Engine)
    deferred_account = models.CharField(max_length=40, blank=True, help_text="Ids in the ERP; needed for the portal.")
    revenue_account = models.CharField(max_length=40, blank=True)
    unbilled_account = models.CharField(max_length=40, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "-valid_from"]
        constraints = [
            no_overlap("one_revenue_engine_per_entity", "entity", condition=Q(status="approved")),
            approved_by_another("revenue_engine"),
            models.CheckConstraint(
                condition=~Q(engine="portal")
                | (~Q(deferred_account="") & ~Q(revenue_account="") & ~Q(unbilled_account="")),
                name="portal_engine_names_its_accounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code}: {self.get_engine_display()}"


class RevenueScheduleRecord(models.Model):
    """How one obligation is earned; same fields as connectors.canonical.RevenueSchedule, the newest version.

    The dates are those of the document's line; the parts follow what became of it since (RevenueChange).
    """

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    arrangement_reference = ReferenceField(db_index=True)
    contract_reference = ReferenceField(db_index=True)
    customer_reference = ReferenceField()
    invoice_reference = ReferenceField(db_index=True)
    line_id = models.CharField(max_length=80)
    obligation = models.CharField(max_length=120)
    treatment = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField()
    billed = MoneyField()
    standalone_price = MoneyField()
    invoiced_amount = MoneyField(default=0)
    amount = MoneyField()
    engine = models.CharField(max_length=10, choices=Engine)
    parts = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_on", "reference"]
        constraints = [
            models.UniqueConstraint(fields=["invoice_reference", "line_id"], name="one_schedule_per_invoice_line"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="schedule_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return self.reference


class RevenueChange(models.Model):
    """Something that changed one schedule, once: a document that gives back, or a change of the contract as finance
    decided it. A schedule is what its line was billed at, less these, in the order of their days.
    """

    schedule = models.ForeignKey(RevenueScheduleRecord, on_delete=models.PROTECT, related_name="changes")
    cause = ReferenceField(help_text="The document, or the change of the contract, as contract@number.")
    line_id = models.CharField(max_length=80, blank=True)
    effect = models.CharField(max_length=10, choices=Effect)
    #: it counts in the books from here: the day of the document, or the one on which both agreed
    dated = models.DateField()
    #: from which day on service is another
    effective_on = models.DateField()
    #: last day of service afterwards, where it says one
    ends_on = models.DateField(null=True)
    #: net of the document's line, and what the amount of the schedule changes by; below zero is given back
    net = MoneyField(default=0)
    amount = MoneyField(default=0)
    #: what was earned before it is caught up with on the day it counts from
    catches_up = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["schedule", "dated", "cause", "line_id"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "cause", "line_id"], name="a_cause_changes_a_schedule_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_effect_display()}: {self.cause}"


class JournalBatchRecord(models.Model):
    """A summarised journal; same fields as connectors.canonical.JournalBatch. Written when sealed, never changed.

    The database refuses one for an entity whose revenue engine is not the portal on its posting date.
    """

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    movement = models.CharField(max_length=20, choices=Movement)
    posting_date = models.DateField()
    sequence = models.PositiveIntegerField()
    total = MoneyField()
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    members = models.PositiveIntegerField()
    lines = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-posting_date", "reference"]
        verbose_name_plural = "journal batches"
        constraints = [
            models.UniqueConstraint(
                fields=["legal_entity", "currency", "posting_date", "movement", "sequence"],
                name="journal_sequence_never_repeats",
            )
        ]

    def __str__(self) -> str:
        return self.reference


class RevenueEventRecord(models.Model):
    """One movement of a schedule; same fields as connectors.canonical.RevenueEvent."""

    reference = ReferenceField(unique=True)
    version = models.BigIntegerField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    currency = CurrencyField()
    source_system = models.CharField(max_length=40)
    source_event = models.CharField(max_length=40)
    schedule_reference = ReferenceField(db_index=True)
    arrangement_reference = ReferenceField()
    movement = models.CharField(max_length=20, choices=Movement)
    dated = models.DateField()
    amount = MoneyField()
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, default=0)
    batch = models.ForeignKey(
        JournalBatchRecord, on_delete=models.PROTECT, null=True, related_name="events", db_index=True
    )
    withdrawn_at = models.DateTimeField(null=True, help_text="Replaced before it was posted.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["dated", "reference"]
        constraints = [
            models.CheckConstraint(
                condition=Q(batch__isnull=True) | Q(withdrawn_at__isnull=True), name="sealed_event_is_never_withdrawn"
            )
        ]
        indexes = [
            models.Index(
                fields=["legal_entity", "dated"],
                condition=Q(batch__isnull=True, withdrawn_at__isnull=True),
                name="revenue_events_to_post",
            )
        ]

    def __str__(self) -> str:
        return f"{self.movement} {self.dated} {self.amount}"

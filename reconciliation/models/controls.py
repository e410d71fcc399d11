"""Controls: what both sides said on a day, whether it ties, and the breaks found."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sync.models import Connection, LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField


class Side(models.TextChoices):
    LEFT = "left", "Left"
    RIGHT = "right", "Right"


class ControlStage(models.Model):
    """One reading of one side's own list for one business date. A newer reading replaces it, and both are kept."""

    control = models.CharField(max_length=40)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    business_date = models.DateField()
    side = models.CharField(max_length=5, choices=Side)
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, null=True, help_text="Empty where our own records were read."
    )
    read_at = models.DateTimeField()
    query = models.TextField(blank=True)
    pages = models.PositiveIntegerField(default=0)
    line_count = models.PositiveIntegerField(default=0)
    read_count = models.PositiveIntegerField(
        default=0, help_text="Records read from the source; a record may be several lines, or another company's."
    )
    source_count = models.PositiveIntegerField(null=True, blank=True, help_text="What the source itself says it has.")
    sha256 = models.CharField(max_length=64)
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["-read_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["control", "entity", "business_date", "side"],
                condition=Q(is_current=True),
                name="one_current_reading",
            ),
            models.UniqueConstraint(fields=["id", "business_date"], name="reading_and_its_day"),
        ]

    def __str__(self) -> str:
        return f"{self.control} {self.side} {self.business_date}"


class ControlLine(models.Model):
    """One document as one side listed it. Written by COPY, never changed.

    A table per month of the business date (migration 0010), so that a question about some days meets those months only:
    ask by `business_date` too. Whoever writes has the month made first, by `reconciliation_reading_month`.
    """

    # found by (stage, reference); the key in the database is (stage, business_date), so that both say one day
    stage = models.ForeignKey(ControlStage, on_delete=models.CASCADE, related_name="lines", db_index=False)
    business_date = models.DateField(help_text="Of its reading: lines are kept month by month.")
    reference = ReferenceField()
    external_id = models.CharField(max_length=120)
    document_date = models.DateField()
    currency = CurrencyField()
    net = MoneyField()
    tax = MoneyField()
    gross = MoneyField()
    label = models.CharField(max_length=200)
    status = models.CharField(max_length=60)
    counterparty = models.CharField(max_length=200)
    #: our reference of the customer, where we know whom the system means
    customer = ReferenceField(blank=True, db_default="")
    other_account = models.CharField(
        max_length=60, blank=True, db_default="", help_text="Ledger account, where it is none of those set for this."
    )

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["stage", "reference"], name="line_by_reference")]

    def __str__(self) -> str:
        return self.reference


class ControlRun(models.Model):
    """One asking of one control for one business date; a re-run is a new version, never an overwrite."""

    class Status(models.TextChoices):
        NOT_RUN = "not_run", "Not run"
        TIED = "tied", "Tied"
        TIED_WITH_ITEMS = "tied_with_items", "Tied, with explained items"
        OPEN_EXCEPTIONS = "open_exceptions", "Breaks with open cases"
        UNEXPLAINED = "unexplained", "Unexplained difference"

    control = models.CharField(max_length=40)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    business_date = models.DateField()
    version = models.PositiveIntegerField(default=1)
    rule_version = models.PositiveIntegerField(default=1)
    looked_back_to = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.NOT_RUN)
    #: currency -> {left, right, explained, held, in_flight, unexplained, left_count, right_count}, money as text
    totals = models.JSONField(default=dict)
    trouble = models.CharField(max_length=400, blank=True, help_text="Why it could not run, in words.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-business_date", "control", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["control", "entity", "business_date", "version"], name="one_run_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.control} {self.business_date} v{self.version}"


class Break(models.Model):
    """A difference nobody has explained yet: carried forward until it heals."""

    control = models.CharField(max_length=40)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    kind = models.CharField(max_length=24)
    reference = ReferenceField()
    currency = CurrencyField()
    document_date = models.DateField()
    label = models.CharField(max_length=200)
    counterparty = models.CharField(max_length=200, blank=True)
    #: what each side shows: external_id, net, tax, gross, status; empty where it shows nothing
    left = models.JSONField(default=dict)
    right = models.JSONField(default=dict)
    #: left less right, gross, signed
    difference = MoneyField()
    #: what probably went wrong, and with which document or company: see reconciliation.matching_causes
    cause = models.CharField(max_length=16, blank=True)
    cause_with = models.CharField(max_length=120, blank=True)
    found_in = models.ForeignKey(ControlRun, on_delete=models.PROTECT, related_name="breaks_found")
    found_at = models.DateTimeField()
    told_in = models.ForeignKey(
        "reconciliation.ExceptionCase",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="breaks_told",
        help_text="The case, opened elsewhere, that tells people of it; else it has one of its own.",
    )
    healed_in = models.ForeignKey(
        ControlRun, on_delete=models.PROTECT, null=True, blank=True, related_name="breaks_healed"
    )
    healed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["control", "entity", "reference"], condition=Q(healed_at__isnull=True), name="one_open_break"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"


class ReconcilingItem(models.Model):
    """What an open break is, and until when: said by one person, accepted by another. While it is accepted and the
    difference is that very amount, the break is no exception; after its day, or over another amount, it is one again.
    """

    class Kind(models.TextChoices):
        TIMING = "timing", "Timing: it clears by itself"
        PERIOD = "period", "Posted in another period"
        ERROR = "error", "An error that is being corrected"
        ROUNDING = "rounding", "Rounding"
        ERP_ONLY = "erp_only", "Only in the ERP, and right there"
        RATE = "rate", "Another exchange rate"
        STRADDLE = "straddle", "From before we were connected"

    #: what clears, so that it must say by when; all else stays for good, in the register of both periods
    CLEARS = (Kind.TIMING, Kind.PERIOD, Kind.ERROR)

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Waits for a second person"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"
        ENDED = "ended", "Ended"

    break_row = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.PROPOSED)
    #: left less right, gross, signed, as it stood when it was proposed
    amount = MoneyField()
    currency = CurrencyField()
    expected_on = models.DateField(null=True, blank=True, help_text="Last day it may still be open.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_because = models.CharField(max_length=400)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_because = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["break_row"], condition=Q(status__in=("proposed", "accepted")), name="one_live_item_per_break"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="asker_never_accepts_an_item",
                violation_error_message="You proposed this; another person must decide.",
            ),
            models.CheckConstraint(
                condition=~Q(status="accepted") | Q(decided_by__isnull=False), name="item_accepted_by_another"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=("timing", "period", "error")) | Q(expected_on__isnull=False),
                name="what_clears_says_by_when",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"ITM-{self.pk}"

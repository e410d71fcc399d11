"""When may be posted: the ERP's periods as mirrored, and our own posting windows."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from simple_history.models import HistoricalRecords

from sync.models.connection import Connection
from sync.models.entity import LegalEntity


class AccountingPeriod(models.Model):
    """One period of one ledger module of an entity, mirrored from its ERP. Postings take it FOR SHARE,
    closing FOR UPDATE.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSING = "closing", "Closing"
        CLOSED = "closed", "Closed"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="periods")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    module = models.CharField(max_length=10, default="ar")
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=8, choices=State, help_text="The stricter of the ERP's word and our own.")
    erp_state = models.CharField(
        max_length=8, choices=State, default=State.OPEN, db_default=State.OPEN, help_text="The ERP's own last word."
    )
    own_state = models.CharField(
        max_length=8,
        choices=State,
        default=State.OPEN,
        db_default=State.OPEN,
        help_text="What was closed from here; it holds although the ERP may still say open.",
    )
    external_id = models.CharField(max_length=60)
    mirrored_at = models.DateTimeField()
    #: who began to close it here, and who closed it; nobody where the portal's own command did
    closing_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["entity", "module", "starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_by__isnull=True) | Q(closing_by__isnull=True) | ~Q(closed_by=F("closing_by")),
                name="period_closed_by_another",
                violation_error_message="You began to close it; another person closes it.",
            ),
            ExclusionConstraint(
                name="periods_do_not_overlap",
                expressions=[
                    ("entity", RangeOperators.EQUAL),
                    ("connection", RangeOperators.EQUAL),
                    ("module", RangeOperators.EQUAL),
                    (
                        Func(
                            F("starts_on"),
                            F("ends_on"),
                            Value("[]"),
                            function="DATERANGE",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} {self.module} {self.starts_on:%Y-%m} {self.state}"


class PostingWindow(models.Model):
    """How documents of one kind reach an entity's ledger: at once, in a daily window, or held."""

    class Mode(models.TextChoices):
        REALTIME = "realtime", "At once"
        BATCH = "batch", "In a daily window"
        HOLD = "hold", "Held until released"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="windows")
    kind = models.CharField(max_length=20)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.REALTIME)
    opens_at = models.TimeField(null=True, blank=True, help_text="In the entity's own zone.")
    closes_at = models.TimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "kind"], name="one_window_per_kind"),
            models.CheckConstraint(
                condition=~Q(mode="batch")
                | (Q(opens_at__isnull=False, closes_at__isnull=False) & ~Q(opens_at=F("closes_at"))),
                name="daily_window_has_its_hours",
                violation_error_message="A daily window needs the time it opens and another one at which it closes.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} {self.kind}: {self.mode}"

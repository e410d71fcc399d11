"""Changes of approved rows: drafted together by one person, decided whole by another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class RowChange(models.Model):
    """Rows of one table, drafted by one person and waiting for another; never changed in between."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for a second person"
        APPROVED = "approved", "In force"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn by the drafter"

    table = models.CharField(max_length=30)
    source = models.CharField(max_length=120, help_text="The file it came from, or the form.")
    count = models.PositiveIntegerField()
    #: the rows as people see them, and the ids of rows in force that end with them; the hash covers both
    rows = models.JSONField()
    ends = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    #: what it would have touched when it was drafted
    impact = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_because = models.CharField(max_length=400, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_because = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(status="withdrawn") | ~Q(decided_by=F("asked_by")),
                name="drafter_never_decides",
                violation_error_message="You drafted this; another approver must decide.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "refused"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="row_change_decision_has_a_name",
            ),
            models.UniqueConstraint(
                fields=["table", "sha256"], condition=Q(status="pending"), name="one_pending_change_of_the_same_rows"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"CHG-{self.pk}"

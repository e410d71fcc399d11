"""What the CRM should show on each of its records; latest wins."""

from django.db import models
from django.db.models import F, Q

from sync.models.connection import Connection
from sync.models.fields import ReferenceField


class CrmStatusRecord(models.Model):
    """The wanted state of one CRM record; same fields as connectors.canonical.CrmStatus, plus what was sent."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    reference = ReferenceField(unique=True)
    version = models.BigIntegerField(default=0, help_text="Rises with each change of the fields.")
    sent_version = models.BigIntegerField(default=0, help_text="The newest version owed to the CRM.")
    correlation_id = models.CharField(max_length=80)
    crm_object = models.CharField(max_length=40)
    crm_record_id = models.CharField(max_length=18)
    fields = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-changed_at"]
        indexes = [
            models.Index(fields=["changed_at"], condition=Q(version__gt=F("sent_version")), name="feedback_unsent")
        ]

    def __str__(self) -> str:
        return self.reference

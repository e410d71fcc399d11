"""The audit journal: who did what to which object, written in the business transaction, never changed after."""

from django.conf import settings
from django.db import models


class JournalEntry(models.Model):
    """One fact of the trail. Triggers refuse UPDATE, DELETE and TRUNCATE."""

    at = models.DateTimeField()
    #: a person, or none when an approved rule or the engine acted by itself
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    actor = models.CharField(max_length=80, help_text="The person's name, or the part of the portal that acted.")
    action = models.CharField(max_length=40)
    #: kind and key of what it was done to
    object_kind = models.CharField(max_length=30)
    object_key = models.CharField(max_length=200)
    correlation_id = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=400, help_text="The fact in one sentence.")
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "journal entries"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["correlation_id"], name="journal_correlation"),
            models.Index(fields=["object_kind", "object_key"], name="journal_object"),
        ]

    def __str__(self) -> str:
        return self.text

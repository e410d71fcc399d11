"""The audit journal: who did what to which object, never changed after; and the chain of seals that would show it."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
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
            models.Index(fields=["action"], name="journal_action"),
            # rows come in by time: a few pages of this find a day among millions
            BrinIndex(fields=["at"], name="journal_time"),
        ]

    def __str__(self) -> str:
        return self.text


#: what the first seal names as the one before it
NOTHING = "0" * 64


class JournalWaiting(models.Model):
    """An entry that is not sealed yet.

    A trigger writes the row with its entry, in the same statement; a second one lets it go only once the entry has
    its seal. So what waits is found without a look at all that is sealed, and cannot be made to be forgotten.
    """

    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, primary_key=True, related_name="waiting")

    class Meta:
        ordering = ["entry_id"]
        verbose_name_plural = "journal entries waiting for their seal"
        default_permissions = ()

    def __str__(self) -> str:
        return f"entry {self.entry_id}"


class JournalSeal(models.Model):
    """One entry's place in the chain: a number, and a hash over the entry and the hash before.

    Triggers refuse UPDATE, DELETE and TRUNCATE, and a seal that does not link to the one before it.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, related_name="seal")
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number=1, previous_sha256=NOTHING) | models.Q(number__gt=1),
                name="first_seal_follows_nothing",
            ),
        ]

    def __str__(self) -> str:
        return f"seal {self.number}"


class JournalCheck(models.Model):
    """One look at the whole chain and what it found, in words. Triggers refuse UPDATE, DELETE and TRUNCATE."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    by = models.CharField(max_length=80, help_text="Who asked: a person, or the timetable.")
    entries = models.PositiveBigIntegerField(help_text="Sealed entries that were recomputed.")
    waiting = models.PositiveBigIntegerField(help_text="Entries without a seal at that moment.")
    anchors = models.PositiveBigIntegerField(help_text="Anchors the chain was held against.")
    last_number = models.PositiveBigIntegerField()
    last_sha256 = models.CharField(max_length=64)
    is_good = models.BooleanField()
    #: number in the chain of the first thing that is wrong, where it has one
    wrong_at = models.PositiveBigIntegerField(null=True, blank=True)
    words = models.CharField(max_length=400)

    class Meta:
        ordering = ["-finished_at", "-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.words

"""The inbox: every source event once, with the bytes it came in."""

import uuid

from django.db import models
from django.db.models import Q

from sync.models.connection import Connection
from sync.states import Condition


class SourceEvent(models.Model):
    """One thing that happened upstream. Narrow, because it carries the promise that nothing is taken in twice."""

    tracking_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="events")
    source_event_id = models.CharField(max_length=255)
    body_sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=120)
    revision = models.BigIntegerField(default=0)
    received_at = models.DateTimeField()
    #: how it first reached us: callback; poll, or load for what a source had before it was first asked; asked, when we
    #: asked for a missing change
    via = models.CharField(max_length=12)
    called_at = models.DateTimeField(
        null=True, blank=True, help_text="When the source called about it; empty when only our own asking brought it."
    )
    #: content of the first call about it; what we asked for ourselves looks different on the wire
    called_sha256 = models.CharField(max_length=64, blank=True, default="")
    condition = models.CharField(max_length=12, choices=Condition, default=Condition.DUE)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(
        default=0, help_text="Times it was taken up without coming to an end; counted before it is read."
    )
    read_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True, help_text="What reading it led to, in words.")

    class Meta:
        ordering = ["-received_at", "-pk"]
        permissions = [("replay_sourceevent", "Can have source events read again")]
        constraints = [
            models.UniqueConstraint(fields=["connection", "source_event_id"], name="event_taken_in_once"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=~Q(condition="settled"), name="event_due"),
            models.Index(
                fields=["crashes", "due_at", "id"], condition=Q(condition="due", crashes__gt=0), name="event_suspect"
            ),
            models.Index(fields=["object_id"], name="event_object"),
            models.Index(fields=["received_at"], name="event_received"),
            models.Index(
                fields=["connection", "received_at"], condition=Q(called_at__isnull=True), name="event_never_called"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class SourceEventBody(models.Model):
    """The raw bytes of an event and its redacted headers; bulky and append-only, so apart."""

    event = models.OneToOneField(SourceEvent, on_delete=models.CASCADE, related_name="body", primary_key=True)
    raw = models.BinaryField()
    headers = models.JSONField(default=dict)

    class Meta:
        ordering = ["event_id"]

    def __str__(self) -> str:
        return f"body of event {self.event_id}"


class ConflictingDuplicate(models.Model):
    """A second call under a known event id with other content: kept as evidence, never followed."""

    event = models.ForeignKey(SourceEvent, on_delete=models.CASCADE, related_name="conflicts")
    body_sha256 = models.CharField(max_length=64)
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    seen = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["event", "body_sha256"], name="conflict_kept_once")]

    def __str__(self) -> str:
        return f"conflict on event {self.event_id}"


class RefusedCall(models.Model):
    """A call that proved authentic and could not be taken in: evidence, so that nothing is lost without a trace."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="refused")
    at = models.DateTimeField()
    problem = models.CharField(max_length=400, help_text="What was wrong, as told to the caller.")
    raw = models.BinaryField(help_text="The first 64 kB of the body.")
    headers = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.problem


class StrayCalls(models.Model):
    """Calls of a day at one kind of door that named no connection of ours: nobody proved anything, so only counted."""

    door = models.CharField(max_length=40)
    day = models.DateField(help_text="In UTC.")
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-day", "door"]
        verbose_name_plural = "stray calls"
        constraints = [models.UniqueConstraint(fields=["door", "day"], name="stray_calls_counted_once_a_day")]

    def __str__(self) -> str:
        return f"{self.door} {self.day}: {self.count}"


class PollCursor(models.Model):
    """How far we have asked a source for changes."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    stream = models.CharField(max_length=60)
    cursor = models.CharField(max_length=255, blank=True)
    polled_at = models.DateTimeField(null=True, blank=True)
    found = models.PositiveIntegerField(default=0, help_text="Events the last poll brought that no call had brought.")
    compared_at = models.DateTimeField(
        null=True, blank=True, help_text="When the source's own list was last compared with the inbox."
    )
    missing = models.PositiveIntegerField(
        default=0, help_text="Events that comparison found and that neither a call nor a poll had brought."
    )
    lost_at = models.DateTimeField(
        null=True, blank=True, help_text="When the source no longer kept our place and was read anew from its oldest."
    )
    poll_failed_at = models.DateTimeField(
        null=True, blank=True, help_text="When we last failed at what was answered; empty once it could be read again."
    )
    compare_failed_at = models.DateTimeField(
        null=True, blank=True, help_text="The same of the list that is compared with the inbox."
    )

    class Meta:
        ordering = ["connection", "stream"]
        constraints = [models.UniqueConstraint(fields=["connection", "stream"], name="one_cursor_per_stream")]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.stream}"

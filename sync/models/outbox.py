"""The outbox: what is owed to whom, every attempt to hand it over, and what each target calls it."""

from django.db import models
from django.db.models import Q

from sync.models.connection import Connection, Role
from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.work import WorkItem
from sync.states import Condition, Lifecycle


class Delivery(models.Model):
    """One canonical object, in one version, owed to one target.

    A failure does not change `state`: the delivery keeps the last state it truly reached and is blocked, held or
    in doubt there. A re-post is the same delivery in a new round.
    """

    target = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="deliveries")
    role = models.CharField(max_length=10, choices=Role)
    #: deliver or posting: which workers claim it
    queue = models.CharField(max_length=12)
    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries")
    kind = models.CharField(max_length=20)
    reference = ReferenceField()
    version = models.BigIntegerField()
    operation = models.CharField(max_length=20, default="put")
    delivery_key = models.CharField(max_length=200)
    #: rises only after `find` has shown that nothing is there
    generation = models.PositiveIntegerField(default=1)
    #: rises with each approved re-post
    round = models.PositiveSmallIntegerField(default=1)
    #: one at a time per target and serial key: the reference, or the document whose open balance it changes
    serial_key = ReferenceField()
    correlation_id = models.CharField(max_length=80, db_index=True)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    is_live = models.BooleanField(default=True, help_text="False on a shadow route.")
    is_required = models.BooleanField(default=True, help_text="Feedback to the CRM is never required.")
    is_state_like = models.BooleanField(default=False)

    subject = models.TextField(help_text="The shape, frozen: byte for byte what is sent.")
    subject_sha256 = models.CharField(max_length=64)
    document_date = models.DateField(null=True, blank=True)
    posting_date = models.DateField(null=True, blank=True)
    amount = MoneyField(null=True, blank=True)
    currency = CurrencyField(blank=True)
    title = models.CharField(max_length=200, blank=True)
    customer_name = models.CharField(max_length=200, blank=True)

    state = models.CharField(max_length=12, choices=Lifecycle, default=Lifecycle.TRANSFORMED)
    condition = models.CharField(max_length=12, choices=Condition, default=Condition.DUE)
    waits_for = ReferenceField(blank=True)
    blocked_reason = models.CharField(max_length=40, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    held_because = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Why it is held, in a word."
    )
    due_at = models.DateTimeField()
    #: how this round began: attempts of an approved round look the object up before they send
    find_first = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    #: tries of this round that came to nothing although the connection worked
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: calls begun that came to no end of their own: our failures, dead workers, and the one under way
    crashes = models.PositiveSmallIntegerField(default=0, db_default=0)
    missed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a sending was last counted that the target did not take up."
    )
    #: look-ups in a row that settled nothing although the connection worked
    look_ups = models.PositiveSmallIntegerField(default=0, db_default=0)
    failed_at = models.DateTimeField(null=True, blank=True, help_text="When the target was last not available to it.")
    key_sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When the present request key was first sent; vendors forget keys."
    )
    in_doubt_since = models.DateTimeField(null=True, blank=True)
    awaits_posting_since = models.DateTimeField(
        null=True, blank=True, help_text="The target has it and has not posted it yet: looked up, but not in doubt."
    )
    external_id = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["target", "delivery_key"], name="delivery_owed_once"),
            models.UniqueConstraint(
                fields=["role", "delivery_key"],
                condition=Q(is_live=True) & ~Q(condition__in=["withdrawn", "superseded"]),
                name="one_live_target_per_role",
            ),
            models.UniqueConstraint(
                fields=["target", "serial_key"],
                condition=Q(condition="claimed"),
                name="one_under_way_per_serial_key",
            ),
            models.CheckConstraint(
                condition=~Q(condition="blocked") | ~Q(blocked_reason=""), name="blocked_delivery_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(condition="held") | Q(held_until__isnull=False), name="held_delivery_has_a_release_time"
            ),
            models.CheckConstraint(
                condition=~Q(condition="waiting") | ~Q(waits_for=""), name="waiting_delivery_names_what_for"
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=Q(condition__in=["due", "claimed", "in_doubt", "held"]),
                name="delivery_due",
            ),
            models.Index(
                fields=["target", "serial_key", "id"],
                condition=Q(condition__in=["due", "waiting", "held", "claimed", "in_doubt", "blocked"]),
                name="delivery_unfinished",
            ),
            models.Index(fields=["reference"], name="delivery_reference"),
            models.Index(
                fields=["target", "crashes", "due_at", "id"],
                condition=Q(crashes__gt=0, condition__in=["due", "in_doubt"]),
                name="delivery_suspect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_key} -> {self.target_id}"


class DeliveryNeed(models.Model):
    """Something the target must hold before a delivery can go: the object, not a given version of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="needs")
    reference = ReferenceField(db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["delivery", "reference"], name="need_stated_once")]

    def __str__(self) -> str:
        return self.reference


class Attempt(models.Model):
    """One call for a delivery, written before it is made. Append-only but for its outcome."""

    class Outcome(models.TextChoices):
        SENT = "sent", "Sent, no outcome yet"
        RECEIPT = "receipt", "Receipt"
        ADOPTED = "adopted", "Found at the target and adopted"
        NOT_FOUND = "not_found", "Looked up, not there"
        UNAVAILABLE = "unavailable", "Not reachable, nothing written"
        UNKNOWN = "unknown", "No answer"
        REJECTED = "rejected", "Refused"
        MISCONFIGURED = "misconfigured", "Sign-in or set-up is wrong"
        CRASHED = "crashed", "Our own failure"
        LATE = "late", "Came after its lease; acted on nothing"
        NOT_SENT = "not_sent", "Not sent: called off before the call"

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempt_rows")
    #: deliver or find
    verb = models.CharField(max_length=8, default="deliver")
    round = models.PositiveSmallIntegerField()
    generation = models.PositiveIntegerField()
    fence = models.PositiveIntegerField()
    request_key = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=14, choices=Outcome, default=Outcome.SENT)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField(blank=True, help_text="The vendor's own words.")

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.verb} {self.outcome}"


class ExternalIdentity(models.Model):
    """What a system calls an object of ours; unique both ways."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=20)
    reference = ReferenceField()
    external_id = models.CharField(max_length=120)
    version = models.BigIntegerField(default=0, help_text="The newest version the system is known to hold.")
    since = models.DateTimeField()

    class Meta:
        ordering = ["reference"]
        verbose_name_plural = "external identities"
        constraints = [
            models.UniqueConstraint(fields=["connection", "reference"], name="one_external_id_per_object"),
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="one_object_per_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} = {self.external_id}"

"""Work items: one flow for one object in one version, from received to transformed; and what blocks things."""

from django.db import models
from django.db.models import Q

from sync.models.connection import Connection
from sync.models.entity import LegalEntity
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.inbox import SourceEvent
from sync.states import Condition, Lifecycle


class WorkItem(models.Model):
    """One flow for one object in one version.

    A problem does not change `state`: the item keeps the last state it truly reached and is blocked there,
    with one Block per reason, until a fix makes it due again.
    """

    flow = models.CharField(max_length=40)
    reference = ReferenceField()
    version = models.BigIntegerField(
        help_text="Modification number of an event-like object, revision of a state-like one."
    )
    record_revision = models.BigIntegerField(
        default=0, help_text="Transport revision last read; an older one has no effect."
    )
    correlation_id = models.CharField(max_length=80, db_index=True)
    event = models.ForeignKey(SourceEvent, on_delete=models.PROTECT, related_name="work_items")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    state = models.CharField(max_length=12, choices=Lifecycle, default=Lifecycle.RECEIVED)
    condition = models.CharField(max_length=12, choices=Condition, default=Condition.DUE)
    waits_for = ReferenceField(blank=True)
    #: since when a modification before this one is missing that we have never heard of
    gap_since = models.DateTimeField(null=True, blank=True)
    subject = models.JSONField(help_text="The shape as read from the source.")
    #: for people: what it is called and whose it is
    title = models.CharField(max_length=200, blank=True)
    customer_reference = ReferenceField(blank=True)
    customer_name = models.CharField(max_length=200, blank=True)
    effective_on = models.DateField(null=True, blank=True)
    amount = MoneyField(null=True, blank=True)
    currency = CurrencyField(blank=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(
        default=0, help_text="Times it was taken up without coming to an end; counted before it is worked."
    )
    created_at = models.DateTimeField()
    validated_at = models.DateTimeField(null=True, blank=True)
    transformed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "reference", "version"], name="one_work_item_per_version"),
            models.CheckConstraint(
                condition=~Q(condition="waiting") | ~Q(waits_for=""), name="waiting_item_names_what_for"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(condition__in=["due", "claimed"]), name="work_item_due"),
            models.Index(
                fields=["crashes", "due_at", "id"],
                condition=Q(condition="due", crashes__gt=0),
                name="work_item_suspect",
            ),
            models.Index(fields=["waits_for"], condition=Q(condition="waiting"), name="work_item_waits_for"),
            models.Index(fields=["reference"], name="work_item_reference"),
            models.Index(fields=["due_at"], condition=Q(gap_since__isnull=False), name="work_item_behind_a_gap"),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.reference}@{self.version}"


class Block(models.Model):
    """Why something cannot go on: one row per reason, kept when it is cleared."""

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, null=True, blank=True, related_name="blocks")
    delivery = models.ForeignKey(
        "sync.Delivery", on_delete=models.PROTECT, null=True, blank=True, related_name="blocks"
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="blocks")
    event = models.ForeignKey(SourceEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="blocks")
    reason = models.CharField(max_length=40)
    field = models.CharField(max_length=120, blank=True)
    value = models.CharField(max_length=300, blank=True)
    evidence = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(work_item__isnull=False, delivery__isnull=True, connection__isnull=True, event__isnull=True)
                    | Q(work_item__isnull=True, delivery__isnull=False, connection__isnull=True, event__isnull=True)
                    | Q(work_item__isnull=True, delivery__isnull=True, connection__isnull=False, event__isnull=True)
                    | Q(work_item__isnull=True, delivery__isnull=True, connection__isnull=True, event__isnull=False)
                ),
                name="block_stands_on_one_thing",
            ),
            *(
                models.UniqueConstraint(
                    fields=[target, "reason"], condition=Q(cleared_at__isnull=True), name=f"one_open_block_per_{target}"
                )
                for target in ("work_item", "delivery", "connection", "event")
            ),
        ]
        indexes = [models.Index(fields=["reason", "value"], condition=Q(cleared_at__isnull=True), name="open_blocks")]

    def __str__(self) -> str:
        return f"{self.reason} {self.field}={self.value}"

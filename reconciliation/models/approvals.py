"""Approvals: a second person's yes to exactly what would be changed."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from reconciliation.models.cases import ExceptionCase
from reconciliation.models.problems import Problem
from sync.models import LegalEntity
from sync.models.entity import no_overlap
from sync.models.fields import CurrencyField, MoneyField
from sync.models.mapping import MappingRow, approved_by_another


class ApprovalPolicy(models.Model):
    """What needs two people and from which sum; a new version for every change, kept with each request."""

    version = models.PositiveIntegerField(unique=True)
    #: reporting currency of the limits
    currency = models.CharField(max_length=3, default="USD")
    limit = models.DecimalField(max_digits=20, decimal_places=4, default=10_000)
    second_tier = models.DecimalField(max_digits=20, decimal_places=4, default=100_000)
    third_tier = models.DecimalField(max_digits=20, decimal_places=4, default=500_000)
    valid_for_hours = models.PositiveIntegerField(default=72)
    in_force_from = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        verbose_name_plural = "approval policies"

    def __str__(self) -> str:
        return f"Policy {self.version}"


class ApprovalLimits(MappingRow):
    """From which sums on a company asks for more than one yes, in its own money; without them the policy's hold."""

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="approval_limits")
    limit = MoneyField(help_text="From here on requests are looked at together, and an approver is told.")
    second_tier = MoneyField(help_text="From here on two approvers are needed beside the asker.")
    third_tier = MoneyField(help_text="From here on three approvers are needed beside the asker.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "-valid_from"]
        verbose_name_plural = "approval limits"
        constraints = [
            no_overlap("approval_limits_do_not_overlap", "entity", condition=Q(status="approved")),
            approved_by_another("approval_limits"),
            models.CheckConstraint(
                condition=Q(limit__gt=0, second_tier__gte=F("limit"), third_tier__gte=F("second_tier")),
                name="approval_tiers_rise",
                violation_error_message="The limit must be above 0, and each tier at least the one below it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} from {self.valid_from}"

    @property
    def currency(self) -> str:
        return str(self.entity.functional_currency)


class ApprovalRequest(models.Model):
    """Somebody asks to do something exactly as previewed. Asker and decider differ, superusers too."""

    class Kind(models.TextChoices):
        MONEY = "money", "Moves money"
        CONFIGURATION = "configuration", "Changes a mapping or rule"

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for a second person"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn by the asker"
        EXPIRED = "expired", "Expired"
        OUTDATED = "outdated", "Something changed since it was prepared"

    kind = models.CharField(max_length=14, choices=Kind)
    fix = models.CharField(max_length=40)
    title = models.CharField(max_length=200, help_text="The action in words.")
    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, null=True, blank=True, related_name="requests")
    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, null=True, blank=True, related_name="requests")
    inputs = models.JSONField(default=dict)
    #: what would be changed, exactly; the hash covers this and nothing else
    change = models.JSONField()
    change_sha256 = models.CharField(max_length=64)
    #: shown for information: what it releases, as a frozen list
    preview = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=0)
    #: currency -> sum of absolute amounts, as text
    totals = models.JSONField(default=dict)
    approved_totals = models.JSONField(
        null=True, blank=True, help_text="The same of what was approved, where an approver left some out."
    )
    rule = models.CharField(max_length=200, help_text="The policy rule that asks for a second person.")
    policy = models.ForeignKey(ApprovalPolicy, on_delete=models.PROTECT)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approvers_needed = models.PositiveSmallIntegerField(default=1, help_text="Yeses it takes, beside the asker's wish.")
    needs_proof = models.BooleanField(default=False, help_text="Each yes needs its approver's second factor.")
    counts_as = MoneyField(default=0, help_text="What decided that: its sum, or the asker's sums together.")
    counts_currency = CurrencyField(blank=True)
    counts_because = models.CharField(max_length=200, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="asked")
    asked_at = models.DateTimeField()
    asked_because = models.CharField(max_length=400, blank=True)
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_because = models.CharField(max_length=400, blank=True)
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The approver another one handed it to; everybody else who may still can.",
    )
    handed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    handed_because = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        permissions = [
            ("approve_money", "Approve fixes that move money"),
            ("approve_configuration", "Approve mappings and rules"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(status="withdrawn") | ~Q(decided_by=F("asked_by")),
                name="asker_never_decides",
                violation_error_message="You asked for this; another approver must decide.",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "refused"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decision_has_a_name",
            ),
            models.CheckConstraint(condition=Q(approvers_needed__range=(1, 3)), name="one_to_three_approvers"),
            models.CheckConstraint(
                condition=Q(handed_to__isnull=True) | ~Q(handed_to=F("asked_by")),
                name="never_handed_to_the_asker",
                violation_error_message="They asked for this; hand it to another approver.",
            ),
            models.CheckConstraint(
                condition=Q(handed_to__isnull=True, handed_by__isnull=True, handed_because="")
                | (Q(handed_to__isnull=False, handed_by__isnull=False) & ~Q(handed_because="")),
                name="handed_by_somebody_for_a_reason",
            ),
            models.UniqueConstraint(
                fields=["change_sha256"], condition=Q(status="pending"), name="one_pending_request_per_change"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"APR-{self.pk}"

    @property
    def left_out(self) -> frozenset[int]:
        """Keys of the cases that one of the approvers did not say yes to: nothing is done with them."""
        return frozenset(pk for yes in self.yeses.all() for pk in yes.left_out)

    @property
    def members(self) -> dict[int, dict[str, str]]:
        """The cases of the frozen list that was shown, by their key."""
        rows = self.preview.get("members", [])
        return {int(row["case"].removeprefix("EXC-")): row for row in rows if row["case"]}

    @property
    def has_parts(self) -> bool:
        """Whether an approver can leave some of it out: it was asked for a whole problem, and lists its cases."""
        return self.case_id is None and len(self.members) > 1


class ApprovalYes(models.Model):
    """One approver's yes. The database takes one from each, none from the asker, and none once it is decided; a request
    that has fewer than it needs cannot be called approved there.
    """

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="yeses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField()
    proved_at = models.DateTimeField(null=True, blank=True, help_text="When the second factor was given.")
    because = models.CharField(max_length=400, blank=True)
    left_out = ArrayField(
        models.BigIntegerField(), default=list, blank=True, help_text="Keys of the cases this yes does not cover."
    )

    class Meta:
        ordering = ["said_at", "pk"]
        verbose_name_plural = "approval yeses"
        constraints = [
            models.UniqueConstraint(fields=["request", "user"], name="one_yes_per_approver"),
            models.CheckConstraint(
                condition=Q(left_out=[]) | ~Q(because=""),
                name="left_out_for_a_reason",
                violation_error_message="Say why you leave some out; the asker reads it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.user}"


class ApprovalQuestion(models.Model):
    """What an approver wants to know before deciding, and what the asker says. Neither is ever changed."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="questions")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    text = models.CharField(max_length=400)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(answered_at__isnull=True), name="one_open_question_per_request"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="a_question_has_words"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
                name="an_answer_has_a_name",
            ),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("asked_by")),
                name="nobody_answers_themselves",
            ),
        ]

    def __str__(self) -> str:
        return self.text

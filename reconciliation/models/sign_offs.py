"""Sign-off: what a control came to over some days, prepared by one person and reviewed by another."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from sync.models import LegalEntity
from sync.models.entity import no_overlap
from sync.models.fields import MoneyField
from sync.models.mapping import MappingRow, approved_by_another


class SignOffPolicy(MappingRow):
    """What one company signs, from a day on. Without one nothing certifies itself, and no error may be signed with."""

    class TiedDays(models.TextChoices):
        PEOPLE = "people", "Signed by people"
        RULE = "rule", "Certify themselves by this rule"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="sign_off_policies")
    tied_days = models.CharField(
        max_length=6,
        choices=TiedDays,
        default=TiedDays.PEOPLE,
        help_text="Days on which both sides agree and nothing is open.",
    )
    error_limit = MoneyField(
        default=Decimal(0), help_text="Most one unresolved error may come to, in the company's own currency."
    )
    error_age_days = models.PositiveIntegerField(
        default=0, help_text="Days an unresolved error may be old when it is signed with."
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "-valid_from"]
        verbose_name_plural = "sign-off policies"
        constraints = [
            no_overlap("sign_off_policies_do_not_overlap", "entity", condition=Q(status="approved")),
            approved_by_another("sign_off_policy"),
        ]

    def __str__(self) -> str:
        return f"{self.entity.code} from {self.valid_from}"


class SignOff(models.Model):
    """One signature under one control for the days of a span: one day, or a month. Never changed back, never deleted:
    what is signed again is a new version.
    """

    class Status(models.TextChoices):
        PREPARED = "prepared", "Prepared, waits for review"
        SIGNED = "signed", "Signed"
        RETURNED = "returned", "Sent back by the reviewer"
        SUSPENDED = "suspended", "Suspended: something changed"

    control = models.CharField(max_length=40)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="sign_offs")
    starts_on = models.DateField()
    ends_on = models.DateField()
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status, default=Status.PREPARED)
    #: what was signed, as it stood: see reconciliation.sign_offs.certificates
    certificate = models.JSONField()
    certificate_sha256 = models.CharField(max_length=64)
    #: the approved rule by which a day certified itself, without a person
    rule = models.ForeignKey(SignOffPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="sign_offs")
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    prepared_at = models.DateTimeField()
    prepared_note = models.CharField(max_length=400, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_note = models.CharField(max_length=400, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_because = models.CharField(max_length=600, blank=True, help_text="What changed, in words.")
    #: when it was last held against what both sides say
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_on", "control", "-version"]
        default_permissions = ("view",)
        permissions = [
            ("prepare_signoff", "Prepare sign-offs of controls"),
            ("review_signoff", "Review and sign what another person prepared"),
            ("begin_close", "Begin to close a month"),
            ("finish_close", "Close a month another person began to close, or open it again"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("prepared_by")),
                name="preparer_never_reviews",
                violation_error_message="You prepared this; another person must review it.",
            ),
            models.CheckConstraint(
                condition=Q(rule__isnull=False, prepared_by__isnull=True, reviewed_by__isnull=True)
                | Q(rule__isnull=True, prepared_by__isnull=False),
                name="signed_by_people_or_by_a_rule",
            ),
            models.CheckConstraint(
                condition=~Q(status="signed") | Q(rule__isnull=False) | Q(reviewed_by__isnull=False),
                name="signed_after_review",
            ),
            models.CheckConstraint(
                condition=Q(rule__isnull=True) | Q(starts_on=F("ends_on")), name="only_a_day_certifies_itself"
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="sign_off_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(status="suspended") | (Q(suspended_at__isnull=False) & ~Q(suspended_because="")),
                name="suspended_sign_off_says_why",
            ),
            models.UniqueConstraint(
                fields=["control", "entity", "starts_on", "ends_on", "version"], name="one_sign_off_per_version"
            ),
            models.UniqueConstraint(
                fields=["control", "entity", "starts_on", "ends_on"],
                condition=Q(status__in=["prepared", "signed"]),
                name="one_live_sign_off",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control} {self.entity_id} {self.starts_on} v{self.version}"

    @property
    def is_live(self) -> bool:
        return self.status in (self.Status.PREPARED, self.Status.SIGNED)

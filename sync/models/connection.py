"""The systems we are connected to, and how each connection is doing."""

from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from connectors.interface import Setup
from sync.models.fields import seal, unseal


class Role(models.TextChoices):
    CRM = "crm", "CRM"
    BILLING = "billing", "Billing"
    ERP = "erp", "ERP"
    GATEWAY = "gateway", "Payment gateway"
    BANK = "bank", "Bank"


class Connection(models.Model):
    """One account at one system: its address, its sealed secrets, its limits. People edit it; the engine does not."""

    code = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    system = models.CharField(max_length=40, help_text="Name of the connector, e.g. netsuite.")
    role = models.CharField(max_length=10, choices=Role)
    base_url = models.URLField(max_length=300)
    is_sandbox = models.BooleanField(default=False)
    settings = models.JSONField(default=dict, blank=True)
    sealed_secrets = models.TextField(blank=True, editable=False)
    callers: "models.ManyToManyField[models.Model, models.Model]" = models.ManyToManyField(
        django_settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
        blank=True,
        related_name="connections",
        help_text="OAuth clients that may send events of this account; others are refused.",
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Zone in which this account dates documents.")
    concurrency = models.PositiveSmallIntegerField(
        default=8, help_text="Calls under way at once, all workers together."
    )
    rate_per_second = models.PositiveIntegerField(default=100)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords(excluded_fields=["sealed_secrets"], m2m_fields=[callers])

    class Meta:
        ordering = ["role", "code"]

    def __str__(self) -> str:
        return self.label

    def put_secrets(self, **secrets: str) -> None:
        """Seal these secrets in place of the old ones; they are never shown again."""
        self.sealed_secrets = seal(secrets)

    def setup(self, *, read_only: bool = False) -> Setup:
        """What the connector is built from."""
        return Setup(
            code=self.code,
            base_url=self.base_url,
            secrets=unseal(self.sealed_secrets),
            settings=self.settings,
            zone=ZoneInfo(self.time_zone),
            sandbox=self.is_sandbox,
            read_only=read_only,
        )


class ConnectionHealth(models.Model):
    """What the engine notes about a connection: pauses, breaker, bucket. Written often, so apart and without
    history.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="health", primary_key=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=40, blank=True)
    paused_text = models.TextField(blank=True)
    breaker_open_until = models.DateTimeField(null=True, blank=True)
    probe_until = models.DateTimeField(
        null=True, blank=True, help_text="After the breaker's rest one call tries; nobody else before this."
    )
    rests_until = models.DateTimeField(null=True, blank=True, help_text="The system asked to be left alone until then.")
    failing_since = models.DateTimeField(null=True, blank=True, help_text="No call has worked since.")
    unreachable_since = models.DateTimeField(null=True, blank=True, help_text="When people were told of it.")
    recent_failures = models.PositiveIntegerField(default=0)
    first_failure_at = models.DateTimeField(null=True, blank=True)
    tokens = models.FloatField(default=0)
    refilled_at = models.DateTimeField(null=True, blank=True)
    #: calls and wasted retries of the present and of the last half window
    window_started_at = models.DateTimeField(null=True, blank=True)
    window_calls = models.PositiveIntegerField(default=0, db_default=0)
    window_retries = models.PositiveIntegerField(default=0, db_default=0)
    last_calls = models.PositiveIntegerField(default=0, db_default=0)
    last_retries = models.PositiveIntegerField(default=0, db_default=0)
    last_taken_at = models.DateTimeField(null=True, blank=True, help_text="When it last took something up.")
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_failure_text = models.TextField(blank=True)
    refused_calls = models.PositiveIntegerField(default=0, help_text="Inbound calls that did not prove who sent them.")
    calls_us = models.BooleanField(default=False, help_text="It has called us at least once; others are only asked.")
    missed_calls = models.PositiveIntegerField(
        default=0, help_text="Events of the last day that mattered and that it did not call about."
    )
    missed_call_at = models.DateTimeField(null=True, blank=True, help_text="When the latest of them came in.")

    class Meta:
        ordering = ["connection_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True) | ~Q(paused_because=""), name="pause_has_a_reason"
            )
        ]

    def __str__(self) -> str:
        return f"health of {self.connection_id}"

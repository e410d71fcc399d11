"""Evidence packs: asked for by a person, written by a worker, known by their hash."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from sync.models import LegalEntity


class EvidencePack(models.Model):
    """One ZIP of one company and span of days. It is written once; what changed since goes into another one."""

    class Status(models.TextChoices):
        ASKED = "asked", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be written"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="evidence_packs")
    starts_on = models.DateField()
    ends_on = models.DateField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=6, choices=Status, default=Status.ASKED)
    made_at = models.DateTimeField(null=True, blank=True)
    #: over the whole file but the hash itself, which is its last 64 bytes
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")
    files = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=400, blank=True, help_text="Why it could not be written, in words.")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("make_evidencepack", "Have evidence packs written")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="pack_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(status="ready") | (Q(made_at__isnull=False) & ~Q(sha256="")),
                name="ready_pack_has_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """`evidence-US01-2026-05-01-2026-05-31-7.zip`."""
        return f"evidence-{self.entity.code}-{self.starts_on}-{self.ends_on}-{self.pk}.zip"

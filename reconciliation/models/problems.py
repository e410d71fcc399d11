"""Problems: cases with one cause, grouped by fingerprint. Counts and money are queries, never stored counters."""

from django.db import models

from reconciliation.teams import Team


class Problem(models.Model):
    """One cause. It outlives its cases: what comes back is the same problem, regressed."""

    reason = models.CharField(max_length=40)
    #: target, reason and normalised field and value
    fingerprint = models.CharField(max_length=64, unique=True)
    field = models.CharField(max_length=120, blank=True)
    value = models.CharField(max_length=300, blank=True)
    system = models.CharField(max_length=40, blank=True)
    team = models.CharField(max_length=12, choices=Team)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    solved_at = models.DateTimeField(null=True, blank=True)
    regressed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_seen_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"PRB-{self.pk}"

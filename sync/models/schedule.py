"""Which windows of which scheduled jobs were claimed, and who was last seen alive."""

from django.db import models


class ScheduleClaim(models.Model):
    """One run of one job for one window, whoever nudged it: beat twice, cron, or a person."""

    job = models.CharField(max_length=120)
    window = models.CharField(max_length=60)
    claimed_at = models.DateTimeField()
    #: a claim that was neither finished nor renewed may be taken over after this
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-claimed_at"]
        constraints = [models.UniqueConstraint(fields=["job", "window"], name="each_window_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.window}"


class Heartbeat(models.Model):
    """A process that did something lately."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

"""Runs of fixes: which rows they released or re-posted, one result each, resumable."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from reconciliation.models.approvals import ApprovalRequest
from reconciliation.models.cases import ExceptionCase
from reconciliation.models.problems import Problem


class FixRun(models.Model):
    """One execution of a fix, after its approval where it needs one."""

    class Status(models.TextChoices):
        CANARY = "canary", "Trying the first one"
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped: too many were refused"
        DONE = "done", "Done"

    fix = models.CharField(max_length=40)
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="run")
    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    inputs = models.JSONField(default=dict)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=8, choices=Status, default=Status.CANARY)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.fix} #{self.pk}"


class FixItem(models.Model):
    """One row a run works on, in release order."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting its turn"
        RELEASED = "released", "Released, under way"
        SUCCEEDED = "succeeded", "Through"
        REFUSED = "refused", "Stopped again"

    run = models.ForeignKey(FixRun, on_delete=models.CASCADE, related_name="items")
    place = models.PositiveIntegerField()
    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, null=True, blank=True)
    also_released = models.BooleanField(default=False, help_text="Came after the preview and went the same way.")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    released_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["run", "place"]
        constraints = [
            models.UniqueConstraint(fields=["run", "place"], name="one_item_per_place"),
            models.UniqueConstraint(fields=["run", "case"], condition=Q(case__isnull=False), name="case_once_per_run"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.place}"

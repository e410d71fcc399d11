"""Exception cases: something a person must look at."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from reconciliation.models.problems import Problem
from reconciliation.teams import Team
from sync.models import Block, Connection, Delivery, JournalCheck, LegalEntity, SourceEvent, WorkItem
from sync.models.fields import CurrencyField, MoneyField, ReferenceField

TARGETS = ("work_item", "delivery", "break_row", "connection", "control_run", "event", "journal_check")


def _exactly_one() -> Q:
    condition = Q()
    for chosen in TARGETS:
        condition |= Q(**{f"{target}__isnull": target != chosen for target in TARGETS})
    return condition


class ExceptionCase(models.Model):
    """One thing that failed, owned by one team, due at one time, with a reason in words.

    Opened in the same transaction as its cause; the only writer is reconciliation.cases.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    class Resolution(models.TextChoices):
        FIXED = "fixed", "Fixed here and checked"
        WENT_THROUGH = "went_through", "Went through by itself"
        FIXED_OUTSIDE = "fixed_outside", "Fixed in the other system"
        SUPERSEDED = "superseded", "Superseded by a newer version"
        DUPLICATE = "duplicate", "Duplicate of another case"
        ACCEPTED = "accepted", "Accepted difference"

    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="cases")
    reason = models.CharField(max_length=40)
    team = models.CharField(max_length=12, choices=Team)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="cases"
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)

    block = models.ForeignKey(Block, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    break_row = models.ForeignKey(
        "reconciliation.Break", on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    control_run = models.ForeignKey(
        "reconciliation.ControlRun", on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    event = models.ForeignKey(SourceEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    journal_check = models.ForeignKey(
        JournalCheck, on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )

    #: what it is about, for people and for the tie-out
    reference = ReferenceField(blank=True, db_index=True)
    correlation_id = models.CharField(max_length=80, blank=True, db_index=True)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    customer_reference = ReferenceField(blank=True)
    customer_name = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=200, blank=True)
    effective_on = models.DateField(null=True, blank=True)
    field = models.CharField(max_length=120, blank=True)
    value = models.CharField(max_length=300, blank=True)
    amount = MoneyField(null=True, blank=True)
    currency = CurrencyField(blank=True)
    evidence = models.JSONField(default=dict)

    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    occurrences = models.PositiveIntegerField(default=1)
    regressed = models.BooleanField(default=False)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    resolution = models.CharField(max_length=14, choices=Resolution, blank=True)
    closing_note = models.CharField(max_length=400, blank=True)
    #: rises with every change, so that a form filled in on an old page is noticed
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["due_at", "-amount", "pk"]
        permissions = [
            ("work_cases", "Work cases: take, comment, prepare fixes"),
            ("ask_money", "Ask for approval of a fix that moves money"),
            ("ask_configuration", "Ask for approval of a mapping or rule"),
            ("classify_answers", "Ask for approval of what an unknown answer means"),
        ]
        constraints = [
            models.CheckConstraint(condition=_exactly_one(), name="case_is_about_one_thing"),
            models.CheckConstraint(condition=Q(team__in=Team.values), name="case_is_owned_by_a_team"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | (Q(status="closed", closed_at__isnull=False) & ~Q(resolution="")),
                name="closed_case_says_how",
            ),
            *(
                models.UniqueConstraint(
                    fields=[target, "reason"], condition=Q(status="open"), name=f"one_open_case_per_{target}"
                )
                for target in TARGETS
            ),
        ]
        indexes = [
            models.Index(fields=["team", "due_at"], condition=Q(status="open"), name="open_cases_by_team"),
            models.Index(fields=["due_at"], condition=Q(status="open"), name="open_cases_by_due_time"),
            models.Index(fields=["problem"], condition=Q(status="open"), name="open_cases_by_problem"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"EXC-{self.pk}"

    def items_under_way(self) -> bool:
        """Whether a fix of ours released it: then its end is ours, and not a change made outside."""
        return self.fixitem_set.filter(status="released").exists()


class CaseComment(models.Model):
    """What somebody said about a case."""

    case = models.ForeignKey(ExceptionCase, on_delete=models.CASCADE, related_name="comments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return self.text[:60]

"""What people are told outside the portal: by mail, and in rooms of a chat; what they chose, muted and follow."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from simple_history.models import HistoricalRecords

from reconciliation.models.cases import ExceptionCase
from reconciliation.models.desk import SavedView
from reconciliation.models.problems import Problem
from reconciliation.teams import Team
from sync.models.fields import seal, unseal


class NoticeRoom(models.Model):
    """A room of a chat, or a program's address, in which a team is told what concerns all of it."""

    class Kind(models.TextChoices):
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"
        WEBHOOK = "webhook", "Signed webhook"

    name = models.CharField(max_length=60, help_text="As people call it, such as #billing-ops.")
    kind = models.CharField(max_length=8, choices=Kind)
    team = models.CharField(max_length=12, choices=Team, help_text="Whose cases, controls and decisions it hears of.")
    #: codes of reconciliation.habits.notices.registry
    events = models.JSONField(default=list)
    names_customers = models.BooleanField(
        default=False, help_text="Messages may name customers and carry people’s own words; others may read along."
    )
    zone = models.CharField(max_length=64, default="UTC", help_text="Whose morning the daily message comes in.")
    is_on = models.BooleanField(default=True)
    #: part of the address that is no secret
    host = models.CharField(max_length=253, editable=False)
    sealed_secrets = models.TextField(editable=False)
    trouble = models.CharField(max_length=300, blank=True, editable=False, help_text="Why it took the last one not.")
    trouble_since = models.DateTimeField(null=True, blank=True, editable=False)
    history = HistoricalRecords(excluded_fields=["sealed_secrets", "trouble", "trouble_since"])

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "room"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="one_room_per_name", violation_error_message="There is a room of this name already."
            ),
            models.CheckConstraint(condition=~Q(host="") & ~Q(sealed_secrets=""), name="a_room_has_an_address"),
            models.CheckConstraint(
                condition=Q(trouble="", trouble_since__isnull=True) | (~Q(trouble="") & Q(trouble_since__isnull=False)),
                name="trouble_of_a_room_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def secrets(self) -> dict[str, str]:
        """Its `address`, and a signed webhook's `secret`. Raises cryptography's InvalidToken under another key."""
        return unseal(self.sealed_secrets)

    def put_secrets(self, **secrets: str) -> None:
        """Seal these in place of the old ones; they are never shown again."""
        self.sealed_secrets = seal(secrets)


class Notice(models.Model):
    """Something a person is told of by mail, or a room by a message, once. Kept: who was told what, and when, or why
    not.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="notices"
    )
    room = models.ForeignKey(NoticeRoom, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    #: as reconciliation.habits.notices.registry calls it
    event = models.CharField(max_length=20)
    key = models.CharField(max_length=120, help_text="What it is about; the same is told once.")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=300)
    noted_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")
    sent_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_because = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-noted_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["person", "event", "key"], name="told_once"),
            models.UniqueConstraint(fields=["room", "event", "key"], name="told_once_in_a_room"),
            models.CheckConstraint(
                condition=Q(person__isnull=False, room__isnull=True) | Q(person__isnull=True, room__isnull=False),
                name="told_to_a_person_or_in_a_room",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at__isnull=True, dropped_because="")
                | (Q(dropped_at__isnull=False, sent_at__isnull=True) & ~Q(dropped_because="")),
                name="sent_or_dropped_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(sent_at__isnull=True, dropped_at__isnull=True), name="notices_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.room}: {self.title}"


class NoticeChoice(models.Model):
    """Whether a person wants to be told of an event; who chose nothing is told of all."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=20)
    is_wanted = models.BooleanField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="chosen_once_per_event")]

    def __str__(self) -> str:
        return f"{self.user}: {self.event} {'wanted' if self.is_wanted else 'not wanted'}"


class MutedProblem(models.Model):
    """A problem a person wants no mail about."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "problem"], name="muted_once")]

    def __str__(self) -> str:
        return f"{self.problem}, by {self.user}"


class CaseWatch(models.Model):
    """A person who is told of what others do to a case."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(ExceptionCase, on_delete=models.CASCADE, related_name="watches")
    since = models.DateTimeField()

    class Meta:
        ordering = ["-since", "-pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "case"], name="watched_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.case}"


class ViewSubscription(models.Model):
    """A person who is told of what is new in a saved view, their own or one shared with them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="subscriptions")
    since = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "view"], name="subscribed_once_to_a_view")]

    def __str__(self) -> str:
        return f"{self.user}: {self.view}"


class ViewMatch(models.Model):
    """A case a subscribed view has shown, so that it is told once."""

    subscription = models.ForeignKey(ViewSubscription, on_delete=models.CASCADE, related_name="matches")
    case = models.ForeignKey(ExceptionCase, on_delete=models.CASCADE, related_name="+")
    found_at = models.DateTimeField()
    is_news = models.BooleanField(help_text="The view did not show it yet when the person began to follow it.")

    class Meta:
        ordering = ["found_at", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["subscription", "case"], name="found_once_in_a_view")]
        indexes = [models.Index(fields=["subscription", "-found_at"], name="news_of_a_view")]

    def __str__(self) -> str:
        return f"{self.case} in {self.subscription}"

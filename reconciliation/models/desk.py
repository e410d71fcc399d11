"""What people keep for their own work: saved views, cases put off, what was done to a case and may be reversed, tags,
who was named in a comment, who looks at a case, who is away.
"""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower

from reconciliation.models.cases import CaseComment, ExceptionCase
from reconciliation.teams import Team


class SavedView(models.Model):
    """Filters and order of the queue under a name. It never shows more than its reader may see."""

    class Scope(models.TextChoices):
        ME = "me", "Only me"
        TEAM = "team", "My team"
        EVERYONE = "everyone", "Everyone"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="saved_views")
    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.ME)
    team = models.CharField(max_length=12, choices=Team, blank=True, help_text="Whose view it is, by scope.")
    #: what stands in the address after the question mark, as the queue itself writes it
    query = models.CharField(max_length=500)
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                "owner",
                Lower("name"),
                name="one_view_per_name",
                violation_error_message="You have a view of this name already.",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(query=""), name="a_view_has_a_name_and_a_choice"),
            models.CheckConstraint(condition=~Q(scope="team") | ~Q(team=""), name="a_team_s_view_has_its_team"),
        ]

    def __str__(self) -> str:
        return self.name


class Snooze(models.Model):
    """A case that is off the queue until a moment; its due time goes on. Never deleted: who put it off, and why."""

    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, related_name="snoozes")
    until = models.DateTimeField()
    because = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    on_comment = models.BooleanField(default=False, help_text="Also comes back when somebody else comments on it.")
    seen = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often it had happened; it also comes back when it happens once more."
    )
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was brought back earlier.")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(ended_at__isnull=True), name="one_live_snooze"),
            models.CheckConstraint(condition=Q(until__gt=F("at")) & ~Q(because=""), name="a_snooze_ends_and_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.case} until {self.until:%Y-%m-%d %H:%M}"


class CaseAct(models.Model):
    """What a person did to a case and touches nothing outside the portal, with how the case stood before and after it.

    While it stands like that it may be reversed. Never deleted: what was reversed, and by whom.
    """

    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, related_name="acts")
    #: as the journal calls it
    action = models.CharField(max_length=40)
    text = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    #: team, assignee and snooze (numbers of rows, or none)
    before = models.JSONField()
    after = models.JSONField()
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="an_act_changes_something"),
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True, reversed_by__isnull=True)
                | Q(reversed_at__isnull=False, reversed_at__gte=F("at"), reversed_by__isnull=False),
                name="an_act_is_reversed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class CaseTag(models.Model):
    """A word of the team's own on a case, to find it by."""

    case = models.ForeignKey(ExceptionCase, on_delete=models.PROTECT, related_name="tags")
    word = models.CharField(max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["word"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["case", "word"], name="tagged_once_with_a_word"),
            models.CheckConstraint(condition=Q(word__regex=r"^[^\s,]+$"), name="a_tag_is_one_word"),
        ]
        indexes = [models.Index(fields=["word", "case"], name="cases_by_tag")]

    def __str__(self) -> str:
        return self.word


class Mention(models.Model):
    """Somebody named in a comment, who is told of it until they have read it."""

    comment = models.ForeignKey(CaseComment, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentions")
    #: as it stands in the comment, without the sign before it
    written = models.CharField(max_length=150)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["comment", "person"], name="mentioned_once_in_a_comment"),
            models.CheckConstraint(condition=~Q(written=""), name="a_mention_is_written"),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(read_at__gte=F("at")), name="a_mention_is_read_after_it_was_made"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-at"], condition=Q(read_at__isnull=True), name="unread_mentions"),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.comment}"


class Presence(models.Model):
    """A person who has the page of a case in front of them; a row is of use for a minute and then forgotten."""

    case = models.ForeignKey(ExceptionCase, on_delete=models.CASCADE, related_name="presences")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(db_index=True)
    is_writing = models.BooleanField(default=False)

    class Meta:
        ordering = ["case", "person"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="present_once_at_a_case")]

    def __str__(self) -> str:
        return f"{self.person} at {self.case}"


class Profile(models.Model):
    """How the portal looks for one person; who has none sees times in UTC."""

    class Times(models.TextChoices):
        MOMENT = "moment", "As a day and time"
        AGO = "ago", "As how long ago"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="desk_profile")
    zone = models.CharField(max_length=64, default="UTC", help_text="Name in the IANA time zone database.")
    language = models.CharField(
        max_length=8, blank=True, default="", db_default="",
        help_text="Pages are in it; ISO 639-1. Without one they are in the browser's.",
    )  # fmt: skip
    times = models.CharField(max_length=6, choices=Times, default=Times.MOMENT, db_default="moment")
    keys = models.JSONField(default=dict, blank=True, db_default={}, help_text="The portal's key: their own.")
    quiet_from = models.TimeField(null=True, blank=True, help_text="On their clock; no mail from then on.")
    quiet_until = models.TimeField(null=True, blank=True, help_text="Mail goes out again; may be the next morning.")

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(zone=""), name="a_profile_names_its_zone"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="quiet_hours_begin_and_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.zone}"


class Absence(models.Model):
    """Somebody is away, first and last day included, on the calendar of their own zone; who stands in has on their page
    what the other one holds.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    stands_in = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="stands_in_for",
        help_text="Empty where the team is enough.",
    )
    first = models.DateField()
    last = models.DateField()
    said_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was taken back, or they came back early.")

    class Meta:
        ordering = ["first", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="an_absence_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(stands_in__isnull=True) | ~Q(stands_in=F("person")), name="nobody_stands_in_for_themselves"
            ),
            ExclusionConstraint(
                name="away_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (
                        Func(F("first"), F("last"), Value("[]"), function="DATERANGE", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.first} to {self.last}"

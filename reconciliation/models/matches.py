"""What is brought together where references do not meet: the rules of it, and what was matched by rule or by people."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from reconciliation.models.controls import ControlRun, Side
from sync.models import LegalEntity
from sync.models.entity import no_overlap
from sync.models.fields import CurrencyField, MoneyField, ReferenceField
from sync.models.mapping import MappingRow, approved_by_another


class MatchRule(MappingRow):
    """How documents of one control that do not meet by reference are brought together, for one company.

    It speaks of documents dated from its first day on, so that what was signed before stays as it was.
    """

    class By(models.TextChoices):
        OTHER_KEY = "other_key", "Same document number"
        TOLERANCE = "tolerance", "Same reference, amounts almost equal"
        POSTED_RATE = "posted_rate", "Same reference, equal at the posted rate"
        CUSTOMER_AMOUNT = "customer_amount", "Same customer and amount, dates close"
        GROUP = "group", "Documents of one customer that come to the same sum"

    class Does(models.TextChoices):
        SUGGEST = "suggest", "Suggested to people"
        MATCH = "match", "Matched without a person"

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="match_rules")
    control = models.CharField(max_length=40)
    by = models.CharField(max_length=16, choices=By)
    currency = CurrencyField(blank=True, help_text="Only documents in this currency; needed for a tolerance.")
    does = models.CharField(
        max_length=8, choices=Does, default=Does.SUGGEST, help_text="What becomes of what fits only one way."
    )
    days = models.PositiveSmallIntegerField(default=0, help_text="Days the dates may lie apart.")
    most = MoneyField(default=Decimal(0), help_text="Most two amounts may differ, in the rule's currency.")
    percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(0), help_text="Most they may differ, of the left amount."
    )
    cap = MoneyField(default=Decimal(0), help_text="Most all such differences may come to, in the rule's currency.")
    group_size = models.PositiveSmallIntegerField(
        default=6, validators=[MaxValueValidator(8)], help_text="Most documents in one group, both sides together."
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["entity", "control", "by", "currency", "-valid_from"]
        constraints = [
            no_overlap(
                "match_rules_do_not_overlap",
                *("entity", "control", "by", "currency"),
                condition=Q(status="approved"),
            ),
            approved_by_another("match_rule"),
            models.CheckConstraint(
                condition=~Q(by="tolerance") | (~Q(currency="") & Q(most__gt=0, cap__gte=F("most"))),
                name="a_tolerance_has_its_currency_and_cap",
            ),
            models.CheckConstraint(condition=Q(group_size__range=(2, 8)), name="a_group_has_two_to_eight_documents"),
        ]

    def __str__(self) -> str:
        return f"{self.get_by_display()}, {self.control}, {self.entity.code}"

    @property
    def matches_alone(self) -> bool:
        return self.does == self.Does.MATCH


class Match(models.Model):
    """Documents of both sides that belong together though no reference says so: found by a rule, or put together by one
    person and approved by another. Never deleted: what no longer holds is ended, with the reason.
    """

    PEOPLE = "people"

    class Status(models.TextChoices):
        SUGGESTED = "suggested", "Suggested"
        PROPOSED = "proposed", "Waits for a second person"
        IN_FORCE = "in_force", "Matched"
        REFUSED = "refused", "Refused"
        ENDED = "ended", "Ended"

    control = models.CharField(max_length=40)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="matches")
    by = models.CharField(max_length=16, choices=[(PEOPLE, "People"), *MatchRule.By.choices])
    rule = models.ForeignKey(MatchRule, on_delete=models.PROTECT, null=True, blank=True, related_name="matches")
    status = models.CharField(max_length=10, choices=Status)
    currency = CurrencyField()
    #: left less right, gross, signed; what a tolerance let pass. Nothing is left over where people matched
    difference = MoneyField(default=Decimal(0))
    #: over side, reference, currency and amount of every document in it
    sha256 = models.CharField(max_length=64, db_index=True)
    found_in = models.ForeignKey(ControlRun, on_delete=models.PROTECT, null=True, blank=True, related_name="matches")
    found_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_because = models.CharField(max_length=400, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_because = models.CharField(max_length=400, blank=True)
    undo_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undo_because = models.CharField(max_length=400, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-found_at", "-pk"]
        verbose_name_plural = "matches"
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["control", "entity"],
                condition=Q(status__in=("suggested", "proposed", "in_force")),
                name="live_matches",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(by="people") | Q(rule__isnull=False), name="matched_by_people_or_by_a_rule"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="asker_never_decides_a_match",
                violation_error_message="You put this together; another person must decide.",
            ),
            models.CheckConstraint(
                condition=~Q(by="people")
                | ~Q(status="in_force")
                | Q(asked_by__isnull=False, decided_by__isnull=False, difference=0),
                name="people_match_in_two_and_to_nothing",
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True) | ~Q(ended_by=F("undo_asked_by")),
                name="asker_never_undoes_a_match",
                violation_error_message="You asked to undo this; another person must decide.",
            ),
            models.CheckConstraint(
                condition=~Q(status="ended") | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="ended_match_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"MAT-{self.pk}"


class MatchMember(models.Model):
    """One document of a match, as it stood when it was matched."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="members")
    #: of the match, so that the database itself can refuse a document in two of them
    control = models.CharField(max_length=40)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    is_taken = models.BooleanField(default=False, help_text="Its match is in force or waits for a second person.")
    side = models.CharField(max_length=5, choices=Side)
    reference = ReferenceField()
    external_id = models.CharField(max_length=120, blank=True)
    label = models.CharField(max_length=200, blank=True)
    counterparty = models.CharField(max_length=200, blank=True)
    document_date = models.DateField()
    currency = CurrencyField()
    gross = MoneyField()

    class Meta:
        ordering = ["side", "document_date", "reference"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["control", "entity", "side", "reference"],
                condition=Q(is_taken=True),
                name="one_live_match_per_document",
                violation_error_message="One of these documents is in another match already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.reference}"

"""Answers of systems that no connector knew, and what people found them to mean: more of the catalogue of reasons."""

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from sync.models.entity import no_overlap
from sync.models.mapping import MappingRow, approved_by_another


class LearnedAnswer(MappingRow):
    """Words a system refuses with, and the reason they mean: one of the catalogue, or a new one written down here."""

    system = models.CharField(max_length=40, help_text="Name of the connector, e.g. netsuite.")
    words = models.CharField(max_length=200, help_text="Part of the answer, in small letters, single spaces between.")
    reason = models.CharField(max_length=40, help_text="Code of the reason.")
    title = models.CharField(max_length=80, blank=True, help_text="Empty where the reason was in the catalogue before.")
    cause = models.CharField(max_length=400, blank=True)
    holds_up = models.CharField(max_length=300, blank=True)
    seller = models.CharField(max_length=200, blank=True, help_text="What the seller reads in Salesforce.")
    team = models.CharField(max_length=20, blank=True)
    hours = models.PositiveSmallIntegerField(default=0, help_text="From opening to due.")
    history = HistoricalRecords()

    class Meta:
        ordering = ["system", "words", "-valid_from"]
        constraints = [
            no_overlap("learned_answers_do_not_overlap", "system", "words", condition=Q(status="approved")),
            approved_by_another("learned_answer"),
            models.CheckConstraint(
                condition=Q(title="", cause="", holds_up="", seller="", team="", hours=0)
                | (~Q(title="") & ~Q(cause="") & ~Q(holds_up="") & ~Q(team="") & Q(hours__gt=0)),
                name="a_new_reason_is_whole",
                violation_error_message="A new reason has a title, a cause, what it holds up, a team and hours.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.words}"

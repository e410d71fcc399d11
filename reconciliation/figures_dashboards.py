"""Every number of the operations dashboard: how long steps take, which calls fail, what ages, what closes by itself;
and the rows behind a number that no other page lists.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    IntegerField,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Abs, Cast, Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from reconciliation import figures, figures_spans
from reconciliation.figures_spans import (
    Number,
    Percentile,
    Span,
    closed_list,
    length_in_words,
    listed,
    on_scale,
    own_list,
    percent,
    queue_list,
)
from reconciliation.habits.languages import money, number, spoken, within
from reconciliation.models import Break, ExceptionCase
from reconciliation.queue_filters import AGES
from reconciliation.teams import Team
from sync.models import Attempt, Connection, Delivery, JournalEntry, SourceEvent, WorkItem

#: calls that came to nothing
FAILED = (
    Attempt.Outcome.UNAVAILABLE,
    Attempt.Outcome.UNKNOWN,
    Attempt.Outcome.REJECTED,
    Attempt.Outcome.MISCONFIGURED,
    Attempt.Outcome.CRASHED,
)
#: rows that are no call with an end
_NO_CALL = (Attempt.Outcome.SENT, Attempt.Outcome.NOT_SENT)
#: how a case ends that nobody had to touch
BY_ITSELF = (ExceptionCase.Resolution.WENT_THROUGH, ExceptionCase.Resolution.SUPERSEDED)
#: age of a break in whole days: words, younger than, at least
BREAK_AGES = (
    (gettext_noop("0 to 1 day"), 2, 0), (gettext_noop("2 to 7 days"), 8, 2), (gettext_noop("8 to 30 days"), 31, 8),
    (gettext_noop("More than 30 days"), None, 31))  # fmt: skip
#: replays shown
REPLAYS = 10


# -- how long steps take ------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Step:
    """One step on the way from a source to the books: what it is done to, and the two times around it."""

    name: str
    title: str
    meaning: Any
    model: type[SourceEvent] | type[WorkItem] | type[Delivery]
    start: Any
    end: str
    role: str = ""

    @property
    def took(self) -> ExpressionWrapper:
        return ExpressionWrapper(F(self.end) - self.start, output_field=DurationField())

    @property
    def done(self) -> Q:
        return Q(**{f"{self.end}__isnull": False}, **({"role": self.role} if self.role else {}))


def _to(role: str, delivered: str, posted: str = "", reconciled: str = "") -> tuple[Step, ...]:
    where: dict[str, Any] = {"model": Delivery, "role": role}
    sent = Step(name=f"{role}_delivered", title=delivered, meaning=_("from owed to handed over"),
                start=F("created_at"), end="delivered_at", **where)  # fmt: skip
    if not posted:
        return (sent,)
    return (
        sent,
        Step(name=f"{role}_posted", title=posted, meaning=_("from handed over to posted"),
             start=F("delivered_at"), end="posted_at", **where),
        Step(name=f"{role}_reconciled", title=reconciled, meaning=_("from there to agreed by a control"),
             start=Coalesce("posted_at", "delivered_at"), end="reconciled_at", **where),
    )  # fmt: skip


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step(name="read", title=gettext_noop("Read"), meaning=_("from received to read"), model=SourceEvent,
             start=F("received_at"), end="read_at"),
        Step(name="validated", title=gettext_noop("Validated"), meaning=_("from taken up to checked"),
             model=WorkItem, start=F("created_at"), end="validated_at"),
        Step(name="transformed", title=gettext_noop("Transformed"), meaning=_("from checked to mapped"),
             model=WorkItem, start=F("validated_at"), end="transformed_at"),
        *_to("billing", gettext_noop("Billing: delivered"), gettext_noop("Billing: posted"),
             gettext_noop("Billing: reconciled")),
        *_to("erp", gettext_noop("ERP: delivered"), gettext_noop("ERP: posted"), gettext_noop("ERP: reconciled")),
        *_to("crm", gettext_noop("CRM: delivered")),
    )
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Took:
    """How long something took: half of it within p50, 95 of 100 within p95."""

    title: str
    meaning: str = ""
    number: Number
    p50: timedelta | None
    p95: timedelta | None

    @property
    def cells(self) -> tuple[str, str]:
        return length_in_words(self.p50), length_in_words(self.p95)

    @property
    def bars(self) -> tuple[int, int]:
        return on_scale(self.p50), on_scale(self.p95)


def _came_in(model: type, span: Span) -> QuerySet[Any]:
    """What came in in the span, followed from the inbox: its time of arrival is indexed, the others are not."""
    if model is SourceEvent:
        return SourceEvent.objects.filter(span.within("received_at"))
    if model is WorkItem:
        return WorkItem.objects.filter(span.within("event__received_at"))
    return Delivery.objects.filter(span.within("work_item__event__received_at"), is_live=True)


def step_rows(step: Step, span: Span) -> QuerySet[Any]:
    """What took this step, the slowest first."""
    rows = _came_in(step.model, span).filter(step.done).annotate(took=step.took, began=step.start)
    return rows.exclude(took=None).order_by("-took", "-pk")


def latencies(span: Span) -> list[Took]:
    """Every step; one question per kind of row."""
    found: dict[str, Any] = {}
    for model in (SourceEvent, WorkItem, Delivery):
        wanted: dict[str, Any] = {}
        for step in STEPS.values():
            if step.model is model:
                wanted[step.name] = Count(step.took, filter=step.done)
                wanted[f"{step.name}_p50"] = Percentile(step.took, share=0.5, filter=step.done)
                wanted[f"{step.name}_p95"] = Percentile(step.took, share=0.95, filter=step.done)
        found |= _came_in(model, span).aggregate(**wanted)
    return [
        Took(
            title=spoken(step.title),
            meaning=str(step.meaning),
            number=Number(
                count=found[step.name],
                rows=own_list("desk:dashboards", span, rows=step.name),
                needs=f"sync.view_{step.model._meta.model_name}",
            ),
            p50=found[f"{step.name}_p50"],
            p95=found[f"{step.name}_p95"],
        )
        for step in STEPS.values()
    ]


# -- calls that failed --------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Calls:
    """A connection's calls of the span."""

    connection: Connection
    total: Number
    failed: Number
    share: str
    bar: float
    #: how they failed, in words
    how: str


def calls(span: Span) -> list[Calls]:
    """Calls that came to an end, and those of them that came to nothing, per connection."""
    counts: dict[int, dict[str, int]] = {}
    for row in _ended(span).order_by().values("delivery__target", "outcome").annotate(n=Count("pk")):
        counts.setdefault(row["delivery__target"], {})[row["outcome"]] = row["n"]
    out = []
    for connection in Connection.objects.order_by("role", "code"):
        mine = counts.get(connection.pk, {})
        total, bad = sum(mine.values()), sum(mine.get(one, 0) for one in FAILED)
        all_, failed = (own_list("desk:dashboards", span, rows=one, of=connection.code) for one in ("calls", "failed"))
        out.append(
            Calls(
                connection=connection,
                total=Number(count=total, rows=all_, needs="sync.view_delivery"),
                failed=Number(count=bad, rows=failed, needs="sync.view_delivery"),
                share=percent(bad, total),
                bar=bad * 100 / total if total else 0,
                how="; ".join(f"{number(mine[one])} {within(spoken(one.label))}" for one in FAILED if one in mine),
            )
        )
    return out


def _ended(span: Span) -> QuerySet[Attempt]:
    return Attempt.objects.filter(span.within("started_at")).exclude(outcome__in=_NO_CALL)


def call_rows(code: str, span: Span, *, failed: bool) -> QuerySet[Attempt]:
    """A connection's calls that came to an end, or those that failed; newest first."""
    rows = _ended(span).filter(delivery__target__code=code, **({"outcome__in": FAILED} if failed else {}))
    return rows.select_related("delivery").order_by("-started_at", "-pk")


# -- replays ------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Replays:
    """Who had what read again: replays, the events in them, and the latest ones."""

    number: Number
    events: int
    latest: tuple[JournalEntry, ...]


def replays(span: Span) -> Replays:
    """Replays are written down in the journal, each with what it touched."""
    rows = JournalEntry.objects.filter(span.within("at"), object_kind="replay")
    events = Cast(KeyTextTransform("events", "details"), IntegerField())
    sums = rows.aggregate(n=Count("pk"), events=Sum(events))
    link = listed("sync_journalentry", object_kind__exact="replay", **span.address("at"))
    return Replays(
        number=Number(count=sums["n"], rows=link, needs="sync.view_journalentry"),
        events=sums["events"] or 0,
        latest=tuple(rows[:REPLAYS]),
    )


# -- what does not agree ------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Aged:
    """Breaks nobody has explained yet, of one age and currency."""

    age: str
    currency: str
    number: Number
    #: in major units, and as people read it
    total: Decimal
    amount: str
    bar: float


def unreconciled(now: datetime) -> list[Aged]:
    """Open breaks by age and currency: differences without their signs, so that none hides another."""
    ages = Case(
        *(
            When(found_at__gt=now - timedelta(days=below), then=Value(words))
            for words, below, _least in BREAK_AGES
            if below is not None
        ),
        default=Value(BREAK_AGES[-1][0]),
        output_field=CharField(),
    )
    rows = Break.objects.filter(healed_at=None).annotate(age=ages).order_by().values("age", "currency")
    found = {
        (row["age"], row["currency"]): (row["n"], row["sum"])
        for row in rows.annotate(n=Count("pk"), sum=Sum(Abs("difference")))
    }
    most = max((n for n, _sum in found.values()), default=1)
    out = []
    for words, below, least in BREAK_AGES:
        limits = (("found_at__lte", least), ("found_at__gt", below))
        around = {name: (now - timedelta(days=days)).isoformat() for name, days in limits if days}
        for (age, currency), (n, total) in sorted(found.items()):
            if age == words:
                link = listed("reconciliation_break", healed_at__isnull=True, currency__exact=currency, **around)
                number = Number(count=n, rows=link, needs="reconciliation.view_break")
                shown, amount, bar = spoken(age), money(total, currency), n * 100 / most
                out.append(Aged(age=shown, currency=currency, number=number, total=total, amount=amount, bar=bar))
    return out


# -- how cases end ------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Endings:
    """Cases closed in the span; the share nobody had to touch; and words, cases and share of each way to end."""

    all: Number
    by_itself: Number
    share: str
    ways: tuple[tuple[str, Number, str, float], ...]


def closed_in(span: Span) -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.filter(span.within("closed_at"), status=ExceptionCase.Status.CLOSED).order_by()


def endings(span: Span) -> Endings:
    """By itself: it went through or was superseded, and no person closed it."""
    rows = {
        row["resolution"]: row
        for row in closed_in(span)
        .values("resolution")
        .annotate(n=Count("pk"), alone=Count("pk", filter=Q(closed_by__isnull=True)))
    }
    total = sum(row["n"] for row in rows.values())
    alone = sum(rows[one]["alone"] for one in BY_ITSELF if one in rows)
    by_itself = closed_list(span, resolution__in=",".join(BY_ITSELF), closed_by__isnull=True)
    return Endings(
        all=Number(count=total, rows=closed_list(span)),
        by_itself=Number(count=alone, rows=by_itself),
        share=percent(alone, total),
        ways=tuple(
            (
                spoken(one.label),
                Number(count=n, rows=closed_list(span, resolution__exact=one.value)),
                percent(n, total),
                n * 100 / total if total else 0,
            )
            for one in ExceptionCase.Resolution
            for n in [rows[one]["n"] if one in rows else 0]
        ),
    )


def time_to_resolve(span: Span) -> list[Took]:
    """From opened to closed, per team that owned the case at its end."""
    took = ExpressionWrapper(F("closed_at") - F("opened_at"), output_field=DurationField())
    rows = {
        row["team"]: row
        for row in closed_in(span)
        .values("team")
        .annotate(n=Count("pk"), p50=Percentile(took, share=0.5), p95=Percentile(took, share=0.95))
    }
    return [
        Took(
            title=spoken(team.label),
            number=Number(count=row.get("n", 0), rows=closed_list(span, team__exact=team.value)),
            p50=row.get("p50"),
            p95=row.get("p95"),
        )
        for team in Team
        for row in [rows.get(team, {})]
    ]


# -- how old the queue is -----------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class OpenSince:
    """Open cases of at least one age: all, and per team."""

    words: str
    all: Number
    teams: tuple[tuple[str, Number], ...]
    bar: float


def queue_age(now: datetime) -> tuple[list[OpenSince], datetime | None]:
    """Cases as old as the queue's own filter tells them apart, and since when the oldest is open."""
    limits = {age: Q(opened_at__lt=now - timedelta(days=int(age))) for age in AGES}
    rows = {
        row["team"]: row
        for row in figures.open_cases()
        .order_by()
        .values("team")
        .annotate(
            n=Count("pk"), oldest=Min("opened_at"), **{f"n{age}": Count("pk", filter=q) for age, q in limits.items()}
        )
    }
    out = []
    for age in ("", *AGES):
        words, chosen = figures_spans.age_in_words(age), {"age": age} if age else {}
        per_team = tuple(
            (
                spoken(team.label),
                Number(count=rows.get(team, {}).get(f"n{age}", 0), rows=queue_list(team=team.value, **chosen)),
            )
            for team in Team
        )
        count = sum(number.count for _team, number in per_team)
        whole = out[0].all.count if out else count
        bar = count * 100 / whole if whole else 0
        out.append(OpenSince(words=words, all=Number(count=count, rows=queue_list(**chosen)), teams=per_team, bar=bar))
    return out, min((row["oldest"] for row in rows.values()), default=None)

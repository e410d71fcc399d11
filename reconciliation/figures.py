"""Every number on the desk: what is open, late and held, by team and problem; queries here, pages in views/."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Count, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Abs, Coalesce
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reconciliation import approvals, figures_problems
from reconciliation.habits import absences, titles
from reconciliation.habits.languages import money_of_each, number
from reconciliation.models import ApprovalRequest, ControlRun, ExceptionCase, Problem
from reconciliation.teams import Team
from sync import clock
from sync.models import AccountingPeriod, Connection, Delivery, LegalEntity, WorkItem
from sync.states import Condition

#: role -> the team its people work in
TEAM_OF_ROLE = {
    "Sales operations": Team.SALES_OPS,
    "Billing operations": Team.BILLING_OPS,
    "Finance preparer": Team.FINANCE,
    "Finance approver": Team.FINANCE,
    "Integration support": Team.INTEGRATION,
}


def teams_of(user: AbstractUser) -> list[Team]:
    """The teams a person works in, by role."""
    return [TEAM_OF_ROLE[name] for name in user.groups.values_list("name", flat=True) if name in TEAM_OF_ROLE]


def open_cases() -> QuerySet[ExceptionCase]:
    return ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN)


def desk_of(user: AbstractUser, *, hands: Collection[int] | None = None) -> QuerySet[ExceptionCase]:
    """Open cases of a person's teams, those the person took and those of whom they stand in for; all, for one who
    belongs to no team.
    """
    teams = teams_of(user)
    if not teams:
        return open_cases()
    return open_cases().filter(Q(team__in=teams) | Q(assignee__in=hands or absences.hands_of(user)))


# -- my work ------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Desk:
    """The four figures of my work, and what stands beside them."""

    open: int
    mine: int
    due_today: int
    late: int
    to_decide: int
    #: one text per currency; never added across currencies
    held: list[str]


def desk(user: AbstractUser) -> Desk:
    """What is open, due and held on a person's desk, and what waits for the person's yes."""
    now = clock.now()
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    hands = absences.hands_of(user)
    rows = desk_of(user, hands=hands)
    sums = rows.aggregate(
        open=Count("pk"),
        mine=Count("pk", filter=Q(assignee__in=hands)),
        late=Count("pk", filter=Q(due_at__lt=now)),
        due_today=Count("pk", filter=Q(due_at__gte=now, due_at__lt=tomorrow)),
    )
    return Desk(**sums, to_decide=len(to_decide(user)), held=held(rows))


def held(rows: QuerySet[ExceptionCase]) -> list[str]:
    """Money that cannot go on, in words."""
    return money_of_each(held_sums(rows))


def held_sums(rows: QuerySet[ExceptionCase]) -> dict[str, Decimal]:
    """Money that cannot go on, per currency in major units: of the cases themselves, and of what waits for them. Breaks
    hold nothing up.
    """
    sums: dict[str, Decimal] = {}
    stopped = rows.filter(break_row__isnull=True)
    own = stopped.exclude(amount=None).values("currency").annotate(total=Sum(Abs("amount"))).order_by("currency")
    references = stopped.exclude(reference="").values("reference")
    for found in (
        own,
        *(
            _waiting(model, references).values("currency").annotate(total=Sum("amount")).order_by("currency")
            for model in (WorkItem, Delivery)
        ),
    ):
        for row in found:
            if row["total"] and row["currency"]:
                sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + row["total"]
    return dict(sorted(sums.items()))


def _waiting(model: type[WorkItem] | type[Delivery], references: Any) -> QuerySet[Any]:
    rows = model.objects.filter(condition=Condition.WAITING, waits_for__in=references)
    return rows.filter(is_live=True, is_required=True) if model is Delivery else rows


def to_decide(user: AbstractUser) -> list[ApprovalRequest]:
    """Requests that wait and that this person may decide, the oldest first."""
    kinds = [kind for kind, permission in approvals.APPROVE.items() if approvals.holds(user, permission)]
    if not kinds:
        return []
    rows = (
        ApprovalRequest.objects.filter(
            status=ApprovalRequest.Status.PENDING, expires_at__gt=clock.now(), kind__in=kinds
        )
        .exclude(asked_by=user)
        .select_related("asked_by", "case", "problem")
        .order_by("asked_at")
    )
    return [row for row in rows if not approvals.why_not(row, user)]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a company's books stand."""

    name: str
    business_date: Any
    period: str
    tone: str


def standings() -> list[Standing]:
    """Business date and receivables period of each legal entity."""
    out = []
    for entity in LegalEntity.objects.all():
        day = clock.business_date(entity)
        period = AccountingPeriod.objects.filter(
            entity=entity, module="ar", starts_on__lte=day, ends_on__gte=day
        ).first()
        if period is None:
            words, tone = _("receivables period not known yet"), "idle"
        else:
            words = _period_words(period, (period.ends_on - day).days)
            tone = {"open": "good", "closing": "warn", "closed": "bad"}[period.state]
        out.append(Standing(name=entity.name, business_date=day, period=words, tone=tone))
    return out


def _period_words(period: AccountingPeriod, left: int) -> str:
    """`November receivables open; ends in 3 days`; `left` are the days that are left of it."""
    words = {
        "open": _("{month} receivables open; ends in {days} days"),
        "closing": _("{month} receivables closing"),
        "closed": _("{month} receivables closed"),
    }[period.state]
    if period.state == AccountingPeriod.State.OPEN and left < 2:
        words = _("{month} receivables open; ends tomorrow") if left else _("{month} receivables open; ends today")
    return words.format(month=dateformat.format(period.starts_on, "F"), days=left)


@dataclass(frozen=True, kw_only=True)
class NotGreen:
    """A control whose newest run does not tie out."""

    title: str
    run: ControlRun
    tone: str


GREEN = (ControlRun.Status.TIED, ControlRun.Status.TIED_WITH_ITEMS)


def newest_runs() -> list[ControlRun]:
    """The run that was asked last of each control and entity; it sees all days read so far."""
    return list(
        ControlRun.objects.filter(finished_at__isnull=False)
        .select_related("entity")
        .order_by("control", "entity_id", "-started_at", "-pk")
        .distinct("control", "entity_id")
    )


def controls_not_green() -> list[NotGreen]:
    tones = {ControlRun.Status.NOT_RUN: "idle", ControlRun.Status.OPEN_EXCEPTIONS: "warn"}
    return [
        NotGreen(
            title=titles.control_title(run.control),
            run=run,
            tone=tones.get(run.status, "bad"),
        )
        for run in newest_runs()
        if run.status not in GREEN
    ]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One connection in the status strip."""

    label: str
    tone: str
    word: str
    since: datetime | None


def lines() -> list[Line]:
    """How each connection is doing, in a word."""
    now, out = clock.now(), []
    for row in Connection.objects.select_related("health"):
        health = getattr(row, "health", None)
        if health is None or not (health.last_success_at or health.last_failure_at or health.paused_at):
            out.append(Line(label=row.label, tone="idle", word=_("not used yet"), since=None))
        elif health.paused_at:
            out.append(Line(label=row.label, tone="bad", word=_("paused"), since=health.paused_at))
        elif health.breaker_open_until and health.breaker_open_until > now:
            word = _("resting after failures")
            out.append(Line(label=row.label, tone="warn", word=word, since=health.first_failure_at))
        else:
            out.append(Line(label=row.label, tone="good", word=_("working"), since=health.last_success_at))
    return out


def last_closed(rows: QuerySet[ExceptionCase] | None = None) -> ExceptionCase | None:
    """The case that was closed last."""
    found = ExceptionCase.objects.filter(status=ExceptionCase.Status.CLOSED) if rows is None else rows
    return found.select_related("closed_by").order_by("-closed_at").first()


# -- problems -----------------------------------------------------------------------------------------
@dataclass(kw_only=True)
class ProblemRow:
    """One cause, with what it holds up."""

    problem: Problem
    title: str
    count: int
    oldest: datetime
    next_due: datetime
    standing: figures_problems.Standing
    #: currency -> amounts added up without their signs, in major units
    sums: dict[str, Decimal] = field(default_factory=dict)
    waiting: str = ""
    #: the case itself, where there is only one
    only: int | None = None

    @property
    def money(self) -> list[str]:
        """The sums as people read them."""
        return money_of_each(self.sums)


_SORTS = {
    "due": ("next_due", "-largest", "problem_id"),
    "amount": ("-largest", "next_due", "problem_id"),
    "oldest": ("oldest", "problem_id"),
    "count": ("-count", "problem_id"),
}


def problem_rows(
    rows: QuerySet[ExceptionCase], *, sort: str = "due", offset: int = 0, limit: int = 50
) -> tuple[list[ProblemRow], bool]:
    """Open cases grouped by cause; and whether there are more. No count over all of them."""
    grouped = list(
        rows.values("problem_id")
        .annotate(
            count=Count("pk"),
            oldest=Min("opened_at"),
            next_due=Min("due_at"),
            one=Min("pk"),
            largest=Coalesce(Max(Abs("amount")), Decimal(0)),
        )
        .order_by(*_SORTS.get(sort, _SORTS["due"]))[offset : offset + limit + 1]
    )
    more, grouped = len(grouped) > limit, grouped[:limit]
    ids = [row["problem_id"] for row in grouped]
    problems = Problem.objects.in_bulk(ids)
    sums = sums_by_problem(rows.filter(problem_id__in=ids))
    waits = waiting_by_problem(ids)
    standings_now, out = figures_problems.standings(problems.values()), []
    for row in grouped:
        problem = problems[row["problem_id"]]
        out.append(
            ProblemRow(
                problem=problem,
                title=titles.problem_title(problem),
                count=row["count"],
                oldest=row["oldest"],
                next_due=row["next_due"],
                sums=sums.get(problem.pk, {}),
                waiting=waits.get(problem.pk, ""),
                standing=standings_now[problem.pk],
                only=row["one"] if row["count"] == 1 else None,
            )
        )
    return out, more


def sums_by_problem(rows: QuerySet[ExceptionCase]) -> dict[int, dict[str, Decimal]]:
    """problem -> currency -> amounts added up without their signs, in major units."""
    out: dict[int, dict[str, Decimal]] = {}
    for row in (
        rows.exclude(amount=None)
        .values("problem_id", "currency")
        .annotate(total=Sum(Abs("amount")))
        .order_by("problem_id", "currency")
    ):
        out.setdefault(row["problem_id"], {})[row["currency"]] = row["total"]
    return out


def waiting_by_problem(problem_ids: Iterable[int]) -> dict[int, str]:
    """problem -> `50 deals wait (USD 90,991.00)`, for problems something waits for."""
    mine = open_cases().filter(problem_id__in=list(problem_ids)).exclude(reference="")
    counts: dict[int, dict[str, int]] = {}
    sums: dict[int, dict[str, Decimal]] = {}
    whose = Subquery(mine.filter(reference=OuterRef("waits_for")).order_by("pk").values("problem_id")[:1])
    for model, kind in ((WorkItem, F("flow")), (Delivery, F("kind"))):
        found = _waiting(model, mine.values("reference")).annotate(whose=whose, what=kind)
        for row in (
            found.values("whose", "what", "currency").annotate(count=Count("pk"), total=Sum("amount")).order_by()
        ):
            word = "deal" if row["what"] == "closed_won_to_billing" else "document"
            words = counts.setdefault(row["whose"], {})
            words[word] = words.get(word, 0) + row["count"]
            if row["total"] and row["currency"]:
                totals = sums.setdefault(row["whose"], {})
                totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + row["total"]
    out = {}
    for key, words in counts.items():
        totals_text = ", ".join(money_of_each(sums.get(key, {})))
        out[key] = _waits(words.get("deal", 0), words.get("document", 0)) + (f" ({totals_text})" if totals_text else "")
    return out


def _waits(deals: int, documents: int) -> str:
    """`50 deals and 1 document wait`."""
    if deals and documents:
        return _("{deals} and {documents} wait").format(
            deals=ngettext("{count} deal", "{count} deals", deals).format(count=number(deals)),
            documents=ngettext("{count} document", "{count} documents", documents).format(count=number(documents)),
        )
    if deals:
        return ngettext("{count} deal waits", "{count} deals wait", deals).format(count=number(deals))
    words = ngettext("{count} document waits", "{count} documents wait", documents)
    return words.format(count=number(documents))


@dataclass(frozen=True, kw_only=True)
class Blast:
    """How far a problem reaches."""

    cases: int
    customers: int
    oldest: datetime | None
    next_due: datetime | None
    money: list[str]
    waiting: str


def blast(problem: Problem) -> Blast:
    """Cases, customers and money of one problem, and what waits for it."""
    rows = open_cases().filter(problem=problem)
    sums = rows.aggregate(
        cases=Count("pk"),
        customers=Count("customer_reference", distinct=True, filter=~Q(customer_reference="")),
        names=Count("customer_name", distinct=True, filter=~Q(customer_name="")),
        oldest=Min("opened_at"),
        next_due=Min("due_at"),
    )
    return Blast(
        cases=sums["cases"],
        customers=max(sums["customers"], sums["names"]),
        oldest=sums["oldest"],
        next_due=sums["next_due"],
        money=money_of_each(sums_by_problem(rows).get(problem.pk, {})),
        waiting=waiting_by_problem([problem.pk]).get(problem.pk, ""),
    )


def open_problem_count(user: AbstractUser) -> int:
    """Problems with open cases on a person's desk, for the badge."""
    teams, rows = teams_of(user), open_cases().order_by().values("problem_id")
    if not teams:
        return Problem.objects.filter(pk__in=rows).count()
    # one index for each half: a condition with "or" between them would look at every open case, on every page
    return rows.filter(team__in=teams).union(rows.filter(assignee__in=absences.hands_of(user))).count()

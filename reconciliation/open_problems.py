"""Open problems with what they hold up: counts and money by query, per currency, never stored."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Sum

from reconciliation import sentences
from reconciliation.models import ExceptionCase, Problem
from sync.models import WorkItem
from sync.money_text import plain
from sync.states import Condition


@dataclass(kw_only=True)
class OpenProblem:
    """One cause with open cases."""

    problem: Problem
    number: str
    code: str
    title: str
    owner: str
    count: int
    #: currency -> sum of its cases, text
    money: dict[str, str] = field(default_factory=dict)
    #: other objects that wait for its cases' objects
    waiting_count: int = 0
    waiting_money: dict[str, str] = field(default_factory=dict)
    oldest_at: datetime | None = None
    next_due_at: datetime | None = None

    def as_data(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "code": self.code,
            "title": self.title,
            "owner": self.owner,
            "count": self.count,
            "money": self.money,
            "waiting_count": self.waiting_count,
            "waiting_money": self.waiting_money,
            "oldest_at": self.oldest_at.isoformat() if self.oldest_at else None,
            "next_due_at": self.next_due_at.isoformat() if self.next_due_at else None,
        }


def open_problems(**filters: Any) -> list[OpenProblem]:
    """Problems with open cases, the ones holding up most first. `filters` narrow the cases."""
    cases = ExceptionCase.objects.filter(status=ExceptionCase.Status.OPEN, **filters)
    found: dict[int, OpenProblem] = {}
    problems = Problem.objects.in_bulk(list(cases.values_list("problem_id", flat=True).distinct()))
    for row in (
        cases.order_by().values("problem_id").annotate(count=Count("pk"), oldest=Min("opened_at"), due=Min("due_at"))
    ):
        problem = problems[row["problem_id"]]
        found[problem.pk] = OpenProblem(
            problem=problem,
            number=problem.number,
            code=problem.reason,
            title=sentences.problem_title(problem),
            owner=problem.get_team_display(),
            count=row["count"],
            oldest_at=row["oldest"],
            next_due_at=row["due"],
        )
    for row in cases.exclude(currency="").order_by().values("problem_id", "currency").annotate(total=Sum("amount")):
        if row["total"] is not None:
            found[row["problem_id"]].money[row["currency"]] = plain(row["total"], row["currency"])
    references = dict(cases.exclude(reference="").values_list("reference", "problem_id"))
    waiting = (
        (
            WorkItem.objects.filter(condition=Condition.WAITING, waits_for__in=list(references))
            .order_by()
            .values("waits_for", "currency")
            .annotate(count=Count("pk"), total=Sum("amount"))
        )
        if references
        else []
    )
    sums: dict[tuple[int, str], Decimal] = {}
    for row in waiting:
        one = found[references[row["waits_for"]]]
        one.waiting_count += row["count"]
        if row["total"] is not None:
            key = (one.problem.pk, row["currency"])
            sums[key] = sums.get(key, Decimal(0)) + row["total"]
    for (problem_id, currency), total in sums.items():
        found[problem_id].waiting_money[currency] = plain(total, currency)
    return sorted(found.values(), key=lambda one: (-one.count - one.waiting_count, one.number))
